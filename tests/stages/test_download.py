"""Download makes one archive and a manifest of it, the same bytes each time, both or neither."""

import hashlib
import re
from pathlib import Path

import pandas as pd
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.stages import download
from tests.datasets.files import named, write_folder, write_tar, write_zip

PETS = named(f"{label}/{number}.jpg" for label in ("cats", "dogs") for number in range(10))


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "project")


def run(artifacts: Artifacts, location: Path) -> pd.DataFrame:
    download.run(artifacts, DatasetParams(source="directory", location=str(location)))
    return pd.read_parquet(artifacts.manifest)


def outputs(artifacts: Artifacts) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in artifacts.root.rglob("*") if path.is_file()}


def test_the_manifest_has_a_row_an_image(tmp_path: Path, artifacts: Artifacts) -> None:
    rows = run(artifacts, write_folder(tmp_path / "pets", PETS))
    assert list(rows.columns) == [
        "container",
        "member",
        "label",
        "split",
        "bytes",
        "sha256",
        "offset",
        "packed",
        "deflated",
    ]
    assert set(rows.groupby(["label", "split"]).size().index) == {
        (label, split) for label in ("cats", "dogs") for split in ("train", "validation", "test")
    }
    assert len(rows) == len(PETS)
    assert rows["bytes"].dtype == "int64"
    for row in rows.itertuples():
        content = PETS[row.member]
        assert (row.container, row.bytes, row.sha256) == (
            "pets.zip",
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
    assert rows.equals(rows.sort_values(["split", "label", "member"], ignore_index=True))


def test_two_runs_make_the_same_bytes(tmp_path: Path, artifacts: Artifacts) -> None:
    location = write_folder(tmp_path / "pets", PETS)
    run(artifacts, location)
    first = outputs(artifacts)
    run(artifacts, location)
    assert outputs(artifacts) == first
    assert len(first) == 3


def test_folder_zip_and_tar_split_alike(tmp_path: Path, artifacts: Artifacts) -> None:
    locations = [
        write_folder(tmp_path / "pets", PETS),
        write_zip(tmp_path / "pets.zip", PETS),
        write_tar(tmp_path / "pets.tar", PETS),
        write_tar(tmp_path / "pets.tgz", PETS, "gz"),
    ]
    tables = [run(artifacts, location).drop(columns=["container", "offset", "packed"]) for location in locations]
    assert all(table.equals(tables[0]) for table in tables)
    assert [path.name for path in artifacts.source.iterdir()] == ["pets.zip"]


def test_where_labels_come_from_is_kept_and_told(
    tmp_path: Path, artifacts: Artifacts, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "id,breed\n" + "".join(f"{number},{('pug', 'boxer')[number % 2]}\n" for number in range(20))
    files = named(f"train/{number}.jpg" for number in range(20)) | {"labels.csv": table.encode()}
    rows = run(artifacts, write_folder(tmp_path / "pets", files))
    assert set(rows["label"]) == {"pug", "boxer"}
    assert load_json(artifacts.source_version)["labels"] == "labels.csv, column breed"
    assert capsys.readouterr().out.startswith("download: labels from labels.csv, column breed\n")


def test_text_lists_keep_their_splits_and_numeric_labels(tmp_path: Path, artifacts: Artifacts) -> None:
    names = list(PETS)
    lists = {
        "train.txt": "".join(f"{name} {number % 2}\n" for number, name in enumerate(names[:16])),
        "val.txt": f"{names[16]} 0\n",
        "test.txt": f"{names[17]} 1\n",
    }
    rows = run(artifacts, write_folder(tmp_path / "pets", PETS | {k: v.encode() for k, v in lists.items()}))
    assert rows.groupby("split").size().to_dict() == {"test": 1, "train": 16, "validation": 1}
    assert set(rows["label"]) == {"0", "1"}


def test_the_last_line_counts_the_images(
    tmp_path: Path, artifacts: Artifacts, capsys: pytest.CaptureFixture[str]
) -> None:
    run(artifacts, write_folder(tmp_path / "pets", PETS | {"LICENSE": b""}))
    assert capsys.readouterr().out.splitlines() == [
        "download: files outside any class folder, ignored: 1 ('LICENSE')",
        "download: 20 images of 2 classes: 15 train, 2 validation, 3 test",
    ]


def test_too_few_images_for_a_split_are_refused(tmp_path: Path, artifacts: Artifacts) -> None:
    location = write_folder(tmp_path / "pets", named(["cats/1", "cats/2", "dogs/1", "dogs/2"]))
    with pytest.raises(UserError, match=r"pets has too few images: none is left for the validation split: add photo"):
        run(artifacts, location)


def test_messages_name_the_location_and_not_the_copy(tmp_path: Path, artifacts: Artifacts) -> None:
    location = write_zip(tmp_path / "pets.zip", named(["cats/1.jpg", "cats/2.jpg"]))
    with pytest.raises(UserError, match=f"^{re.escape(str(location))} has one class only"):
        run(artifacts, location)


def test_a_photograph_that_its_archive_has_damaged_has_no_digest(tmp_path: Path, artifacts: Artifacts) -> None:
    location = write_zip(tmp_path / "pets.zip", PETS | {"cats/3.jpg": b"photograph"})
    location.write_bytes(location.read_bytes().replace(b"photograph", b"photogr4ph"))
    rows = run(artifacts, location)
    assert rows.loc[rows["sha256"] == "", "member"].tolist() == ["cats/3.jpg"]


def test_what_is_left_in_place_is_referred_to_and_not_copied(tmp_path: Path, artifacts: Artifacts) -> None:
    locations = [
        write_folder(tmp_path / "pets", PETS),
        write_zip(tmp_path / "pets.zip", PETS),
        write_tar(tmp_path / "pets.tar", PETS),
    ]
    tables = []
    for location in locations:
        download.run(artifacts, DatasetParams(source="directory", location=str(location), copy=False))
        tables.append(pd.read_parquet(artifacts.manifest))
        assert [path.name for path in artifacts.source.iterdir()] == ["location.json"]
    places = ["container", "offset", "packed"]
    assert all(table.drop(columns=places).equals(tables[0].drop(columns=places)) for table in tables)
    assert [table["container"].iloc[0] for table in tables] == [".", "pets.zip", "pets.tar"]


def test_a_failed_run_leaves_earlier_outputs_as_they_were(tmp_path: Path, artifacts: Artifacts) -> None:
    run(artifacts, write_folder(tmp_path / "pets", PETS))
    before = outputs(artifacts)
    (tmp_path / "pets/birds").mkdir()
    with pytest.raises(UserError, match=r"class 'birds' in .*pets is empty: add photographs or remove the folder"):
        run(artifacts, tmp_path / "pets")
    assert outputs(artifacts) == before


def test_a_disk_that_is_full_leaves_earlier_outputs_as_they_were(
    tmp_path: Path, artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = write_folder(tmp_path / "pets", PETS)
    run(artifacts, location)
    before = outputs(artifacts)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(OSError, match="No space left"):
        run(artifacts, location)
    assert outputs(artifacts) == before
