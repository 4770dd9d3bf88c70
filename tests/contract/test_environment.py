"""`make setup` knows whose environment lies in the folder, and `make test` which tests stay together."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE_ANEW = "made for another folder"


def _plan(folder: Path, *asked: str, stamp: str = ".synced", made_in: str = "{here}") -> str:
    """What `make` would do in a folder with an environment; nothing is done."""
    (folder / ".venv").mkdir(parents=True)
    for name in ("Makefile", "uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv" / stamp).write_text(f"{made_in.format(here=folder.resolve())}\n")
    make = ["make", "--dry-run", *asked]
    return subprocess.run(make, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("made_in", "said"), [("{here}", False), ("/elsewhere{here}", True), ("/elsewhere", True)])
def test_an_environment_that_was_made_in_another_folder_is_made_anew(tmp_path: Path, made_in: str, said: bool) -> None:
    plan = _plan(tmp_path / "ö \"q\" 'x' #%d", "setup", made_in=made_in)
    assert (MADE_ANEW in plan) == said


@pytest.mark.parametrize(
    ("stamp", "asked", "made"),
    [
        (".synced", ["setup"], None),
        (".synced", ["setup", "JAX=1"], None),
        (".synced", ["setup", "GPU=1"], ".synced-gpu"),
        (".synced-gpu", ["setup"], ".synced"),
        (".synced-gpu", ["setup", "JAX=1", "GPU=1"], ".synced-jax-gpu"),
        (".synced-jax-gpu", ["setup", "GPU=1"], ".synced-gpu"),
        (".synced-jax-gpu", ["setup", "JAX=1", "GPU=1"], None),
        (".synced", ["setup", "LEAN=1"], ".synced-lean"),
        (".synced-lean", ["setup", "LEAN=1", "GPU=1", "JAX=1"], ".synced-lean-jax-gpu"),
        # What needs the environment takes the one that is there.
        (".synced-gpu", ["run"], None),
        (".synced-jax-gpu", ["test"], None),
        (".synced-lean", ["run"], None),
        (".synced-gpu", ["run", "JAX=1", "GPU=1"], ".synced-jax-gpu"),
    ],
)
def test_the_environment_is_synced_if_another_combination_is_asked_for(
    tmp_path: Path, stamp: str, asked: list[str], made: str | None
) -> None:
    plan = _plan(tmp_path, *asked, stamp=stamp)
    assert ("uv sync" in plan) == (made is not None)
    if made is not None:
        assert f"pwd -P > .venv/{made}\n" in plan
        assert ("--no-group cpu --group gpu" in plan) == ("gpu" in made)
        assert ("--group jax-gpu" in plan) == ("jax" in made)
        assert ("--no-group dev" in plan) == ("lean" in made)


def test_an_environment_that_lacks_a_new_package_stays_of_its_combination(tmp_path: Path) -> None:
    plan = _plan(tmp_path, "--what-if=uv.lock", "run", stamp=".synced-jax-gpu")
    assert "--no-group cpu --group gpu --group jax-gpu" in plan


def test_an_image_has_nothing_that_git_ignores() -> None:
    ignored = {f"{folder}{line}" for folder in ("", ".dvc") for line in _lines(folder, ".gitignore")}
    left_out = {line.removeprefix("!").removeprefix("**/") for line in _lines("", ".dockerignore")}
    assert {pattern.removeprefix("!").strip("/") for pattern in ignored} <= left_out


def _lines(folder: str, name: str) -> list[str]:
    lines = (ROOT / folder / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_the_tests_of_a_file_stay_together(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("they are not shared out by their groups")
    assert request.node.nodeid.endswith("@tests/contract/test_environment.py")
