"""The data set's description is what MLCommons' own reader takes, and leads to the rows of the manifest."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlcroissant
import pandas as pd
import pytest

from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.provenance import croissant as module
from alexnet_pipe.provenance.croissant import croissant
from alexnet_pipe.store.store_files import INDEX_FILE

# What the reader asks of its own libraries.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index:DeprecationWarning"),
]
SAMPLE = {"source": "sample", "location": None, "version": "240 images a class"}
HOSTILE = '"}]}<script>\u202e'


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    """Three photographs in an archive, of which one is refused."""
    artifacts = Artifacts(tmp_path)
    artifacts.images.mkdir(parents=True)
    artifacts.source.mkdir()
    (artifacts.source / "photos.zip").write_bytes(b"an archive")
    rows = pd.DataFrame(
        {
            "container": "photos.zip",
            "member": ["a/1.jpg", "a/2.jpg", "b/é.jpg"],
            "label": ["a", "a", HOSTILE],
            "split": ["train", "test", "validation"],
            "bytes": [10, 20, 30],
            "sha256": ["1a" * 32, "2b" * 32, ""],
        }
    )
    rows.to_parquet(artifacts.manifest, index=False)
    usable = rows[:2].drop(columns=["bytes", "label"]).assign(label=[0, 0], width=300, height=200)
    usable.to_parquet(artifacts.images / INDEX_FILE, index=False)
    return artifacts


def described(artifacts: Artifacts, source: dict[str, Any] = SAMPLE) -> dict[str, Any]:
    content = croissant(artifacts, source, ["a", HOSTILE])
    artifacts.croissant.write_text(json.dumps(content))
    return content


def records(artifacts: Artifacts, name: str) -> list[dict[str, Any]]:
    """Read by MLCommons' library; text is bytes for it."""

    def plain(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        for key, value in record.items():
            yield key.removeprefix(f"{name}/"), value.decode() if isinstance(value, bytes) else value

    data = mlcroissant.Dataset(jsonld=str(artifacts.croissant))
    return [dict(plain(record)) for record in data.records(name)]


def test_the_rows_of_the_manifest_are_read_by_the_reader_of_those_who_publish_the_form(artifacts: Artifacts) -> None:
    described(artifacts)
    found = records(artifacts, "photographs")
    rows = pd.read_parquet(artifacts.manifest).to_dict("records")
    assert found == rows
    usable = records(artifacts, "images")
    assert [(each["member"], each["label"], each["split"], each["sha256"]) for each in usable] == [
        ("a/1.jpg", 0, "train", "1a" * 32),
        ("a/2.jpg", 0, "test", "2b" * 32),
    ]
    assert records(artifacts, "classes") == [{"number": 0, "name": "a"}, {"number": 1, "name": HOSTILE}]
    assert [each["name"] for each in records(artifacts, "splits")] == ["train", "validation", "test"]


def test_its_reader_finds_no_error_and_misses_what_is_taken_away(artifacts: Artifacts) -> None:
    content = described(artifacts)
    issues = mlcroissant.Dataset(jsonld=str(artifacts.croissant)).metadata.ctx.issues
    assert not issues.errors
    del content["distribution"][0]["sha256"]
    artifacts.croissant.write_text(json.dumps(content))
    with pytest.raises(mlcroissant.ValidationError):
        mlcroissant.Dataset(jsonld=str(artifacts.croissant))


def test_a_table_that_has_changed_is_noticed_by_its_digest(artifacts: Artifacts) -> None:
    files = {each["@id"]: each for each in described(artifacts)["distribution"]}
    assert files.keys() == {"manifest.parquet", INDEX_FILE, "photos.zip"}
    for each in files.values():
        assert each["sha256"] == file_digest(artifacts.croissant.parent / each["contentUrl"])


def test_what_lies_elsewhere_or_is_large_is_not_read(artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 5)
    assert len(described(artifacts)["distribution"]) == 2
    assert len(records(artifacts, "photographs")) == 3
    shutil.rmtree(artifacts.source)
    artifacts.source.mkdir()
    (artifacts.source / "location.json").write_text('{"location": "/home/alex/secret"}')
    assert "secret" not in json.dumps(described(artifacts))


@pytest.mark.parametrize(
    ("source", "name", "url"),
    [
        (
            {"source": "kaggle", "location": "tongpython/cat-and-dog/versions/1", "version": "1"},
            "tongpython/cat-and-dog",
            "https://www.kaggle.com/datasets/tongpython/cat-and-dog",
        ),
        ({"source": "directory", "location": "/home/alex/cats", "version": HOSTILE}, "alexnet-pipe-directory", None),
    ],
)
def test_a_source_is_called_as_where_it_was_published(
    artifacts: Artifacts, source: dict[str, Any], name: str, url: str | None
) -> None:
    content = described(artifacts, source)
    assert (content["name"], content.get("url"), content.get("license")) == (name, url, None)
    assert "alex/cats" not in json.dumps(content)
    assert "\\u202e" in content["description"] or url
    assert len(records(artifacts, "images")) == 2
