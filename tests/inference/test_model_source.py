"""A stage that moves is followed, without a request that fails; metrics are told of the weights that they are of."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import save_json
from alexnet_pipe.inference.model_source import ModelSource
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.portable.network import open_network
from tests.inference.services import photograph, rows, service
from tests.newcomer import Run, newcomer

MODEL = "models/alexnet.keras"


def train(project: Path, seed: int, digest: str | None = None) -> str:
    """A model with its metrics, as a run leaves them; its digest. Git alone may keep a model, too."""
    save_model(project / MODEL, Classifier(["a", "b"], width=0.05, initialisation="he", seed=seed))
    found = open_network(project / MODEL).weights_digest
    save_json(project / "metrics/train.json", {"weights_digest": digest or found})
    save_json(project / "metrics/test.json", {"top1_error": seed / 100})
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return newcomer(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, run: Run) -> tuple[Path, list[str]]:
    """Two registered versions, the first in production; and their digests."""
    folder = tmp_path_factory.mktemp("project")
    run(folder, "git", "init", "-q")
    digests = []
    for seed in (1, 2):
        digests.append(train(folder, seed))
        run(folder, "git", "add", ".")
        run(folder, "git", "commit", "-qm", f"Model {seed}")
        run(folder, "gto", "register", "alexnet")
    run(folder, "gto", "assign", "alexnet", "--version", "v0.0.1", "--stage", "prod")
    return folder, digests


def copied(project: Path, to: Path) -> Path:
    return Path(shutil.copytree(project, to))


@pytest.mark.slow
def test_a_stage_that_moves_is_followed_and_no_request_fails(
    project: tuple[Path, list[str]], tmp_path: Path, run: Run
) -> None:
    folder, digests = copied(project[0], tmp_path / "clone"), project[1]
    with service(folder, "alexnet@prod") as following:
        described = following.client.get("/model").json()
        assert (described["weights_digest"], described["metrics"]) == (digests[0], {"top1_error": 0.01})
        assert described["commit"] == run(folder, "git", "rev-parse", "HEAD~1").strip()

        def version(_: int) -> str:
            answer = following.predict(photograph(1))
            assert rows(answer)[0]["outcome"] == "predicted"
            return answer.json()["model"]["version"]

        # The registry changes, and the stage does not move.
        run(folder, "gto", "assign", "alexnet", "--version", "v0.0.2", "--stage", "dev")
        with ThreadPoolExecutor(3) as clients:
            assert set(clients.map(version, range(20))) == {digests[0][:12]}
            run(folder, "gto", "assign", "alexnet", "--version", "v0.0.2", "--stage", "prod")
            while digests[1][:12] not in (seen := set(clients.map(version, range(8)))):
                assert seen == {digests[0][:12]}
        assert following.says() == (
            f"alexnet@prod: weights {digests[1][:12]} answer now, in place of {digests[0][:12]}\n"
        )
        assert following.client.get("/model").json()["metrics"] == {"top1_error": 0.02}
        # In this order: taken from the other first, the stage would go back to the one before.
        run(folder, "gto", "deprecate", "alexnet", "v0.0.1", "prod")
        run(folder, "gto", "deprecate", "alexnet", "v0.0.2", "prod")
        assert following.says() == (
            "alexnet@prod: the model of before goes on, as the new one cannot be had: "
            "alexnet@prod: there is no such stage or version; there are v0.0.2, v0.0.1, dev\n"
        )
        assert version(0) == digests[1][:12]


@pytest.mark.slow
def test_a_mark_is_another_when_the_model_may_be_another(
    project: tuple[Path, list[str]], tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(project[0], tmp_path / "clone")
    monkeypatch.chdir(folder)
    source, before = ModelSource("alexnet@prod"), run(folder, "git", "rev-parse", "HEAD~1").strip()
    assert source.mark() == source.mark() == before
    run(folder, "gto", "assign", "alexnet", "--version", "v0.0.2", "--stage", "prod")
    assert source.mark() == run(folder, "git", "rev-parse", "HEAD").strip()
    with pytest.raises(UserError, match="there is no such stage"):
        ModelSource("alexnet@nope").mark()
    file = ModelSource(MODEL)
    first = file.mark()
    Path(MODEL).write_bytes(Path(MODEL).read_bytes())
    second = file.mark()
    Path(MODEL).unlink()
    assert len({first, second, file.mark(), ""}) == 3
    assert file.mark() == ""


@pytest.mark.slow
def test_metrics_are_told_only_of_the_weights_that_they_are_of(
    project: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(project[0], tmp_path / "clone")
    monkeypatch.chdir(folder)
    shutil.copy(MODEL, "elsewhere.keras")

    def metrics(name: str) -> object:
        source = ModelSource(name)
        return source.load(source.mark()).metrics

    assert [metrics(name) for name in (MODEL, "elsewhere.keras", "HEAD~1")] == [
        {"top1_error": 0.02},
        {"top1_error": 0.02},
        {"top1_error": 0.01},
    ]
    train(folder, 3, digest="0" * 64)
    assert metrics(MODEL) is None
    for content in ("{", "[]", json.dumps({"weights_digest": 1})):
        Path("metrics/train.json").write_text(content)
        assert metrics(MODEL) is None
    Path("metrics/train.json").unlink()
    assert metrics(MODEL) is None


def test_a_model_whose_answers_are_no_numbers_does_not_take_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Classifier(["a", "b"], width=0.05)
    for weight in model.network.weights:
        weight.assign(weight * 0 + 3e37)
    save_model(tmp_path / "m.keras", model)
    source = ModelSource(str(tmp_path / "m.keras"))
    with pytest.raises(UserError, match="is no finite number"):
        source.load(source.mark())
