"""Files that were refused, removed or noted: a few of each kind, with a small picture where one can be made."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image, ImageFile

from alexnet_pipe.datasets.containers import container_path
from alexnet_pipe.datasets.place import Container, Place
from alexnet_pipe.preparation.formats import FORMATS
from alexnet_pipe.reporting.pictures import photograph

OF_A_KIND = 8
"""Files shown of each outcome and reason."""

SIDE = 96
"""Height and width that a small picture has at most."""

LARGEST = 1 << 26
"""Bytes of the largest file that is read for a small picture."""


def finding_rows(rejected: pd.DataFrame, source: Path, max_pixels: int) -> list[dict[str, Any]]:
    """The first files of each outcome and reason, `refused` first, each with `picture`, an address or None.

    Args:
        rejected: One row a finding, with the manifest's columns.
        source: The folder with the containers.
        max_pixels: Larger photographs get no picture.
    """
    order = rejected["outcome"].map({"refused": 0, "removed": 1, "noted": 2})
    kinds = rejected.assign(order=order).groupby(["order", "reason"], sort=True)
    shown = pd.concat([rows.head(OF_A_KIND) for _, rows in kinds]) if len(rejected) else rejected
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in shown.to_dict("records")]
    return [{**row, "picture": small_picture(row, source, max_pixels)} for row in rows]


def small_picture(row: dict[str, Any], source: Path, max_pixels: int) -> str | None:
    """What can be seen of the file of a manifest's row, `SIDE` pixels at most, as an address; None if nothing can."""
    # Whatever is wrong with these files is why they are here.
    try:
        with warnings.catch_warnings(), _lenient(max_pixels):
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(_content(row, source)), formats=FORMATS) as image:
                image.draft(None, (SIDE, SIDE))
                image.thumbnail((SIDE, SIDE))
                return photograph(image.convert("RGB"))
    except Exception:
        return None


def _content(row: dict[str, Any], source: Path) -> bytes:
    if row["bytes"] > LARGEST:
        return b""
    place = Place(*(row[name] for name in Place._fields))
    with Container(container_path(source, row["container"])) as container:
        return container.read(row["member"], place)


@contextmanager
def _lenient(max_pixels: int) -> Iterator[None]:
    """Pillow shows what there is of files that end too early, and refuses too large ones as the preparation does."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS
    # Pillow itself warns at this number of pixels, and refuses at twice as many.
    ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = True, max_pixels // 2
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = before
