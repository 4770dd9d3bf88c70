"""An import can be made to do without a package that is not needed, and nothing else notices."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from alexnet_pipe.base.startup import as_if_missing


def test_a_package_is_missing_inside_the_block_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_for_this_test.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with as_if_missing("made_for_this_test"), pytest.raises(ModuleNotFoundError):
        import_module("made_for_this_test")
    loaded = import_module("made_for_this_test")
    with as_if_missing("made_for_this_test"):
        assert import_module("made_for_this_test") is loaded
    monkeypatch.delitem(sys.modules, "made_for_this_test")


def test_keras_starts_without_plots_and_tables() -> None:
    code = "import sys, alexnet_pipe.model; print([name for name in ('matplotlib', 'pandas') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
