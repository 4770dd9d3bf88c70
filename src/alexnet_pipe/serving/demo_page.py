"""The demo's page, on this machine alone: Gradio takes the photograph, and the rest is HTML from a template."""

import logging
import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.terminal import printable
from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.model.model_file import weights_digest
from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.reporting.templates import rendered, template_text
from alexnet_pipe.serving.explanation import Explainer

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
        digest = weights_digest(explainer.model.get_weights())
        head = rendered(_TEMPLATE, title=TITLE, file=model, model=explainer.model, digest=digest)
        gradio.HTML(head, apply_default_css=False)
        # As a file, and not as Gradio's image, which would decode and encode it again.
        photograph = gradio.File(label="A photograph", height=140)
        result = gradio.HTML(apply_default_css=False)

        def show(path: str) -> tuple[str, None]:
            return explanation_html(explainer, Path(path)), None

        # The field is emptied at once, so that the next photograph can be dropped.
        photograph.upload(show, photograph, [result, photograph], api_visibility="private")
    return page


def _in_one_line(record: logging.LogRecord) -> bool:
    """What a request has broken, as one that ends in the middle of its photograph, without a traceback."""
    if record.exc_info:
        error = record.exc_info[1]
        reason = printable(" ".join(str(error).split()))[:200]
        record.msg, record.args, record.exc_info = (
            f"a request failed: {type(error).__name__} {reason}".rstrip(),
            (),
            None,
        )
    return True


@contextmanager
def _served(page: Any, port: int | None) -> Iterator[str]:
    import gradio
    from starlette.middleware import Middleware

    from alexnet_pipe.base.own_pages import OwnPagesOnly

    logging.getLogger("uvicorn.error").addFilter(_in_one_line)
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
        wanted = "a port from 7860 on" if port is None else f"port {port}"
        raise UserError(f"{wanted} of 127.0.0.1 cannot be had: name another with --port") from None
    try:
        yield address
    finally:
        page.close(verbose=False)
