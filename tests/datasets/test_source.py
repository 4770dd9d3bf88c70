"""The section `dataset` names the source, which never lies where the stage writes."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.directory import Directory
from alexnet_pipe.datasets.imagenet import ImageNet
from alexnet_pipe.datasets.kaggle import Kaggle
from alexnet_pipe.datasets.sample.sample_source import Sample
from alexnet_pipe.datasets.source import Source, source_of
from alexnet_pipe.datasets.url import Url
from alexnet_pipe.params.dataset import DatasetParams


def chosen(tmp_path: Path, **dataset: object) -> Source:
    return source_of(DatasetParams.model_validate(dataset), tmp_path / "source", tmp_path / "downloads")


def test_the_parameters_choose_the_source(tmp_path: Path) -> None:
    assert chosen(tmp_path) == Sample()
    hard = chosen(tmp_path, location="hard")
    assert isinstance(hard, Sample)
    assert hard.images_per_class * 10 == 10_000
    assert isinstance(chosen(tmp_path, source="directory", location="pets"), Directory)
    assert isinstance(chosen(tmp_path, source="kaggle", location="a/b/versions/1"), Kaggle)
    assert isinstance(chosen(tmp_path, source="imagenet", location="tars", copy=False), ImageNet)
    assert isinstance(chosen(tmp_path, source="url", location="http://x/a.zip", sha256="0" * 64), Url)


def test_the_sample_is_one_archive_and_always_the_same(tmp_path: Path) -> None:
    sample = Sample(images_per_class=1)
    assert sample.fetch(tmp_path) == sample.version()
    assert [path.name for path in tmp_path.iterdir()] == ["sample.zip"]
    pictures = sample.index(tmp_path)
    assert pictures["label"].nunique() == 10
    assert {"star", "stripes"} <= set(pictures.loc[pictures["split"] == "validation", "label"])


@pytest.mark.parametrize("location", ["data/source", "data/source/pets", "data", "."])
@pytest.mark.parametrize("source", ["directory", "imagenet"])
def test_a_location_that_the_stage_would_overwrite_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, location: str
) -> None:
    monkeypatch.chdir(tmp_path)
    dataset = DatasetParams.model_validate({"source": source, "location": location})
    with pytest.raises(UserError, match=r"overlaps with data/source, which is replaced: move it"):
        source_of(dataset, Path("data/source"), Path("checkpoints/downloads"))


@pytest.mark.parametrize("location", ["data/source/pets", "data", ".", ".prefect/copy/data/source"])
def test_a_temporary_copy_refuses_what_would_be_overwritten_in_itself_or_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    copy = tmp_path / ".prefect/copy"
    copy.mkdir(parents=True)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("ALEXNET_PIPE_HOME", str(tmp_path))
    dataset = DatasetParams.model_validate({"source": "directory", "location": location})
    with pytest.raises(UserError, match=r"overlaps with data/source, which is replaced: move it"):
        source_of(dataset, Path("data/source"), Path("checkpoints/downloads"))
