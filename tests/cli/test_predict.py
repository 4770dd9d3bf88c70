"""`alexnet-pipe predict` as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from alexnet_pipe import cli
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.weights.model_file import save_model
from tests.terminal import run_on_terminal

PREDICT = [sys.executable, "-m", "alexnet_pipe", "predict"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model and a photograph that is too small by default."""
    save_model(tmp_path / "models/alexnet.keras", Classifier(["cat", "dog"], width=0.05, initialisation="he"))
    Image.new("RGB", (12, 12)).save(tmp_path / "small.png")
    return tmp_path


def test_nothing_predicted_is_status_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", "predict", "small.png"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    output = capsys.readouterr()
    assert end.value.code == 1
    assert output.err == "alexnet-pipe: no file could be predicted: the table says why\n"
    assert "too small: 12×12 pixels" in output.out


def test_a_terminal_shows_table_and_bar(folder: Path) -> None:
    Image.new("RGB", (20, 20)).save(folder / "photo.png")
    status, shown = run_on_terminal([*PREDICT, "photo.png", "gone.png"], folder, os.environ)
    assert status == 0
    assert "%" in shown.split("photo.png")[1].split("gone.png")[0]
    assert "missing: no file" in shown
    assert "2/2" in shown


def test_a_missing_model_is_one_line_that_says_how_to_get_it(tmp_path: Path) -> None:
    result = subprocess.run([*PREDICT, "photo.jpg"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == (
        "alexnet-pipe: models/alexnet.keras is missing: run `dvc pull models/alexnet.keras` to fetch it, "
        "or `dvc repro` to make it\n"
    )
