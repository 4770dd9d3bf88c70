"""`alexnet-pipe predict` as a user runs it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from alexnet_pipe.base import progress
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.serving import predictions as module
from tests.cli.command import exit_status
from tests.terminal import run_on_terminal

PREDICT = [sys.executable, "-m", "alexnet_pipe", "predict"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current one, with a model, a photograph, and one that is too small by default."""
    save_model(tmp_path / "models/alexnet.keras", Classifier(["cat", "dog"], width=0.05, initialisation="he"))
    Image.new("RGB", (12, 12)).save(tmp_path / "small.png")
    Image.new("RGB", (20, 20)).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def predict(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit status."""
    return exit_status(monkeypatch, "predict", *arguments)


def test_nothing_predicted_is_status_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("small.png", monkeypatch=monkeypatch) == 1
    output = capsys.readouterr()
    assert output.err == "alexnet-pipe: no file could be predicted; the reasons stand above\n"
    assert "too small: 12×12 pixels" in output.out


def test_a_file_gets_the_rows_and_as_many_classes_as_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("photo.png", "--top", "1", "--out", "found.csv", monkeypatch=monkeypatch) == 0
    heading, row = (folder / "found.csv").read_text().splitlines()
    assert heading == "photograph,outcome,reason,class1,probability1"
    assert row.startswith("photo.png,predicted,,")
    assert predict("photo.png", "--out", "found.jsonl", monkeypatch=monkeypatch) == 0
    assert len(json.loads((folder / "found.jsonl").read_text())["classes"]) == 2
    assert capsys.readouterr().out == ""
    assert predict("small.png", "--out", "found.csv", monkeypatch=monkeypatch) == 1
    assert (folder / "found.csv").read_text().splitlines() == [heading, row]


def test_photographs_that_it_is_not_sure_of_are_no_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("photo.png", "small.png", "--csv", "--min-confidence", "1", monkeypatch=monkeypatch) == 0
    _, unsure, refused = capsys.readouterr().out.splitlines()
    assert unsure.startswith("photo.png,unsure,")
    assert unsure.endswith(', less than 1",,,,')
    assert refused.startswith("small.png,refused,")
    assert predict("photo.png", "--csv", "--min-confidence", "0.5", monkeypatch=monkeypatch) == 0
    assert "photo.png,predicted,," in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--min-confidence", "1.5"], "'--min-confidence': Input should be less than or equal to 1"),
        (["--min-confidence", "nan"], "'--min-confidence': Input should be "),
        (["--min-confidence", "0.5", "--submission"], "--min-confidence: a submission has the probabilities of all"),
    ],
)
def test_a_bound_that_is_none_or_of_no_use_is_a_usage_error(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("photo.png", *arguments, monkeypatch=monkeypatch) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "told"),
    [
        (".", "--out . is a folder: name a file in it"),
        ("pipe", "--out pipe is no plain file: name another, or print the rows without --out"),
        ("photo.png", "--out photo.png is read for it: name another file"),
        ("models/../models/alexnet.keras", "--out models/../models/alexnet.keras is read for it: name another file"),
        ("list.txt", "--out list.txt is read for it: name another file"),
        ("pipe/rows.csv", "pipe/rows.csv cannot be written (pipe can be no folder): name another place"),
    ],
)
def test_no_folder_and_nothing_that_is_read_is_replaced(
    out: str, told: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "list.txt").write_text("photo.png\n")
    os.mkfifo(folder / "pipe")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert predict("list.txt", "--out", out, monkeypatch=monkeypatch) == 1
    assert capsys.readouterr().err == f"alexnet-pipe: {told}\n"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_rows_for_programs_have_standard_output_to_themselves(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"photo.png\nsmall.png\ngone.png\n")))
    assert predict("--json", "-", monkeypatch=monkeypatch) == 0
    output = capfd.readouterr()
    outcomes = [json.loads(line)["outcome"] for line in output.out.splitlines()]
    assert outcomes == ["predicted", "refused", "refused"]
    assert [line.split(",")[0] for line in output.err.splitlines()] == [
        "predict: 1 of 3 photographs",
        "predict: 2 of 3 photographs",
    ]


def test_two_forms_at_once_are_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert predict("--csv", "--submission", "photo.png", monkeypatch=monkeypatch) == 2
    assert "--csv and --submission: they exclude each other" in capsys.readouterr().err


def test_a_missing_model_is_one_line_that_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert predict("photo.jpg", monkeypatch=monkeypatch) == 1
    assert capsys.readouterr().err == (
        "alexnet-pipe: models/alexnet.keras is missing: work in the project's folder, or name a file\n"
    )


@pytest.mark.slow
def test_a_terminal_shows_table_and_bar(folder: Path) -> None:
    status, shown = run_on_terminal([*PREDICT, "photo.png", "gone.png"], folder, os.environ)
    assert status == 0
    assert "%" in shown.split("photo.png")[1].split("gone.png")[0]
    assert "missing: no file" in shown
    assert "2/2" in shown


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error(folder: Path) -> None:
    command = [*PREDICT, "--json", "photo.png"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1


@pytest.mark.parametrize("form", ["", "--csv", "--json"])
def test_a_closed_standard_output_is_no_error_of_the_program(form: str, folder: Path) -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *PREDICT, "photo.png", *form.split()]
    done = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stderr
    assert "alexnet-pipe:" not in done.stderr
