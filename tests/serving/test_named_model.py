"""Models by their names: files, stages and versions of the registry, revisions; wherever DVC keeps them."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from alexnet_pipe import cli
from alexnet_pipe.base.errors import UserError
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import load_model, save_model
from alexnet_pipe.project.revisions import how_to_get
from alexnet_pipe.serving.named_files import model_file
from tests.newcomer import Run, newcomer

MODEL = "models/alexnet.keras"
PIPELINE = {
    "stages": {"train": {"cmd": f"mkdir -p models; cp trained {MODEL}", "deps": ["trained"], "outs": [MODEL]}},
    "artifacts": {"alexnet": {"path": MODEL, "type": "model"}},
}
UNKNOWN = "is no revision of this project: `git tag`, `git log --oneline` and `dvc exp list` name them"
ROOT = Path(__file__).parents[2]


def content(name: str) -> bytes:
    with model_file(name) as path:
        assert path.suffix == ".keras"
        return path.read_bytes()


def test_a_file_wins_over_everything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (MODEL, "HEAD.keras", "alexnet@prod.keras"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(name)
        assert content(name) == name.encode()


def test_without_git_only_files_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HEAD~1", "alexnet@prod", "other.keras"):
        with pytest.raises(
            UserError, match=rf"^{name} is no file, and {tmp_path} is in no git repository: work in a `git clone`"
        ):
            content(name)
    with pytest.raises(UserError, match=rf"^{MODEL} is missing: work in the project's folder, or name a file"):
        content(MODEL)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return newcomer(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    """A commit before there is a model; v0.0.1, in production and pushed; v0.0.2, not pushed; an experiment."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "dvc.yaml").write_text(yaml.safe_dump(PIPELINE))
    (folder / ".gitignore").write_text("/models/\n")
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "dvc", "init", "-q")
    shutil.copy(ROOT / ".dvc/config", folder / ".dvc/config")
    run(folder, "dvc", "remote", "add", "-d", "store", str(tmp_path_factory.mktemp("remote")))
    run(folder, "git", "add", ".")
    run(folder, "git", "commit", "-qm", "No model")
    for number in (1, 2):
        (folder / "trained").write_text(f"model {number}")
        run(folder, "dvc", "repro", "-q")
        run(folder, "git", "add", ".")
        run(folder, "git", "commit", "-qm", f"Model {number}")
        run(folder, "gto", "register", "alexnet")
        if number == 1:
            run(folder, "gto", "assign", "alexnet", "--stage", "prod")
            run(folder, "dvc", "push", "-q")
    (folder / "trained").write_text("model 3")
    run(folder, "dvc", "exp", "run", "-q", "-n", "attempt")
    run(folder, "git", "checkout", "-q", ".")
    run(folder, "dvc", "checkout", "-q")
    return folder


