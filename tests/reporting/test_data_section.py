"""What the page says of the photographs; those that cannot be used are shown as far as there is something to see."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.reporting import data_section
from alexnet_pipe.reporting.data_section import (
    LISTED,
    OF_A_KIND,
    class_counts,
    describe_sizes,
    finding_rows,
    small_picture,
)
from tests.reporting.results import made_up
from tests.stores import random_store

PARAMS = ResizeParams(max_pixels=1_000_000)


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
    picture = small_picture(row(tmp_path, content[: len(content) // 2]), tmp_path, PARAMS)
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
    assert small_picture(row(tmp_path, content, **changes), tmp_path, PARAMS) is None


def test_a_photograph_with_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    assert small_picture(row(tmp_path, jpeg(64)), tmp_path, ResizeParams(max_pixels=64 * 64)) is not None
    assert small_picture(row(tmp_path, jpeg(64)), tmp_path, ResizeParams(max_pixels=64 * 63)) is None


def test_an_enormous_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_section, "MOST_BYTES", len(jpeg()) - 1)
    assert small_picture(row(tmp_path, jpeg()), tmp_path, PARAMS) is None


def test_a_few_of_each_kind_are_shown_refused_ones_first(tmp_path: Path) -> None:
    kinds = [("noted", "near-duplicate")] * 100 + [("refused", "empty")] * 2
    rejected = pd.DataFrame([{**row(tmp_path, b""), "outcome": outcome, "reason": reason} for outcome, reason in kinds])
    shown = finding_rows(rejected, tmp_path, PARAMS)
    assert [one["reason"] for one in shown] == ["empty"] * 2 + ["near-duplicate"] * OF_A_KIND


def test_classes_are_counted_from_usable_files_only() -> None:
    # Four images of classes 0, 1, 2, 0 are in the store; a fifth file, of class 0, was refused.
    np.testing.assert_array_equal(class_counts(made_up())["train"], [2, 1, 1])


def test_of_many_classes_the_largest_and_the_smallest_are_listed() -> None:
    results, classes = made_up(), 2 * LISTED + 1
    index = pd.DataFrame({"label": [n for n in range(classes) for _ in range(n)], "split": "train"})
    counts = class_counts(replace(results, index=index, train=random_store(classes, classes)))
    assert counts["train"].tolist() == [n for n in range(classes - 1, -1, -1) if n != LISTED]


def test_sizes_are_described_by_their_middle_their_ends_and_their_shape() -> None:
    # 100×120, 300×200, 640×480, 256×256.
    sizes = describe_sizes(made_up().index)
    assert (sizes["median_width"], sizes["median_height"]) == (278, 228)
    assert (sizes["smallest"], sizes["largest"]) == (100, 640)
    assert sizes["enlarged"] == 0.5
    assert (sizes["wide"], sizes["tall"], sizes["square"]) == pytest.approx((0.5, 0.25, 0.25))
