"""The whole page from the results."""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from alexnet_pipe.model.variants import VARIANTS
from alexnet_pipe.reporting.colours import colour_section
from alexnet_pipe.reporting.data import data_section
from alexnet_pipe.reporting.hidden import scale
from alexnet_pipe.reporting.learned import learned_section
from alexnet_pipe.reporting.provenance import Provenance
from alexnet_pipe.reporting.result import result_section
from alexnet_pipe.reporting.results import Results
from alexnet_pipe.reporting.training import training_section
from alexnet_pipe.reporting.views import view_section


def render_report(results: Results, parameters: Mapping[str, Mapping[str, Any]], origin: Provenance) -> str:
    """One self-contained HTML page.

    Args:
        results: What the stages left.
        parameters: Section, key and value of the configuration.
        origin: Which commit, code, data and libraries made the results.
    """
    script = _text("page.js")
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            style=_text("page.css"),
            script=script,
            # The browser runs this script and no other, and fetches nothing.
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            parameters=parameters,
            test=results.test_metrics,
            train=results.train_metrics,
            result=result_section(results, parameters, origin),
            data=data_section(results, parameters["resize"]["max_pixels"]),
            colours=colour_section(results, parameters["train"]),
            views=view_section(results, parameters["train"]["seed"]),
            training=training_section(results),
            learned=learned_section(results, towers=VARIANTS[parameters["model"]["variant"]].towers),
            heat_scale=scale(),
        )
    )


def percent(share: float | None) -> str:
    """A share as per cent with one decimal, not to be broken at a line's end; or a dash."""
    return "–" if share is None else f"{100 * share:.1f}\u00a0%"


def count(number: int) -> str:
    """A whole number with commas between thousands."""
    return f"{number:,}"


def _environment() -> Environment:
    # Names of files and classes are the world's, and may hold markup.
    environment = Environment(
        loader=FunctionLoader(lambda name: _text(f"templates/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, count=count)
    return environment


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
