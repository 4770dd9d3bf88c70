"""`make setup` knows whose environment lies in the folder, and `make test` which tests stay together."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE_ANEW = "made for another folder"


@pytest.mark.parametrize(("made_in", "said"), [("{here}", False), ("/elsewhere{here}", True), ("/elsewhere", True)])
def test_an_environment_that_was_made_in_another_folder_is_made_anew(tmp_path: Path, made_in: str, said: bool) -> None:
    folder = tmp_path / "ö \"q\" 'x' #%d"
    (folder / ".venv").mkdir(parents=True)
    for name in ("Makefile", "uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv/.synced").write_text(f"{made_in.format(here=folder.resolve())}\n")
    # It prints what it would do, and does nothing.
    plan = subprocess.run(["make", "--dry-run", "setup"], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert (MADE_ANEW in plan) == said


def test_the_tests_of_a_file_stay_together(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("they are not shared out by their groups")
    assert request.node.nodeid.endswith("@tests/contract/test_environment.py")
