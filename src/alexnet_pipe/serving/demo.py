"""The demo's page, on this machine alone: Gradio takes the photograph, and the rest is HTML from a template."""

import base64
import io
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from numpy.typing import NDArray
from PIL import Image

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.views import CENTRE, CROP
from alexnet_pipe.model.model_file import weights_digest
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving.demo_explanation import Explainer
from alexnet_pipe.store.layout import SIDE

TITLE = "AlexNet on your photographs"


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
        return str(_macros().refused(photograph.name, refusal))
    return str(_macros().explanation(explanation, explainer))


def _keep_to_this_machine(uploads: str) -> None:
    """Gradio reads its settings from the environment: what a shell has set must not open the page to others."""
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:
        del os.environ[name]
    # It asks itself over HTTP whether it is ready, and would ask a proxy.
    os.environ.update(GRADIO_ANALYTICS_ENABLED="False", GRADIO_TEMP_DIR=uploads, no_proxy="*")


def _page(explainer: Explainer, model: str) -> Any:
    import gradio

    with gradio.Blocks(title=TITLE, analytics_enabled=False) as page:
        digest = weights_digest(explainer.model.get_weights())
        gradio.HTML(str(_macros().head(TITLE, model, explainer.model, digest)), apply_default_css=False)
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
            ssr_mode=False,
            theme=theme,
            css=_text("demo.css"),
        )
    except OSError:
        wanted = "a port from 7860 on" if port is None else f"port {port}"
        raise UserError(f"{wanted} of 127.0.0.1 cannot be had: name another with --port") from None
    try:
        yield address
    finally:
        page.close(verbose=False)


@cache
def _macros() -> Any:
    """The parts of the page, by name."""
    # Names of files and classes are the world's, and may hold markup.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["address"] = _address
    environment.globals.update(side=SIDE, crop=CROP, corner=CENTRE)
    return environment.from_string(_text("demo.html.j2")).module


def _address(pixels: NDArray[np.uint8]) -> str:
    """RGB pixels as a `data:` address."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=90)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
