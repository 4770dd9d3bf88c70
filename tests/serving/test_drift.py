"""`alexnet-pipe drift` says whether photographs are like those of the training, in a table or as JSON."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import as_stored, load_model, save_model
from alexnet_pipe.portable.network import Network, network_of, open_network
from alexnet_pipe.serving.drift import show_drift
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.after_training import summary_of
from tests.stores import random_store


def store_of(seed: int, images: int) -> ImageStore:
    """Tiles of random greys around a level that is random too."""
    store, draws = random_store(images, classes=2), np.random.default_rng(seed)
    tiles = draws.integers(-40, 40, (images, 16, 16, 3)) + draws.integers(80, 160, (images, 1, 1, 1))
    for shard in store.shards:
        shard[:] = np.clip(tiles, 0, 255).astype(np.uint8).repeat(16, axis=1).repeat(16, axis=2)
    store.rows["width"] = store.rows["height"] = 256
    return store


def photographs(folder: Path, seed: int, count: int = 60, brighter: int = 0) -> list[Path]:
    folder.mkdir()
    store, draws = store_of(seed, count), np.random.default_rng(seed)
    for number, place in enumerate(draws.permutation(count)):
        pixels = np.clip(store[int(place)].astype(int) + brighter, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def model() -> Classifier:
    classifier = Classifier(["class 0", "class 1"], width=0.02, initialisation="he", input_scale=1 / 64, seed=1)
    classifier.mean.assign(np.full((256, 256, 3), 118))
    classifier.summary = summary_of(classifier, store_of(1, 200), store_of(2, 100))
    return classifier


@pytest.fixture(scope="module")
def network(model: Classifier) -> Network:
    return network_of(as_stored(model))


def test_the_summary_goes_into_the_file_and_out_again(model: Classifier, tmp_path: Path) -> None:
    save_model(tmp_path / "m.keras", model)
    assert model.summary is not None
    assert load_model(tmp_path / "m.keras").summary == model.summary == open_network(tmp_path / "m.keras").summary
    assert (model.summary.images, model.summary.held_out) == (200, 100)
    levels = store_of(1, 200).gather(range(200)).mean(axis=(1, 2, 3))
    assert model.summary.quantiles["brightness"][32] == pytest.approx(np.median(levels), abs=1)
    assert summary_of(model, store_of(1, 200), store_of(2, 100)) == model.summary


def test_photographs_of_the_kind_are_like_and_brighter_ones_are_not(
    network: Network, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_drift(network, photographs(tmp_path / "same", 3), as_json=False, guesses=True)
    assert "60 photographs are like the training's\n" in capsys.readouterr().out
    brighter = photographs(tmp_path / "brighter", 4, brighter=60)
    show_drift(network, brighter, as_json=False, guesses=True)
    assert "60 photographs are unlike the training's in brightness (1" in capsys.readouterr().out
    (tmp_path / "brighter/notes.txt").write_text("no photograph")
    show_drift(network, [*brighter, tmp_path / "brighter/notes.txt"], as_json=True, guesses=True)
    output, errors = capsys.readouterr()
    found = json.loads(output)
    assert "brightness" in found["unlike"]
    assert found["photographs"] == 60
    assert found["model"] == network.weights_digest[:12]
    assert "1 files are no photographs" in errors


def test_what_cannot_be_compared_is_one_line(model: Classifier, network: Network, tmp_path: Path) -> None:
    few = photographs(tmp_path / "few", 5, count=49)
    with pytest.raises(UserError, match=r"^49 photographs are too few to compare: it takes 50$"):
        show_drift(network, few, as_json=False, guesses=True)
    before = as_stored(model)
    older = network_of(before._replace(description=before.description.model_copy(update={"summary": None})))
    with pytest.raises(UserError, match="does not say what its training's photographs were like"):
        show_drift(older, few, as_json=False, guesses=True)
