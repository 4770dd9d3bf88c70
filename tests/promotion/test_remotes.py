"""A model that was pushed to a remote predicts on a machine that has never seen its data."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import yaml
from PIL import Image

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from tests.newcomer import Run, newcomer

ROOT = Path(__file__).parents[2]
MODEL = "models/alexnet.keras"
PIPELINE = {
    "stages": {"train": {"cmd": f"mkdir models; cp trained.keras {MODEL}", "deps": ["trained.keras"], "outs": [MODEL]}},
    "artifacts": {"alexnet": {"path": MODEL, "type": "model"}},
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a command for somebody who may use the S3 server."""
    keys = {"AWS_ACCESS_KEY_ID": "ada", "AWS_SECRET_ACCESS_KEY": "lovelace", "AWS_EC2_METADATA_DISABLED": "true"}
    return newcomer(tmp_path_factory.mktemp("home"), **keys)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    """A repository of which DVC keeps the model."""
    folder = tmp_path_factory.mktemp("trained")
    save_model(folder / "trained.keras", Classifier(["cat", "dog"], width=0.05, initialisation="he"))
    (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False))
    (folder / ".gitignore").write_text("/models/\n/trained.keras\n")
    run(folder, "git", "init", "-q")
    run(folder, "dvc", "init", "-q")
    shutil.copy(ROOT / ".dvc/config", folder / ".dvc/config")
    run(folder, "dvc", "repro", "-q")
    return folder


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server with the bucket `store`."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = next(line.split()[-1] for line in server.stderr if "Running on" in line)
        urlopen(Request(f"{address}/store", method="PUT")).close()
        yield address
        server.terminate()


@pytest.fixture(params=["local", "s3"])
def remote(request: pytest.FixtureRequest, trained: Path, tmp_path: Path, run: Run) -> Path:
    """The repository with a remote as its default, its model a registered version, in production, and pushed."""
    folder = tmp_path / "repository"
    shutil.copytree(trained, folder)
    if request.param == "local":
        run(folder, "dvc", "remote", "add", "-d", "store", str(tmp_path / "store"))
    else:
        run(folder, "dvc", "remote", "add", "-d", "store", "s3://store/alexnet")
        run(folder, "dvc", "remote", "modify", "store", "endpointurl", request.getfixturevalue("s3"))
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "-qm", "A model")
    run(folder, "gto", "register", "alexnet")
    run(folder, "gto", "assign", "alexnet", "--stage", "prod")
    run(folder, "dvc", "push", "-q")
    return folder


def test_a_fresh_clone_pulls_the_model_and_predicts_and_the_one_in_production_can_be_had_without_a_clone(
    remote: Path, tmp_path: Path, run: Run
) -> None:
    Image.new("RGB", (300, 200), "red").save(tmp_path / "photo.jpg")
    model = (remote / MODEL).read_bytes()
    shutil.rmtree(remote / ".dvc/cache")
    (remote / MODEL).unlink()

    run(tmp_path, "git", "clone", "-q", str(remote), "clone")
    clone = tmp_path / "clone"
    assert not (clone / MODEL).exists()
    run(clone, "dvc", "pull", "-q", MODEL)
    assert (clone / MODEL).read_bytes() == model
    table = run(clone, "alexnet-pipe", "predict", "../photo.jpg")
    assert {"cat", "dog"} <= set(table.split())

    run(tmp_path, "dvc", "artifacts", "get", str(remote), "alexnet", "--stage", "prod")
    assert (tmp_path / "alexnet.keras").read_bytes() == model
