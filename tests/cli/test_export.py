"""`alexnet-pipe export` as a user runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from alexnet_pipe import cli
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from tests.stores import light_and_dark, write_test_images


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    save_model(tmp_path / "models/alexnet.keras", Classifier(["cat", "dog"], width=0.05, initialisation="he"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "models"


def failure(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said on standard error, which is one line."""
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", "export", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    line, rest = capsys.readouterr().err.split("\n", maxsplit=1)
    assert rest == ""
    return line


@pytest.mark.slow
def test_the_projects_test_photographs_are_asked_as_well(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_test_images(Artifacts(models.parent), light_and_dark(12))
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", "export", "--format", "onnx"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    assert "checked on 8 images and 12 test photographs: probabilities differ by at most" in capsys.readouterr().out


@pytest.mark.slow
def test_the_file_lies_beside_the_model_and_one_line_says_so(models: Path) -> None:
    command = [sys.executable, "-m", "alexnet_pipe", "export", "--format", "tflite"]
    result = subprocess.run(command, cwd=models.parent, capture_output=True, text=True, check=True)
    *progress, said = result.stdout.splitlines()
    assert re.fullmatch(
        r"export: models/alexnet\.tflite, \d\.\d MB, checked on 8 images: probabilities differ by at most \de-\d+", said
    )
    assert [line for line in progress if not line.startswith("export: ")] == []  # Of a slow machine only.
    assert result.stderr == ""
    assert sorted(path.name for path in models.iterdir()) == ["alexnet.keras", "alexnet.tflite"]


def test_an_unknown_format_is_a_usage_error_that_lists_the_formats(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", "export", "--format", "onix"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    said = capsys.readouterr().err
    for part in ("onix", "onnx", "saved-model", "tflite"):
        assert part in said


def test_a_missing_model_is_one_line_that_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert failure(["--format", "onnx"], monkeypatch, capsys) == (
        "alexnet-pipe: models/alexnet.keras is missing: work in the project's folder, or name a file"
    )


def test_an_export_is_no_model_to_export(
    models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (models / "small.onnx").write_bytes(b"\x08\x0a")
    assert failure(
        ["--format", "onnx", "--model", "models/small.onnx", "--out", "again.onnx"], monkeypatch, capsys
    ) == ("alexnet-pipe: models/small.onnx is an export already: name the .keras file that it was made of")


@pytest.mark.parametrize(
    ("to", "out", "reason"),
    [
        ("onnx", "models/alexnet.keras", "is the model itself"),
        ("onnx", "models", "is a folder of other things"),
        ("saved-model", "models", "is a folder of other things"),
        ("saved-model", "models/notes", "is a file, and a SavedModel is a folder"),
        ("onnx", "models/notes", "is another file"),
        ("tflite", "models/notes", "is another file"),
        ("bundle", "models/notes", "is another file"),
        ("bundle", "models/other.keras", "is another file"),
    ],
)
def test_nothing_but_an_earlier_export_is_replaced(
    to: str,
    out: str,
    reason: str,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (models / "notes").write_text("mine")
    before = (models / "alexnet.keras").read_bytes()
    (models / "other.keras").write_bytes(before)
    said = failure(["--format", to, "--out", out], monkeypatch, capsys)
    assert said == f"alexnet-pipe: {out} {reason}: name another place with --out"
    assert (models / "alexnet.keras").read_bytes() == before
    assert (models / "other.keras").read_bytes() == before
    assert (models / "notes").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx", "tflite", "bundle"])
def test_an_earlier_export_is_replaced(to: str, models: Path) -> None:
    command = [sys.executable, "-m", "alexnet_pipe", "export", "--format", to, "--out", "exported"]
    written = []
    for _ in range(2):
        subprocess.run(command, cwd=models.parent, capture_output=True, check=True)
        written.append((models.parent / "exported").read_bytes())
    assert written[0] == written[1]
