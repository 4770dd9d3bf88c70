"""Where the sources of these tests put what they fetch."""

from pathlib import Path

import pytest


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


@pytest.fixture
def packed(target: Path) -> Path:
    """The path of an archive that is to be made, alone in its folder."""
    return target / "a.zip"
