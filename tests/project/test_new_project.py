"""A project is made of the program alone: of a checkout, and of a wheel where there is none."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.fingerprint import PACKAGE
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.new_project import make_project
from tests.newcomer import newcomer
from tests.pipeline.project import write_photographs

ROOT = PACKAGE.parents[1]


def files(folder: Path) -> dict[str, bytes]:
    """All that git has of the project in `folder`, but for the page that says its name."""
    listed = subprocess.run(["git", "ls-files"], cwd=folder, capture_output=True, text=True, check=True).stdout
    return {name: (folder / name).read_bytes() for name in listed.splitlines() if name != "README.md"}


def test_a_checkout_makes_a_project_of_its_code(tmp_path: Path) -> None:
    make_project(tmp_path / "new")
    made, own = files(tmp_path / "new"), files(ROOT)
    measured = {str(path): b"{}\n" for path in Artifacts().measured}
    assert made == {name: own[name] for name in made} | measured
    assert {name for name in own if name.startswith(("src/", "flows/", "conf/"))} <= made.keys()
    git = ["git", "-C", str(tmp_path / "new")]
    assert subprocess.check_output([*git, "status", "--porcelain"]) == b""
    assert subprocess.check_output([*git, "rev-list", "--count", "HEAD"]) == b"1\n"


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("full", "full is there already"),
        ("file", "file is there already"),
        ("repository/new", "lies in the repository .*/repository, and a project is one of its own"),
        ("repository/.git/new", "lies in the repository"),
    ],
)
def test_nothing_is_overwritten_and_no_repository_is_nested(
    folder: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").touch()
    (tmp_path / "file").touch()
    subprocess.run(["git", "init", "--quiet", "repository"], check=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=told):
        make_project(Path(folder))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_project_without_an_environment_runs_its_own_code(tmp_path: Path) -> None:
    make_project(tmp_path / "new")
    (tmp_path / "new/src/alexnet_pipe/__main__.py").write_text("import sys\nprint('its own', *sys.argv[1:])\n")
    program = str(Path(sys.executable).parent / "alexnet-pipe")
    assert newcomer(tmp_path)(tmp_path / "new", program, "set", "a b") == "its own set a b\n"
    (tmp_path / "new/.venv").mkdir()
    done = subprocess.run([program, "set", "a=b"], cwd=tmp_path / "new", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "not the project in this folder: run `make setup` here" in done.stderr


@pytest.mark.slow
def test_a_wheel_makes_a_project_that_runs(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    alexnet_pipe = _installed(next(tmp_path.glob("*.whl")), tmp_path / "environment")
    run = newcomer(tmp_path, PYTHONDONTWRITEBYTECODE="1")
    assert run(tmp_path, alexnet_pipe, "new", "colours").endswith("cd colours && alexnet-pipe preset\n")
    project = tmp_path / "colours"
    assert files(project).keys() == files(_made_of_checkout(tmp_path)).keys()
    write_photographs(project / "photographs")
    settings = ("dataset.location=photographs", "model.width=0.05", "train.max_epochs=1", "resize.max_rejected=0.2")
    run(project, alexnet_pipe, "preset", "photographs", *settings)
    assert "Report: report/index.html" in run(project, alexnet_pipe, "run")
    assert "photographs/test/red/0.png" in run(project, alexnet_pipe, "predict", "photographs/test/red", "--csv")


def _made_of_checkout(folder: Path) -> Path:
    make_project(folder / "of-checkout")
    return folder / "of-checkout"


def _installed(wheel: Path, environment: Path) -> str:
    """The program of a wheel in an environment of its own, with the libraries of this one.

    What stands in a file `.pth` of theirs, as the checkout's own source, is not looked for there.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin/python"
    uv = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*uv, "--python", python, wheel], check=True, env={**os.environ, "UV_NO_CONFIG": "1"})
    places = sysconfig.get_paths(vars={"base": str(environment), "platbase": str(environment)})
    (Path(places["purelib"]) / "libraries.pth").write_text(sysconfig.get_paths()["purelib"])
    return str(environment / "bin/alexnet-pipe")
