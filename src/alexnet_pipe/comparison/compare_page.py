"""A comparison as a page that opens offline, with the images that changed sides."""

import io
import sys
from collections.abc import Collection, Mapping
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import undamaged, written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import progress
from alexnet_pipe.comparison.by_slice import slices_told
from alexnet_pipe.comparison.compared import Compared, Version
from alexnet_pipe.evaluation.significance import wilson_interval
from alexnet_pipe.paper import SIDE
from alexnet_pipe.project.revisions import Revision
from alexnet_pipe.reporting.templates import rendered
from alexnet_pipe.store.store_files import INDEX_FILE

IMAGES = 100
"""Shown at most of those lost, and of those won."""

SLICES = 40
"""Shown at most."""

_STORE = Artifacts(Path()).images


def write_page(path: Path, compared: Compared) -> None:
    """Write the page, aside first.

    Raises:
        UserError: if `path` is a folder.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file")
    with redirect_stdout(sys.stderr):
        page = render_comparison(compared)
    with written_aside(path) as aside:
        aside.write_text(page, encoding="utf-8")


def render_comparison(compared: Compared) -> str:
    """One self-contained HTML page."""
    lost, won = compared.lost(), compared.won()
    pictures = _pictures(compared, pd.concat([lost.head(IMAGES), won.head(IMAGES)])["sha256"])
    return rendered(
        "comparison/compare_page.html.j2",
        compared=compared,
        slices=compared.slices[:SLICES],
        slices_told=slices_told(compared.slices, compared.left_out),
        wilson=wilson_interval,
        pictures=pictures,
        sides=[(name, len(rows), _cards(rows, pictures)) for name, rows in (("lost", lost), ("won", won))],
    )


def images_of(version: Version, wanted: Collection[str]) -> dict[str, NDArray[np.uint8]]:
    """The images with the SHA-256 `wanted`, uint8 `(256, 256, 3)` each; those that cannot be had are left out."""
    try:
        with version.revision.open(_STORE / INDEX_FILE) as file, undamaged(_STORE / INDEX_FILE):
            index = pd.read_parquet(io.BytesIO(file.read()))
    except OSError:
        return {}
    return _read(version.revision, index[index["sha256"].isin(wanted)].drop_duplicates("sha256"))


def _read(revision: Revision, rows: pd.DataFrame) -> dict[str, NDArray[np.uint8]]:
    images = {}
    with progress("thumbnails", len(rows), "images") as advance:
        for shard, held in rows.groupby("shard"):
            with suppress(OSError), revision.open(_STORE / str(shard)) as file:
                start = _start(file)
                for sha256, row in zip(held["sha256"], held["row"], strict=True):
                    file.seek(start + int(row) * SIDE * SIDE * 3)
                    images[sha256] = np.frombuffer(file.read(SIDE * SIDE * 3), np.uint8).reshape(SIDE, SIDE, 3)
                    advance()
    return images


def _start(file: IO[bytes]) -> int:
    """Where the first image of a shard begins."""
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    return file.tell()


def _pictures(compared: Compared, wanted: "pd.Series[str]") -> dict[str, NDArray[np.uint8]]:
    images = images_of(compared.second, set(wanted))
    return images | images_of(compared.first, set(wanted) - set(images))


def _cards(rows: pd.DataFrame, pictures: Mapping[str, NDArray[np.uint8]]) -> list[dict[str, Any]]:
    return [
        {
            "pixels": pictures.get(row["sha256"]),
            "member": row["member_first"],
            "actual": row["actual"],
            "said": [
                {"name": row[f"predicted_{which}"], "probability": row[f"probability_{which}"]}
                for which in ("first", "second")
            ],
        }
        for row in rows.head(IMAGES).to_dict("records")
    ]
