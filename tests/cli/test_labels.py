"""`alexnet-pipe relabel` writes what a person has decided, or nothing; `suspects` writes what it is to decide about."""

from pathlib import Path

import pandas as pd
import pytest
import typer

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.cli.labels import relabel, suspects
from alexnet_pipe.datasets.relabelled import load_overrides, save_overrides
from alexnet_pipe.evaluation import label_errors
from alexnet_pipe.project.run_lock import BusyError, only_writer

A, B = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = pd.DataFrame({"split": ["train"] * 3 + ["test", "train"], "label": ["cat", "cat", "dog", "cat", "cat"]})
    rows = rows.assign(sha256=[letter * 64 for letter in "abcde"], member=[f"{n}.jpg" for n in range(5)])
    Path("data").mkdir()
    rows.to_parquet(Artifacts().manifest)
    save_overrides(Artifacts().relabelled, {})


def review(text: str) -> Path:
    Path("review.csv").write_text(text)
    return Path("review.csv")


def labels() -> dict[str, str]:
    return {digest: override.label for digest, override in load_overrides(Artifacts().relabelled).items()}


def test_what_is_decided_adds_up_and_is_taken_back(capsys: pytest.CaptureFixture[str]) -> None:
    relabel(review("image,label\n0.jpg,dog\n"))
    relabel(review("image,label\n1.jpg,dog\n3.jpg,dog\n"))
    assert labels() == {A: "dog", B: "dog", "d" * 64: "dog"}
    relabel(review("image,label\n0.jpg,whatever\n3.jpg,\n"), undo=True)
    assert labels() == {B: "dog"}
    capsys.readouterr()
    relabel(undo=True)
    assert labels() == {}
    assert "relabel: 0 relabelled and 0 dropped in conf/relabelled.csv, where 1 were before" in capsys.readouterr().out
    relabel(undo=True)
    assert capsys.readouterr().out == "relabel: conf/relabelled.csv stays as it is, with 0 lines\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,label\n0.jpg,dog\n9.jpg,dog\n", "line 3: there is no photograph '9.jpg'"),
        ("image,label\n0.jpg,dog\n1.jpg,bird\n", "line 3: there is no class 'bird'"),
        ("image,label\n0.jpg,dog\n0.jpg,dog\n", "line 3: line 2 names the same photograph"),
        ("image,label\n", "nothing is changed"),
        ("image,label\n2.jpg,drop\n1.jpg,cat\n", "would leave the class 'dog' without training images"),
        ("image,label\n3.jpg,drop\n", "would leave the test split without images"),
    ],
)
def test_a_mistake_changes_nothing(text: str, message: str) -> None:
    relabel(review("image,label\n1.jpg,dog\n"))
    before = Artifacts().relabelled.read_bytes()
    with pytest.raises(UserError) as refused:
        relabel(review(text))
    assert message in str(refused.value)
    assert Artifacts().relabelled.read_bytes() == before


def test_nothing_is_changed_beside_a_run_or_without_a_table() -> None:
    with only_writer(Path(), "resize"), pytest.raises(BusyError):
        relabel(review("image,label\n0.jpg,dog\n"))
    with pytest.raises(typer.BadParameter, match="name the table"):
        relabel(None)
    assert labels() == {}


def test_what_suspects_writes_is_what_relabel_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {"container": "a.zip", "member": ["1.jpg", "0.jpg"], "sha256": [B, A], "split": "train", "given": "cat"}
    table = pd.DataFrame(columns | {"suspected": "dog", "quality": [0.01, 0.9], "found": [True, False]})
    monkeypatch.setattr(label_errors, "find_label_errors", lambda _: table)
    suspects(Path("out.csv"))
    said = capsys.readouterr().out
    assert "suspects: 1 of 2 labels are probably wrong" in said
    assert "1.00%" in said
    relabel(Path("out.csv"))
    assert labels() == {B: "dog"}
    with pytest.raises(UserError, match=r"--out data: name a file that ends in \.csv"):
        suspects(Path("data"))
