"""The demo: a photograph's classes, and the training images nearest in fc7 (paper, section 6.1), on a local page."""

import logging
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import fingerprint
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.examples import fc7_batches, spread
from alexnet_pipe.evaluation.ten_views import one_and_ten, rank, ten_view_softmax
from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.portable.network import Network
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.reporting.templates import rendered, template_text
from alexnet_pipe.serving.named_files import prepared
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore

NEIGHBOURS = 6
"""Columns of figure 4, right, in the paper."""

COMPARED = 5000
"""Training images at most: of a whole ImageNet, five a class, and some minutes of two cores."""


class Neighbour(NamedTuple):
    """A training image, uint8 `(256, 256, 3)`, its class, and how far its fc7 is from the photograph's."""

    pixels: NDArray[np.uint8]
    label: str
    distance: float


class Explanation(NamedTuple):
    """
    Attributes:
        pixels: uint8 `(256, 256, 3)`, what the views are cut out of.
        probabilities: Of the five most probable classes from ten views, by name, best first.
        neighbours: The nearest training images, nearest first; none without a store.
    """

    pixels: NDArray[np.uint8]
    probabilities: Mapping[str, float]
    neighbours: Sequence[Neighbour]


class TrainingImages(NamedTuple):
    """Training images and their fc7.

    Attributes:
        store: All training images.
        compared: The places of those that are compared.
        features: float32 `(n, units)`, fc7 of their centre views.
    """

    store: ImageStore
    compared: Sequence[int]
    features: NDArray[np.float32]

    def nearest(self, fc7: NDArray[np.float32]) -> list[Neighbour]:
        """The training images nearest to fc7 `(units,)` by Euclidean distance, nearest first."""
        distances = np.linalg.norm(self.features - fc7, axis=1)
        places = np.argsort(distances, kind="stable")[:NEIGHBOURS].tolist()
        return [self._neighbour(self.compared[place], float(distances[place])) for place in places]

    def _neighbour(self, index: int, distance: float) -> Neighbour:
        return Neighbour(self.store[index], self.store.classes[self.store.labels[index]], distance)


class Explainer:
    """A model, and the training images of a workspace; if these cannot be compared, why they cannot (`without`)."""

    def __init__(self, network: Network, artifacts: Artifacts) -> None:
        self.network = network
        self._params = ResizeParams.model_validate(network.resize)
        self.training: TrainingImages | None = None
        self.without = ""
        try:
            self.training = training_images(artifacts, network)
        except UserError as error:
            self.without = str(error)

    def explain(self, photograph: Path) -> Explanation:
        """What the network sees in `photograph`.

        Raises:
            RefusedError: as `serving.photographs.prepared` does.
        """
        pixels = prepared(photograph, self._params)
        views, fc7 = ten_view_softmax(self.network, pixels[None])
        _, shares = one_and_ten(views, self.network.temperatures)
        best = rank(shares, labels=np.zeros(1, np.int32))
        names = [self.network.classes[label] for label in best.classes[0]]
        return Explanation(
            pixels=pixels,
            probabilities=dict(zip(names, map(float, best.probabilities[0]), strict=True)),
            neighbours=self.training.nearest(fc7[0]) if self.training else [],
        )


def training_images(artifacts: Artifacts, network: Network) -> TrainingImages:
    """The workspace's training images; their fc7 is computed once, by `network`, and kept below `checkpoints`.

    Raises:
        UserError: if there is no store, or its classes are not the model's.
    """
    store = ImageStore.open(artifacts.images, "train")
    if store.classes != network.classes:
        raise UserError(f"{artifacts.images} has other classes than the model was trained on")
    compared = spread(len(store), COMPARED)
    kept = artifacts.checkpoints / "demo" / f"{_fingerprint(artifacts, network)}.npy"
    if not kept.exists():
        features = np.concatenate(list(fc7_batches(network, store, compared, "demo: training images")))
        shutil.rmtree(kept.parent, ignore_errors=True)
        save_array(kept, features)
    return TrainingImages(store, compared, np.load(kept))


