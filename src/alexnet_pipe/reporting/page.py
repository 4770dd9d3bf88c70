"""The whole page from the results."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from alexnet_pipe.model.variants import VARIANTS
from alexnet_pipe.reporting import plots
from alexnet_pipe.reporting.colours import colour_section
from alexnet_pipe.reporting.data import data_section
from alexnet_pipe.reporting.learned import learned_section
from alexnet_pipe.reporting.pictures import plot
from alexnet_pipe.reporting.results import Results


def render_report(results: Results, parameters: Mapping[str, Mapping[str, Any]]) -> str:
    """One self-contained HTML page.

    Args:
        results: What the stages left.
        parameters: Section, key and value of the configuration; shown, and read for the number of towers.
    """
    # Names of files and classes are the world's, and may hold markup.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = percent
    template = environment.from_string((files(__package__) / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        style=(files(__package__) / "page.css").read_text(encoding="utf-8"),
        test=results.test_metrics,
        train=results.train_metrics,
        parameters=parameters,
        data=data_section(results),
        colours=colour_section(results),
        curves={
            "loss": plot(plots.loss_curve(results.history)),
            "error": plot(plots.error_curve(results.history)),
            "rate": plot(plots.rate_steps(results.history)),
        },
        learned=learned_section(results, towers=VARIANTS[parameters["model"]["variant"]].towers),
    )


def percent(share: float | None) -> str:
    """A share as per cent with one decimal, or a dash."""
    return "–" if share is None else f"{100 * share:.1f} %"
