"""A project of its own, made of this program alone: its code, its pipeline, git and DVC, with no clone of ours.

A wheel carries the files that a project has besides the code; in a checkout they lie where they are.
"""

import shutil
import tomllib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import save_json, written_aside
from alexnet_pipe.base.fingerprint import PACKAGE
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.checkout import Checkout, CommandError, NoRepositoryError, commit_identity, git

CARRIED = PACKAGE / "project_files"
"""Where a wheel has them."""

_CODE = Path("src/alexnet_pipe")
_README = """# {name}
A classifier of photographs by alexnet-pipe {version}: its code and its pipeline are in this folder.

    alexnet-pipe preset photographs dataset.location=PATH   # a folder with a folder of photographs a class
    alexnet-pipe run                                        # model, metrics and report; `dvc repro` does the same
    alexnet-pipe predict PHOTO

`params.yaml` has all settings. `make setup` makes an environment of the folder's own in `.venv`, as `uv.lock` has it.
"""


def make_project(folder: Path) -> None:
    """Write a project to `folder`, which is not there yet or empty, as a repository of git and DVC with one commit.

    Raises:
        UserError: if something is in the folder, it lies in another repository, or git is missing.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is there already: name a folder that is not, or that is empty")
    _refuse_inside_another(folder)
    with written_aside(folder) as aside:
        aside.mkdir()
        for name, file in _files().items():
            _copy(file, aside / name)
        shutil.copytree(PACKAGE, aside / _CODE, ignore=shutil.ignore_patterns("__pycache__", CARRIED.name))
        artifacts = Artifacts(aside)
        for measured in artifacts.measured:
            save_json(measured, {})  # Nothing is, yet.
        readme = _README.format(name=folder.resolve().name, version=version("alexnet-pipe"))
        (aside / "README.md").write_text(readme, encoding="utf-8")
        _commit(Checkout(aside), f"Begin with alexnet-pipe {version('alexnet-pipe')}")


def _files() -> Mapping[str, Path]:
    """Where each file or folder lies that a project has, by its place there."""
    if CARRIED.is_dir():
        return {path.relative_to(CARRIED).as_posix(): path for path in CARRIED.rglob("*") if path.is_file()}
    checkout = PACKAGE.parents[1]
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    hook = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    return {name: checkout / name for name in hook["files"]}


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, to)


def _refuse_inside_another(folder: Path) -> None:
    above = next(parent for parent in folder.resolve().parents if parent.is_dir())
    try:
        top = git(Checkout(above), "rev-parse", "--show-toplevel")
    except NoRepositoryError as error:
        if shutil.which("git") is None:
            raise UserError(str(error)) from None
        return
    except CommandError:  # Inside of a .git, say.
        top = str(above)
    raise UserError(f"{folder} lies in the repository {top}, and a project is one of its own: name a folder outside")


def _commit(project: Checkout, message: str) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message, extra=commit_identity(project))