def _fingerprint(artifacts: Artifacts, network: Network) -> str:
    """Of all that decides fc7; of the store what describes its images, which is small, and not its shards."""
    described: list[Path] = sorted(path for path in artifacts.images.iterdir() if path.suffix != ".npy")
    parameters = {"variant": network.variant, "weights": network.weights_digest, "compared": COMPARED}
    return fingerprint(artifacts.root, "evaluate", parameters, described)


TITLE = "AlexNet on your photographs"
_TEMPLATE = "serving/demo_page.html.j2"
_LARGEST = 100 * 10**6
"""Bytes of a photograph: one of 50 megapixels, hardly compressed."""


def serve_demo(explainer: Explainer, model: str, port: int | None) -> None:
    """Serve the page until a signal comes; the address is printed when it answers.

    Args:
        model: What the model is called, to be shown.
        port: Of 127.0.0.1; the first free one from 7860 on if none is given.

    Raises:
        UserError: if the port cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="alexnet-pipe-demo-") as uploads:
        _keep_to_this_machine(uploads)
        with _served(_page(explainer, model), port) as address:
            print(f"demo at {address} (Ctrl-C ends it)", flush=True)
            signal.pause()


def explanation_html(explainer: Explainer, photograph: Path) -> str:
    """What the page shows of `photograph`, or why it is refused."""
    try:
        explanation = explainer.explain(photograph)
    except RefusedError as refusal:
        return rendered(_TEMPLATE, refused=refusal, name=photograph.name)
    return rendered(
        _TEMPLATE, of=explanation, name=photograph.name, explainer=explainer, side=SIDE, crop=CROP, corner=CENTRE
    )


def _keep_to_this_machine(uploads: str) -> None:
    """Gradio reads its settings from the environment: what a shell has set must not open the page to others."""
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:
        del os.environ[name]
    # It asks itself over HTTP whether it is ready, and would ask a proxy.
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", GRADIO_TEMP_DIR=uploads, no_proxy="*")


def _page(explainer: Explainer, model: str) -> Any:
    import gradio

    with gradio.Blocks(title=TITLE, analytics_enabled=False) as page:
        head = rendered(_TEMPLATE, title=TITLE, file=model, network=explainer.network)
        gradio.HTML(head, apply_default_css=False)
        # As a file, and not as Gradio's image, which would decode and encode it again.
        photograph = gradio.File(label="A photograph", height=140)
        result = gradio.HTML(apply_default_css=False)

        def show(path: str) -> tuple[str, None]:
            return explanation_html(explainer, Path(path)), None

        # The field is emptied at once, so that the next photograph can be dropped.
        photograph.upload(show, photograph, [result, photograph], api_visibility="private")
    return page


@contextmanager
def _served(page: Any, port: int | None) -> Iterator[str]:
    import gradio
    from gradio import queueing, routes
    from starlette.middleware import Middleware

    from alexnet_pipe.base.own_pages import OwnPagesOnly, failure, in_one_line, port_taken

    logging.getLogger("uvicorn.error").addFilter(in_one_line)
    # Gradio prints the traceback of whatever a request leads to.
    told = SimpleNamespace(print_exc=lambda: logging.getLogger("uvicorn.error").error(failure(sys.exception())))
    setattr(queueing, "traceback", told)  # noqa: B010
    setattr(routes, "traceback", told)  # noqa: B010
    # Fonts of this machine; Gradio's grey is too light to read.
    theme = gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    theme.set(body_text_color_subdued="*neutral_500")
    try:
        _, address, _ = page.launch(
            server_name="127.0.0.1",
            server_port=port,
            share=False,
            prevent_thread_lock=True,
            quiet=True,
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            max_file_size=_LARGEST,
            app_kwargs={"middleware": [Middleware(OwnPagesOnly)]},
            ssr_mode=False,
            theme=theme,
            css=template_text("serving/demo_page.css"),
        )
    except OSError:
        raise port_taken("a port from 7860 on" if port is None else f"port {port}") from None
    try:
        yield address
    finally:
        page.close(verbose=False)
