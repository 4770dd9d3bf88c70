"""A source is asked for news, and its newest version is followed where params.yaml names one."""

from pathlib import Path

import pytest
import yaml

from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.promotion.decision import SourceError, follow, news


def save_dataset(root: Path, **dataset: object) -> None:
    (root / "params.yaml").write_text(yaml.safe_dump({"dataset": dataset}))


def location(root: Path) -> object:
    return yaml.safe_load((root / "params.yaml").read_text())["dataset"]["location"]


def test_a_pinned_version_of_kaggle_follows_the_newest(tmp_path: Path) -> None:
    save_dataset(tmp_path, source="kaggle", location="ada/cats/versions/9")
    follow(tmp_path, "version 9 was downloaded, and now there is version 12")
    assert location(tmp_path) == "ada/cats/versions/12"


@pytest.mark.parametrize(
    ("source", "place", "found"),
    [
        ("kaggle", "ada/cats", "version 9 was downloaded, and now there is version 12"),
        ("directory", "photos/versions/1", "e5a1 was downloaded, and now there is 77b0"),
        ("kaggle", "ada/cats/versions/9", "nothing has been downloaded yet"),
    ],
)
def test_what_names_no_version_or_has_none_stays(tmp_path: Path, source: str, place: str, found: str) -> None:
    save_dataset(tmp_path, source=source, location=place)
    follow(tmp_path, found)
    assert location(tmp_path) == place


def test_a_source_that_was_never_downloaded_has_news(tmp_path: Path) -> None:
    save_dataset(tmp_path, source="sample", location=None)
    assert news(Checkout(tmp_path)) == "nothing has been downloaded yet"


def test_a_source_that_cannot_be_asked_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/version.json").write_text('{"source": "directory", "location": "gone", "version": "1"}')
    save_dataset(tmp_path, source="directory", location="gone")
    with pytest.raises(SourceError, match=r"^dataset\.location: gone does not exist"):
        news(Checkout(tmp_path))
