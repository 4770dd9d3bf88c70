"""Predictions as a table for people, and as rows for other programs, whatever the names are."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.base import progress
from alexnet_pipe.base.errors import UserError
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.preparation.decode import RefusedError
from alexnet_pipe.serving import predictions as module
from alexnet_pipe.serving.predictions import CsvRows, JsonLines, Prediction, Submission, show_predictions

FIRST, KOREAN, UNDECODABLE = 'a/comma, "quotes" and\nline.png', "고양이.jpg", "\udcff.png"
SIX = {"개, 큰": 0.5, "b": 0.25, "f": 0.125, "c": 0.0625, "d": 0.05, "e": 0.0125}
"""Probabilities, best first."""

GONE = Prediction(Path("gone.png"), {}, RefusedError("missing", "no file"))


def shown(
    form: Any, names: list[str], capfdbinary: pytest.CaptureFixture[bytes], **probabilities: float
) -> tuple[str, str]:
    """Standard output and error for photographs of these names, and one that is missing, in two batches."""
    batch = [Prediction(Path(name), probabilities) for name in names]
    rows = form([prediction.photograph for prediction in (*batch, GONE)], sorted(probabilities))
    rows.show(batch[:1])
    rows.show([*batch[1:], GONE])
    out, errors = capfdbinary.readouterr()
    return out.decode(), errors.decode()


def test_csv_has_a_row_a_photograph_with_its_five_best_classes_or_the_reason(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    out, _ = shown(CsvRows, [FIRST, KOREAN, UNDECODABLE], capfdbinary, **SIX)
    heading, *rows, gone = list(csv.reader(io.StringIO(out, newline="")))
    assert heading[:5] == ["photograph", "outcome", "reason", "class1", "probability1"]
    assert heading[-1] == "probability5"
    best = ["개, 큰", "0.5", "b", "0.25", "f", "0.125", "c", "0.0625", "d", "0.05"]
    assert rows == [[name, "predicted", "", *best] for name in (FIRST, KOREAN, r"\udcff.png")]
    assert gone == ["gone.png", "refused", "missing: no file", *[""] * 10]


def test_csv_holds_no_formula_and_numbers_stay_numbers(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    out, _ = shown(CsvRows, ["=1+1.jpg"], capfdbinary, **{"@SUM(A1)": 0.75, "-cat": 0.25})
    _, row, _ = csv.reader(io.StringIO(out))
    assert row == ["'=1+1.jpg", "predicted", "", "'@SUM(A1)", "0.75", "'-cat", "0.25"]


def test_csv_has_no_more_columns_than_there_are_classes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    out, _ = shown(CsvRows, ["a.jpg"], capfdbinary, cat=0.75, dog=0.25)
    heading, _, gone = csv.reader(io.StringIO(out))
    assert heading[3:] == ["class1", "probability1", "class2", "probability2"]
    assert len(gone) == len(heading)


def unsure(min_confidence: float, **probabilities: float) -> Prediction:
    return Prediction(Path("a.jpg"), probabilities, min_confidence=min_confidence)


def test_an_unsure_row_has_no_class_and_says_why_in_the_columns_that_are_there(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    shares = {"=cat": 0.625, "dog": 0.375}
    for form in (CsvRows, JsonLines):
        rows = form([Path("a.jpg")], ["=cat", "dog"])
        rows.show([unsure(0.7, **shares), unsure(0.625, **shares)])
    heading, first, second, *lines = capfdbinary.readouterr().out.decode().splitlines()
    assert heading == "photograph,outcome,reason,class1,probability1,class2,probability2"
    assert first == 'a.jpg,unsure,"\'=cat has 0.625, less than 0.7",,,,'
    assert second == "a.jpg,predicted,,'=cat,0.625,dog,0.375"
    said = {"photograph": "a.jpg", "outcome": "unsure", "reason": "=cat has 0.625, less than 0.7"}
    assert json.loads(lines[0]) == said | {"classes": [], "probabilities": []}
    assert json.loads(lines[1])["classes"] == ["=cat", "dog"]


def test_a_table_says_of_an_unsure_photograph_what_it_has(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    module.PredictionTable([Path("a.jpg")], ["c\x07t", "dog"]).show([unsure(0.8, **{"c\x07t": 0.75, "dog": 0.25})])
    row = capfdbinary.readouterr().out.decode().splitlines()[-1]
    assert " ".join(row.split()) == "a.jpg unsure c\\x07t has 0.75, less than 0.8"


def test_json_has_a_line_a_photograph_and_keeps_every_name(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    out, _ = shown(JsonLines, [FIRST, KOREAN, UNDECODABLE], capfdbinary, **SIX)
    *rows, gone = [json.loads(line) for line in out.splitlines()]
    assert KOREAN in out
    best = {"classes": list(SIX)[:5], "probabilities": list(SIX.values())[:5]}
    for row, name in zip(rows, [FIRST, KOREAN, UNDECODABLE], strict=True):
        assert row == {"photograph": name, "outcome": "predicted", "reason": None, **best}
    nothing: dict[str, object] = {"classes": [], "probabilities": []}
    assert gone == {"photograph": "gone.png", "outcome": "refused", "reason": "missing: no file", **nothing}


def test_a_submission_of_two_classes_has_the_probability_of_the_second(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    out, errors = shown(Submission, ["test/12.jpg", KOREAN], capfdbinary, dog=0.75, cat=0.25)
    assert out == "id,label\n12,0.75\n고양이,0.75\ngone,0.5\n"
    assert errors == "refused, 0.5 is written: gone.png: missing: no file\n"


def test_a_submission_of_more_classes_has_the_probabilities_of_all_in_label_order(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    out, errors = shown(Submission, ["12.jpg", UNDECODABLE], capfdbinary, **SIX)
    heading, first, undecodable, gone = csv.reader(io.StringIO(out))
    assert heading == ["id", "b", "c", "d", "e", "f", "개, 큰"]
    assert first == ["12", "0.25", "0.0625", "0.05", "0.0125", "0.125", "0.5"]
    assert undecodable == [r"\udcff", *first[1:]]
    assert [float(share) for share in gone[1:]] == pytest.approx([1 / 6] * 6)
    assert errors == "refused, 0.167 is written: gone.png: missing: no file\n"


def test_a_submission_cannot_have_an_id_twice() -> None:
    with pytest.raises(UserError, match=r"^a/1.jpg and b/1.png would have the same id, '1': rename one"):
        Submission([Path("a/1.jpg"), Path("b/1.png")], ["cat", "dog"])


def table_rows(
    classes: list[str], files: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[list[str]]:
    """The lines of the table, cut where the heading's columns begin."""
    monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    model = Classifier(classes, width=0.05, initialisation="he", seed=4)
    show_predictions(FeatureNetwork(model), files)
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
    first, gone, last = table_rows(["cat", "dog"], files, monkeypatch, capsys)
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
    ((photograph, best, _, others),) = table_rows(["[bold]cat[/]", "d\x07g"], [odd], monkeypatch, capsys)
    assert photograph == f"{tmp_path}/a\\n[red]\\x1b[2J\\udcff.png"
    assert {best, others.rsplit(" ", 1)[0]} == {"[bold]cat[/]", "d\\x07g"}


def test_it_is_an_error_only_if_nothing_could_be_predicted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Classifier(["cat", "dog"], width=0.05)
    with pytest.raises(UserError, match="no file could be predicted"):
        show_predictions(FeatureNetwork(model), [tmp_path / "gone"])
    assert "missing: no file" in capsys.readouterr().out
