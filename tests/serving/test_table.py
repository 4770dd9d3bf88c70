"""The table: one row a photograph, in batches that line up, and nothing else on standard output."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.base import progress
from alexnet_pipe.base.errors import UserError
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.serving import predict as module
from alexnet_pipe.serving.show import show_predictions


def rows(
    classes: list[str], files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[list[str]]:
    """The lines, cut where the heading's columns begin."""
    monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    model = Classifier(classes, width=0.05, initialisation="he", seed=4)
    show_predictions(model, files)
    output = capsys.readouterr()
    assert output.err.count("predict: ") == len(files) - 1
    heading, _, *lines = output.out.splitlines()
    starts = [heading.index(name) for name in ("photograph", "class", "probability", "next")]
    return [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for line in lines]


def test_batches_make_one_table_of_predictions_and_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / f"{'long ' * 30}{number}.png" for number in range(2)]
    for file in files:
        Image.fromarray(np.full((30, 30, 3), 99, np.uint8)).save(file)
    files.insert(1, tmp_path / "gone")
    first, gone, last = rows(["cat", "dog"], files, monkeypatch, capsys)
    assert first[0] == str(files[0])
    assert last == [str(files[2]), *first[1:]]
    assert first[1] in ("cat", "dog")
    assert first[2].endswith("%")
    share = float(first[3].removesuffix("%").split()[1])
    assert share + float(first[2].removesuffix("%")) == pytest.approx(100, abs=0.11)
    assert gone == [str(files[1]), "refused", "", "missing: no file"]


def test_names_cannot_steer_the_terminal_or_the_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "a\n[red]\x1b[2J\udcff.png"
    Image.new("RGB", (30, 30)).save(odd, "PNG")
    ((photograph, best, _, others),) = rows(["[bold]cat[/]", "d\x07g"], [odd], monkeypatch, capsys)
    assert photograph == f"{tmp_path}/a\\n[red]\\x1b[2J\\udcff.png"
    assert {best, others.rsplit(" ", 1)[0]} == {"[bold]cat[/]", "d\\x07g"}


def test_it_is_an_error_only_if_nothing_could_be_predicted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Classifier(["cat", "dog"], width=0.05)
    with pytest.raises(UserError, match="no file could be predicted"):
        show_predictions(model, [tmp_path / "gone"])
    assert "missing: no file" in capsys.readouterr().out
