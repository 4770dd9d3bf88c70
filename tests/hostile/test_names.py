"""Names that are hard to write down come out of every source as they went in."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.datasets.place import Container, Place, container_path
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.stages import download
from tests.datasets.files import write_folder, write_tar, write_zip

LABELS = ("a cat's class", "犬 \n é")
NAMES = ("two  spaces .jpg", "line\nend\r.jpg", "quote'\".jpg", "é\u0301\u202e.jpg", "🐈.jpg", "%s{}.jpg", "n" * 255)
PETS = {f"{label}/{name}": f"{label}{name}".encode() for label in LABELS for name in NAMES}


def located(kind: str, folder: Path) -> Path:
    match kind:
        case "folder":
            return write_folder(folder / "pets", PETS)
        case "zip":
            return write_zip(folder / "pets.zip", PETS)
        case "tar":
            return write_tar(folder / "pets.tar", PETS)
    return write_tar(folder / "pets.tgz", PETS, "gz")


@pytest.mark.parametrize(
    ("kind", "copy"),
    [("folder", True), ("folder", False), ("zip", True), ("zip", False), ("tar", True), ("tar", False), ("tgz", True)],
)
def test_the_download_stage_keeps_every_name(tmp_path: Path, kind: str, copy: bool) -> None:
    artifacts = Artifacts(tmp_path / "project")
    location = str(located(kind, tmp_path))
    download.run(artifacts, DatasetParams(source="directory", location=location, copy=copy))
    rows = pd.read_parquet(artifacts.manifest)
    assert sorted(rows["member"]) == sorted(PETS)
    assert set(rows["label"]) == set(LABELS)
    for row in rows.itertuples():
        with Container(container_path(artifacts.source, row.container)) as container:
            content = container.read(row.member, Place(row.offset, row.packed, row.bytes, row.deflated))
        assert content == PETS[row.member]
        assert hashlib.sha256(content).hexdigest() == row.sha256
    assert json.loads(artifacts.source_version.read_text())["location"] == location
