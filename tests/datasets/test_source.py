"""The section `dataset` names the source, which never lies where the stage writes."""

from pathlib import Path

import pytest

from alexnet_pipe.datasets.directory import Directory
from alexnet_pipe.datasets.source import Sample, source_of
from alexnet_pipe.errors import UserError
from alexnet_pipe.params.dataset import DatasetParams


def test_the_parameters_choose_the_source(tmp_path: Path) -> None:
    assert isinstance(source_of(DatasetParams(), tmp_path), Sample)
    assert isinstance(source_of(DatasetParams(source="directory", location="pets"), tmp_path), Directory)


def test_the_sample_is_one_archive(tmp_path: Path) -> None:
    archive = Sample(images_per_class=1).fetch(tmp_path)
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize("location", ["data/source", "data/source/pets", "data", "."])
def test_a_location_that_the_stage_would_overwrite_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"overlaps with data/source, which is replaced: move it"):
        source_of(DatasetParams(source="directory", location=location), Path("data/source"))
