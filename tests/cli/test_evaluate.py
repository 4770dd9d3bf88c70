"""`alexnet-pipe evaluate` as a user runs it."""

import json
from pathlib import Path

import pytest
from PIL import Image

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from tests.cli.command import exit_status


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current one, with two models and a labelled set: one image in both classes, one refused, one outside."""
    for name, classes in (("one", ["개", "dog"]), ("two", ["dog", "개"])):
        save_model(tmp_path / f"{name}.keras", Classifier(classes, width=0.05, initialisation="he"))
    for name in ("개/1.png", "dog/1.png"):
        (tmp_path / "set" / name).parent.mkdir(parents=True)
        Image.new("RGB", (20, 20), "red").save(tmp_path / "set" / name)
    (tmp_path / "set/dog/\x1b[2J.jpg").write_text("no photograph")
    (tmp_path / "set/read me").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluate(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit status."""
    return exit_status(monkeypatch, "evaluate", *arguments)


def test_a_table_shows_each_model_and_their_average_with_counts_and_intervals(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("one.keras", "two.keras", "--images", "set", monkeypatch=monkeypatch) == 0
    output = capsys.readouterr()
    counted, _, heading, _, *rows = output.out.splitlines()
    assert counted == "2 photographs of 2 classes; 1 refused"
    assert [name.strip() for name in heading.split("  ") if name.strip()] == ["model", "error", "one view", "ten views"]
    # Wilson's interval of 1 of 2 is (1 + z²/2 ± z·√(1/2 + z²/4)) / (2 + z²).
    cell = "50.00% (9.45% to 90.55%), 1 of 2"
    names = ("one.keras", "two.keras", "average")
    assert [row.split(maxsplit=2) for row in rows] == [[name, "top-1", f"{cell}   {cell} "] for name in names]
    assert output.err.splitlines() == [
        "evaluate: files outside any class folder, ignored: 1",
        r"refused: set/dog/\x1b[2J.jpg: not an image: no decoder knows it",
    ]


def test_published_figures_stand_beside_a_network_of_imagenets_classes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"n{number:08}" for number in range(1000)]
    (folder / "names.txt").write_text("\n".join(names))
    numbered = Classifier([f"class {number}" for number in range(1000)], variant="caffenet", width=0.05)
    save_model(folder / "imported.keras", numbered)
    (folder / "set/dog").rename(folder / "set/n00000007")
    (folder / "set/개").rename(folder / "set/n00000009")
    assert evaluate("imported.keras", "--on", "set", "--classes", "names.txt", monkeypatch=monkeypatch) == 0
    *_, top1, top5, note = [" ".join(row.split()) for row in capsys.readouterr().out.splitlines() if row.strip()]
    assert top1 == "published: BVLC's CaffeNet top-1 42.6 %"
    assert top5 == "top-5 19.6 %"
    assert note == "published: of these variants, on the 50,000 validation images of ILSVRC2012"


def test_names_for_other_classes_are_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "names.txt").write_text("dog\ncat\nowl\n")
    assert evaluate("one.keras", "--on", "set", "--classes", "names.txt", monkeypatch=monkeypatch) == 1
    assert capsys.readouterr().err == (
        "alexnet-pipe: names.txt has 3 names, but the network has 2 classes: give one a line\n"
    )


def test_without_a_model_the_projects_is_meant(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "models").mkdir()
    (folder / "one.keras").rename(folder / "models/alexnet.keras")
    assert evaluate("--images", "set", monkeypatch=monkeypatch) == 0
    assert "models/alexnet.keras" in capsys.readouterr().out


def test_json_has_the_metrics_by_their_names_in_the_pipeline(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("one.keras", "two.keras", "--images", "set", "--json", monkeypatch=monkeypatch) == 0
    content = json.loads(capsys.readouterr().out)
    assert list(content) == ["models", "average", "refused"]
    assert list(content["models"]) == ["one.keras", "two.keras"]
    assert content["refused"] == 1
    for metrics in (*content["models"].values(), content["average"]):
        assert metrics["examples"] == 2
        assert metrics["top1_error"] == metrics["top1_error_count"] / 2
        assert metrics["top1_error_ten_view_interval"].keys() == {"low", "high"}
        assert metrics["top5_error"] is None


def test_one_model_has_no_average(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("one.keras", "--images", "set", "--json", monkeypatch=monkeypatch) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["models", "refused"]


def test_nothing_usable_and_a_model_named_twice_are_errors(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for photo in folder.glob("set/*/1.png"):
        photo.write_bytes(b"")
    assert evaluate("one.keras", "--images", "set", monkeypatch=monkeypatch) == 1
    assert capsys.readouterr().err.endswith("alexnet-pipe: set: no photograph could be used; the reasons stand above\n")
    assert evaluate("one.keras", "one.keras", "--images", "set", monkeypatch=monkeypatch) == 2
    assert "one is named twice" in capsys.readouterr().err
