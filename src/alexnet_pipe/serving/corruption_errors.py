"""How often a model is wrong on the project's test images under all corruptions: a table, and a file for the page."""

from typing import Any

from rich.table import Table

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.base.terminal import output_console, plain_table, with_interval
from alexnet_pipe.evaluation.corruptions import CORRUPTIONS, SEVERITIES
from alexnet_pipe.evaluation.robustness import QUICK_IMAGES, corruption_rows, robustness, severity_means
from alexnet_pipe.portable.network import Network
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import RESIZE_FILE


def show_corruption_errors(network: Network, artifacts: Artifacts, photographs: int) -> None:
    """Print the errors on up to `photographs` test images, and keep them for the page if they are this model's.

    Raises:
        UserError: if the images are missing, or not those that the model is for.
    """
    store = _test_images(network, artifacts)
    found = robustness(network, store, photographs, tuple(CORRUPTIONS), SEVERITIES, task="robustness")
    found["weights_digest"] = network.weights_digest
    output_console().print(error_table(found), _in_words(found), sep="")
    trained = load_json(artifacts.train_metrics) if artifacts.train_metrics.exists() else {}
    if trained.get("weights_digest") != network.weights_digest:
        say("robustness: it is not the model of the last training, so the page keeps what it has")
    elif found["examples"] < min(QUICK_IMAGES, len(store)):
        say(f"robustness: fewer than {QUICK_IMAGES} images say too little for the page, which keeps what it has")
    else:
        save_json(artifacts.robustness, found)
        say(f"robustness: {artifacts.robustness} is written; `alexnet-pipe run report` brings it onto the page")


def _test_images(network: Network, artifacts: Artifacts) -> ImageStore:
    store = ImageStore.open(artifacts.images, "test")
    if network.classes != store.classes:
        raise UserError(f"the model knows other classes than {artifacts.images}: name a model of this project")
    if load_json(artifacts.images / RESIZE_FILE) != dict(network.resize):
        raise UserError(f"{artifacts.images} was prepared otherwise than the model asks: `dvc repro` makes both alike")
    return store


def error_table(found: dict[str, Any]) -> Table:
    """A row a corruption: its error at each severity, and the mean; the last row is of all."""
    rows = [
        (row["name"], *(f"{error['error']:.1%}" for error in row["errors"].values()), f"{row['mean']:.1%}")
        for row in corruption_rows(found)
    ]
    means = list(severity_means(found).values())[1:]
    total = ("all", *(f"{mean:.1%}" for mean in means), f"{found['mean_corruption_error']:.1%}")
    return plain_table(["corruption", *map(str, SEVERITIES), "mean"], [*rows, total])


def _in_words(found: dict[str, Any]) -> str:
    interval = found["mean_corruption_error_interval"]
    told = with_interval(found["mean_corruption_error"], interval["low"], interval["high"], ".1%")
    clean = found["clean"] / found["examples"]
    return f"top-1 error on {found['examples']:,} test images, one view: {clean:.1%} as they are, corrupted {told}"
