"""`stage download --check` tells by its exit status whether the source has what the last download did not get."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import kagglesdk.kaggle_env
import pytest
from kagglesdk.kaggle_env import KaggleEnv

from alexnet_pipe import cli
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.stages import download
from tests.datasets.files import named, write_folder, write_zip
from tests.datasets.loopback import Loopback, serve

PETS = named(f"{label}/{number}.jpg" for label in ("cats", "dogs") for number in range(10))
NOTHING_NEWER = "download: nothing newer\n"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A server that the current folder's project downloads from, as Kaggle or as an address."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "KAGGLE_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("NO_PROXY", "*")
    with serve() as loopback:
        monkeypatch.setitem(kagglesdk.kaggle_env._env_to_endpoint, KaggleEnv.TEST, loopback.address)
        loopback.content = write_zip(tmp_path / "published", PETS).read_bytes()
        loopback.headers = {"ETag": '"1"'}
        yield loopback


Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(server: Loopback, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Exit status and output of the command, with the section `dataset` that is given."""

    def run(**dataset: str) -> tuple[int, str]:
        Path("params.yaml").write_text(json.dumps({"dataset": dataset}))
        monkeypatch.setattr(sys, "argv", ["alexnet-pipe", "stage", "download", "--check"])
        capsys.readouterr()
        server.seen.clear()
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code, int)
        return end.value.code, "".join(capsys.readouterr())

    return run


def downloaded(**dataset: str) -> dict[str, str]:
    download.run(Artifacts(), DatasetParams.model_validate(dataset))
    return dataset


def kaggle(location: str) -> dict[str, str]:
    return {"source": "kaggle", "location": location}


def url(server: Loopback) -> dict[str, str]:
    sha256 = hashlib.sha256(server.content).hexdigest()
    return {"source": "url", "location": f"{server.address}/pets.zip", "sha256": sha256}


def test_before_the_first_download_everything_is_newer(server: Loopback, check: Check) -> None:
    assert check(**kaggle("o/pets")) == (3, "download: nothing has been downloaded yet\n")
    assert server.seen == []


@pytest.mark.parametrize("location", ["o/pets", "o/pets/versions/2"])
def test_kaggles_newest_version_is_not_newer(server: Loopback, check: Check, location: str) -> None:
    assert check(**downloaded(**kaggle(location))) == (0, NOTHING_NEWER)
    assert [seen.path.rpartition("/")[-1] for seen in server.seen] == ["GetDataset"]


def test_a_later_version_of_kaggles_is_newer(server: Loopback, check: Check) -> None:
    had = downloaded(**kaggle("o/pets"))
    server.newest = 3
    assert check(**had) == (3, "download: version 2 was downloaded, and now there is version 3\n")


def test_a_pinned_version_is_old_where_kaggle_had_a_later_one_already(check: Check) -> None:
    had = downloaded(**kaggle("o/pets/versions/1"))
    assert check(**had) == (3, "download: version 1 was downloaded, and now there is version 2\n")


def test_an_address_with_the_same_file_has_nothing_newer(server: Loopback, check: Check) -> None:
    assert check(**downloaded(**url(server))) == (0, NOTHING_NEWER)
    assert [seen.method for seen in server.seen] == ["HEAD"]


def test_an_address_with_another_file_has_something_newer(server: Loopback, check: Check) -> None:
    had = downloaded(**url(server))
    server.headers["ETag"] = '"2"'
    status, said = check(**had)
    assert status == 3
    assert 'ETag "1"' in said
    assert 'ETag "2"' in said


def test_a_folder_with_another_photograph_has_something_newer(check: Check) -> None:
    had = downloaded(source="directory", location=str(write_folder(Path("../pets").resolve(), PETS)))
    assert check(**had) == (0, NOTHING_NEWER)
    write_folder(Path("../pets"), {"cats/new.jpg": b"new"})
    assert check(**had)[0] == 3


def test_another_location_is_newer_without_a_request(server: Loopback, check: Check) -> None:
    downloaded(**kaggle("o/pets"))
    assert check(**url(server)) == (3, "download: dataset.source and dataset.location were kaggle o/pets\n")
    assert server.seen == []


def test_a_check_that_fails_says_so_and_not_that_there_is_something_newer(server: Loopback, check: Check) -> None:
    had = downloaded(**kaggle("o/pets"))
    server.refusals = {"GetDataset": 500}
    status, said = check(**had)
    assert status == 1
    assert said.startswith(
        "alexnet-pipe: temporary failure: o/pets: the server answers 500 Internal Server Error: run the same command ag"
    )
    assert said.count("\n") == 1
