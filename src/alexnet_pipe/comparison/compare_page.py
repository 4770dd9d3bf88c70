"""A comparison as a page that opens offline."""

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.comparison.compare import Compared
from alexnet_pipe.comparison.compare_pictures import images_of
from alexnet_pipe.evaluation.intervals import wilson_interval
from alexnet_pipe.reporting.pictures import picture

IMAGES = 100
"""Shown at most of those lost, and of those won."""


def write_page(path: Path, compared: Compared) -> None:
    """Write the page, aside first.

    Raises:
        UserError: if `path` is a folder.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file")
    with redirect_stdout(sys.stderr):
        page = render(compared)
    with written_aside(path) as aside:
        aside.write_text(page, encoding="utf-8")


def render(compared: Compared) -> str:
    """One self-contained HTML page."""
    # Names of files and classes are the world's, and may hold markup.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["percent"] = lambda share: f"{share:.2%}"
    environment.filters["points"] = lambda share: f"{100 * share:+.2f}"
    lost, won = compared.lost(), compared.won()
    pictures = _pictures(compared, pd.concat([lost.head(IMAGES), won.head(IMAGES)])["sha256"])
    template = environment.from_string((files(__package__) / "compare.html.j2").read_text(encoding="utf-8"))
    return template.render(
        style=(files(__package__) / "page.css").read_text(encoding="utf-8"),
        compared=compared,
        wilson=wilson_interval,
        pictures=pictures,
        sides=[(name, len(rows), _cards(rows, pictures)) for name, rows in (("lost", lost), ("won", won))],
    )


def _pictures(compared: Compared, wanted: "pd.Series[str]") -> dict[str, str]:
    images = images_of(compared.second, set(wanted))
    images |= images_of(compared.first, set(wanted) - set(images))
    return {sha256: picture(pixels, 128) for sha256, pixels in images.items()}


def _cards(rows: pd.DataFrame, pictures: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "picture": pictures.get(row["sha256"]),
            "member": row["member_first"],
            "actual": row["actual"],
            "said": [
                {"name": row[f"predicted_{which}"], "probability": row[f"probability_{which}"]}
                for which in ("first", "second")
            ],
        }
        for row in rows.head(IMAGES).to_dict("records")
    ]