@pytest.fixture
def clone(project: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a clone with an empty cache."""
    run(tmp_path, "git", "clone", "-q", str(project), "clone")
    monkeypatch.chdir(tmp_path / "clone")
    return tmp_path / "clone"


NAMES = {
    "alexnet@prod": 1,
    "alexnet@v0.0.1": 1,
    "alexnet@v0.0.2": 2,
    "HEAD": 2,
    "HEAD~1": 1,
    "main": 2,
    "attempt": 3,
}


@pytest.mark.slow
def test_every_name_gives_its_model_and_leaves_nothing_behind(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    before = sorted(project.rglob("*.keras*")), run(project, "git", "status", "--porcelain")
    assert {name: content(name) for name in NAMES} == {name: f"model {n}".encode() for name, n in NAMES.items()}
    assert before == (sorted(project.rglob("*.keras*")), run(project, "git", "status", "--porcelain"))
    with model_file("HEAD~1") as path:
        pass
    assert not path.parent.exists()


@pytest.mark.slow
def test_a_model_that_is_in_the_remote_is_fetched_into_the_cache(clone: Path) -> None:
    assert content("alexnet@prod") == b"model 1"
    assert [path.read_bytes() for path in (clone / ".dvc/cache/files").rglob("*") if path.is_file()] == [b"model 1"]
    assert not (clone / "models").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alexnet@nope", "alexnet@nope: there is no such stage or version; there are v0.0.2, v0.0.1, prod"),
        ("nope", f"nope is no file, and nope {UNKNOWN}"),
        ("models", f"models is no file, and models {UNKNOWN}"),
        ("HEAD~2", f"HEAD~2 has no {MODEL}: name a revision that has one"),
        (
            "alexnet@v0.0.2",
            f"{MODEL} of alexnet@v0.0.2 is neither in DVC's cache nor in its remote: `dvc push "
            "--all-commits` brings it there from the clone that has it",
        ),
    ],
)
def test_what_cannot_be_had_is_one_line(name: str, expected: str, clone: Path) -> None:
    with pytest.raises(UserError) as error:
        content(name)
    assert str(error.value) == expected


@pytest.mark.slow
def test_without_versions_the_line_says_how_to_register_one(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "git", "init", "-q")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"^alexnet@prod: no version is registered: `gto register alexnet` does that$"):
        content("alexnet@prod")


@pytest.mark.slow
def test_a_damaged_model_is_called_by_its_name(clone: Path) -> None:
    with (
        pytest.raises(UserError, match=r"^the model of alexnet@prod is not a model of this project, or is damaged"),
        model_file("alexnet@prod") as path,
    ):
        load_model(path)


@pytest.mark.slow
def test_predict_and_evaluate_take_such_names(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Git alone may keep a model, too.
    for number in (1, 2):
        save_model(tmp_path / MODEL, Classifier(["cat", f"dog{number}"], width=0.05))
        run(tmp_path, "git", "init", "-q")
        run(tmp_path, "git", "add", ".")
        run(tmp_path, "git", "commit", "-qm", "Model")
    (tmp_path / "set/cat").mkdir(parents=True)
    Image.new("RGB", (20, 20)).save(tmp_path / "set/cat/1.png")
    monkeypatch.chdir(tmp_path)
    for arguments, expected in (
        (["predict", "set", "--csv", "--model", "HEAD~1"], "dog1"),
        (["predict", "set", "--csv"], "dog2"),
        (["evaluate", "HEAD~1", "--images", "set"], "HEAD~1"),
    ):
        monkeypatch.setattr(sys, "argv", ["alexnet-pipe", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        assert expected in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", "evaluate", MODEL, "HEAD~1", "--images", "set"])
    with pytest.raises(SystemExit):
        cli.main()
    assert (
        "HEAD~1 has other classes than models/alexnet.keras, without 'dog2' and with 'dog1'" in capsys.readouterr().err
    )


@pytest.mark.slow
def test_what_dvc_does_to_standard_output_does_not_reach_the_rows(tmp_path: Path, run: Run) -> None:
    save_model(tmp_path / MODEL, Classifier(["cat", "dog"], width=0.05))
    name = "\x1b[1m고양이.png"  # Colorama, which DVC lets write everything, would take the first characters away.
    Image.new("RGB", (20, 20)).save(tmp_path / name)
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "git", "add", "models")
    run(tmp_path, "git", "commit", "-qm", "Model")
    rows = run(tmp_path, "alexnet-pipe", "predict", name, "--csv", "--model", "HEAD")
    assert rows.splitlines()[1].startswith(f"{name},predicted,")


@pytest.mark.slow
def test_a_missing_model_comes_from_the_nearest_place_that_has_it(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text(f"stages: {{train: {{cmd: mkdir models; echo 1 > {MODEL}, outs: [{MODEL}]}}}}")
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    assert how_to_get(tmp_path, Path(MODEL)) == "`dvc repro` makes it"
    run(tmp_path, "dvc", "repro", "-q")
    Path(MODEL).unlink()
    assert how_to_get(tmp_path, Path(MODEL)) == f"`dvc checkout {MODEL}` restores it"
    run(tmp_path, "dvc", "checkout", "-q", MODEL)
    assert content(MODEL) == b"1\n"
    for folder in (".dvc/cache", "models"):
        shutil.rmtree(folder)
    run(tmp_path, "dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"))
    assert how_to_get(tmp_path, Path(MODEL)).startswith(f"`dvc pull {MODEL}` fetches it")
