"""Two versions, compared on the test images that both have, as text and as a page."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.comparison import compare_page, compared
from alexnet_pipe.comparison.compare_page import images_of, render_comparison, write_page
from alexnet_pipe.comparison.compared import Version, compare_versions, print_comparison
from alexnet_pipe.evaluation.significance import Comparison
from alexnet_pipe.project.revisions import Revision
from alexnet_pipe.store.store_files import INDEX_FILE
from tests.stores import random_store

HOSTILE = "<script>alert(1)</script>\x1b[2J.jpg"


def revision(
    folder: Path, name: str, right: str, images: str = "abcdef", classes: int = 6, **changes: object
) -> Version:
    """A version in `folder` that predicts the images in `right` right, with a probability that grows from a to f."""
    hit = [image in right for image in images]
    columns = {f"top{top}{views}": [not top1 for top1 in hit] for top in (1, 5) for views in ("", "_ten_view")}
    table = pd.DataFrame(
        {
            "sha256": list(images),
            "member": [HOSTILE if image == "a" else f"{image}.jpg" for image in images],
            "actual": "cat",
            "predicted": ["cat" if top1 else "dog" for top1 in hit],
            "probability": [(0.9 if top1 else 0.1) + place / 100 for place, top1 in enumerate(hit)],
            **columns,
        }
    )
    return Version(
        revision=Revision(name, None, DirFileSystem(str(folder), LocalFileSystem())),
        images=table,
        top5=classes > 5,
        parameters={"train.seed": 1, "train.width": None, **changes},
        digests={"weights": f"digest of {name}", "data/images": "1"},
        code={"src/model": "1", "src/inputs": "1"},
    )


def test_each_error_is_compared_in_pairs(tmp_path: Path) -> None:
    found = compare_versions(revision(tmp_path, "one", "abc"), revision(tmp_path, "two", "bcdef"))
    assert found.errors == dict.fromkeys(
        ["top-1, ten views", "top-1, one view", "top-5, ten views", "top-5, one view"],
        Comparison(images=6, first_errors=3, second_errors=1, lost=1, won=3),
    )


def test_top5_error_is_left_out_where_it_says_nothing(tmp_path: Path) -> None:
    found = compare_versions(revision(tmp_path, "one", "abc", classes=5), revision(tmp_path, "two", "abc"))
    assert list(found.errors) == ["top-1, ten views", "top-1, one view"]


def test_of_different_test_sets_the_common_images_are_compared_and_counted(tmp_path: Path) -> None:
    found = compare_versions(revision(tmp_path, "one", "abc"), revision(tmp_path, "two", "b", images="bcxyz"))
    assert found.about == "2 test images that both have, of 6 and 5"
    assert found.errors["top-1, ten views"] == Comparison(2, 0, 1, lost=1, won=0)
    assert (
        compare_versions(revision(tmp_path, "one", ""), revision(tmp_path, "two", "")).about
        == "6 test images, the same in both"
    )


def test_nothing_in_common_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="one and two have no test image in common"):
        compare_versions(revision(tmp_path, "one", "a"), revision(tmp_path, "two", "x", images="xyz"))


def test_only_what_differs_is_named(tmp_path: Path) -> None:
    first = revision(tmp_path, "one", "a", old=0.5)
    second = revision(tmp_path, "two", "a", **{"train.seed": 2, "new": []})
    second.code["src/model"] = "2"  # type: ignore[index]
    found = compare_versions(first, second)
    assert found.differences == [
        ("train.seed", "1", "2"),
        ("old", "0.5", "–"),
        ("new", "–", "[]"),
        ("weights", "digest of one", "digest of two"),
    ]
    assert found.code == ["src/model"]


def test_the_largest_change_of_probability_comes_first(tmp_path: Path) -> None:
    first, second = revision(tmp_path, "one", "acf"), revision(tmp_path, "two", "bde")
    second.images["probability"] = [0.5, 0.0, 0.0, 0.0, 0.0, 0.1]
    found = compare_versions(first, second)
    assert found.lost()["sha256"].tolist() == ["c", "f", "a"]
    assert found.won()["sha256"].tolist() == ["e", "d", "b"]


def test_the_table_shows_a_hostile_name_as_text_and_how_many_rows_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compared, "ROWS", 1)
    print_comparison(compare_versions(revision(tmp_path, "one[/]", "abd"), revision(tmp_path, "two", "def")))
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "one[/]" in said
    assert "50.00% (18.76% to 81.24%)" in said
    assert said.count("and 1 more") == 2
    assert r"<script>alert(1)</script>\x1b[2J.jpg" in said


def write_store(folder: Path, images: str) -> np.ndarray:
    """The 256×256 images of a version, in two shards; their pixels."""
    store = random_store(len(images), shards=2)
    rows = store.rows.assign(sha256=list(images), split="test")
    rows["shard"] = [f"test-{n}.npy" for n, shard in enumerate(store.shards) for _ in shard]
    rows["row"] = [row for shard in store.shards for row in range(len(shard))]
    (folder / "data/images").mkdir(parents=True)
    rows.to_parquet(folder / "data/images" / INDEX_FILE)
    for number, shard in enumerate(store.shards):
        np.save(folder / f"data/images/test-{number}.npy", shard)
    return store.gather(range(len(images)))


def test_images_are_read_one_by_one_from_their_shards(tmp_path: Path) -> None:
    pixels = write_store(tmp_path, "abcde")
    found = images_of(revision(tmp_path, "one", ""), {"e", "b", "unknown"})
    assert sorted(found) == ["b", "e"]
    np.testing.assert_array_equal(found["b"], pixels[1])
    np.testing.assert_array_equal(found["e"], pixels[4])
    (tmp_path / "data/images/test-0.npy").unlink()
    assert list(images_of(revision(tmp_path, "one", ""), {"e", "b"})) == ["e"]


def test_the_page_shows_each_image_from_the_version_that_has_it(tmp_path: Path) -> None:
    write_store(tmp_path / "one", "ab")
    write_store(tmp_path / "two", "bc")
    found = compare_versions(revision(tmp_path / "one", "one", "abc"), revision(tmp_path / "two", "two", "def"))
    page = render_comparison(found)
    assert len(re.findall(r'<img src="data:image/webp[^>]*alt="[^"]+"', page)) == 3
    assert "The images themselves are not here" not in page


def test_without_the_images_the_page_says_how_to_get_them(tmp_path: Path) -> None:
    page = render_comparison(compare_versions(revision(tmp_path, "one", "a"), revision(tmp_path, "two", "b")))
    assert "<img" not in page
    assert "dvc pull data/images" in page


def test_the_page_asks_for_nothing_and_names_from_the_world_are_text(tmp_path: Path) -> None:
    write_store(tmp_path, "abcdef")
    page = render_comparison(compare_versions(revision(tmp_path, "<b>", "abc"), revision(tmp_path, "two", "def")))
    addresses = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "<script" not in page
    assert "&lt;b&gt;" in page


def test_the_page_has_so_many_images_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_page, "IMAGES", 2)
    page = render_comparison(compare_versions(revision(tmp_path, "one", "abc"), revision(tmp_path, "two", "def")))
    assert page.count('class="card"') == 4
    assert "The 2 whose probability has changed most" in page


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder: name a file"):
        write_page(tmp_path, compare_versions(revision(tmp_path, "one", "a"), revision(tmp_path, "two", "b")))


def by_brightness(folder: Path, name: str, ruined: bool, known: bool = True) -> Version:
    """160 images, of which the second is right where the first is, but for the darkest 40 if they are ruined."""
    made = revision(folder, name, "", images="a" * 160)
    table = made.images.assign(sha256=[f"{n:03}" for n in range(160)], predicted="cat")
    table["top1_ten_view"] = [ruined and n < 40 and n % 2 == 0 for n in range(160)]
    return replace(made, images=table.assign(brightness=np.arange(160)) if known else table)


@pytest.mark.parametrize("known", [(True, True), (True, False), (False, True)])
def test_a_kind_of_photograph_that_is_lost_is_named(
    tmp_path: Path, known: tuple[bool, bool], capsys: pytest.CaptureFixture[str]
) -> None:
    first = by_brightness(tmp_path, "one", ruined=False, known=known[0])
    found = compare_versions(first, by_brightness(tmp_path, "two", ruined=True, known=known[1]))
    worst, *others = found.slices
    assert worst.name == "mean grey up to 40 (darkest)"
    assert worst.comparison == Comparison(images=41, first_errors=0, second_errors=20, lost=20, won=0)
    assert 0.2 < worst.low < 20 / 41 < worst.high < 0.8
    assert (worst.p_value < 0.001, {row.p_value for row in others}) == (True, {1})
    print_comparison(found)
    said = capsys.readouterr().out
    assert "mean grey up to 40 (darkest)" in said
    assert "Of 4 slices 1 differ beyond chance" in said
    assert "class (all images are alike)" in said
    assert "mean grey up to 40 (darkest)" in render_comparison(found)


def test_versions_that_do_not_know_what_their_images_are_like_are_compared_without(tmp_path: Path) -> None:
    versions = [by_brightness(tmp_path, name, ruined=False, known=False) for name in ("one", "two")]
    found = compare_versions(*versions)
    assert (list(found.slices), found.left_out["brightness"]) == ([], "not known of these images")
