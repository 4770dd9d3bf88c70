"""Files that cannot be used are shown as far as there is something to see, and never stop the page."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageFile

from alexnet_pipe.reporting import findings
from alexnet_pipe.reporting.findings import OF_A_KIND, finding_rows, small_picture

PIXELS = 1_000_000


def jpeg(side: int = 64) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()


def row(folder: Path, content: bytes, **changes: Any) -> dict[str, Any]:
    """The manifest's row of the only member of an archive in `folder`, a truncated photograph."""
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", content)
        offset = archive.getinfo("a.jpg").header_offset + 30 + len("a.jpg")
    place = {"offset": offset, "packed": len(content), "bytes": len(content), "deflated": False}
    return {"container": "photos.zip", "member": "a.jpg", **place, **changes}


def test_a_truncated_photograph_shows_what_there_is_of_it(tmp_path: Path) -> None:
    content = jpeg()
    picture = small_picture(row(tmp_path, content[: len(content) // 2]), tmp_path, PIXELS)
    assert picture is not None
    assert picture.startswith("data:image/webp")


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        (b"not a photograph", {}),
        (b"", {}),
        (jpeg(), {"container": "gone.zip"}),
        (jpeg(), {"packed": 10**6, "bytes": 10**6}),
        (jpeg(), {"deflated": True}),
    ],
    ids=["no image", "empty", "no archive", "cut archive", "damaged"],
)
def test_where_nothing_can_be_seen_there_is_no_picture(tmp_path: Path, content: bytes, changes: dict[str, Any]) -> None:
    assert small_picture(row(tmp_path, content, **changes), tmp_path, PIXELS) is None


def test_a_photograph_with_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    assert small_picture(row(tmp_path, jpeg(64)), tmp_path, 64 * 64) is not None
    assert small_picture(row(tmp_path, jpeg(64)), tmp_path, 64 * 63) is None


def test_an_enormous_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "LARGEST", len(jpeg()) - 1)
    assert small_picture(row(tmp_path, jpeg()), tmp_path, PIXELS) is None


def test_pillow_is_as_strict_afterwards_as_before(tmp_path: Path) -> None:
    before = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS
    small_picture(row(tmp_path, b"no image"), tmp_path, PIXELS)
    assert before == (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS)


def test_a_few_of_each_kind_are_shown_refused_ones_first(tmp_path: Path) -> None:
    kinds = [("noted", "near-duplicate")] * 100 + [("refused", "empty")] * 2
    rejected = pd.DataFrame([{**row(tmp_path, b""), "outcome": outcome, "reason": reason} for outcome, reason in kinds])
    shown = finding_rows(rejected, tmp_path, PIXELS)
    assert [one["reason"] for one in shown] == ["empty"] * 2 + ["near-duplicate"] * OF_A_KIND
