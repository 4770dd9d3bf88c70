"""Settings are written with their comments kept, and what they name is looked for before anything runs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.cli import app
from alexnet_pipe.params.load import checked_params, load_params, nearest
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.project.run_lock import only_run, only_writer
from alexnet_pipe.stages import settings

Say = Callable[..., Result]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ALEXNET_PIPE_HOME", raising=False)
    (tmp_path / "params.yaml").write_text("# The top.\ntrain:\n  seed: 5  # any\n")
    return lambda *words: CliRunner().invoke(app, words)


def test_set_changes_one_setting_and_keeps_the_rest(say: Say, tmp_path: Path) -> None:
    result = say("set", "train.max_epochs=1", "train.freeze=[conv1]")
    assert result.exit_code == 0, result.output
    assert "train.max_epochs: null -> 1" in result.output
    assert "Next: dvc repro" in result.output
    text = (tmp_path / "params.yaml").read_text()
    assert text.startswith("# The top.\ntrain:\n  seed: 5 # any\n") or "seed: 5  # any" in text
    assert load_params(tmp_path / "params.yaml").train.freeze == ["conv1"]


def test_nothing_is_written_while_a_run_or_a_stage_is_at_work(say: Say, tmp_path: Path) -> None:
    before = (tmp_path / "params.yaml").read_text()
    with only_run(tmp_path):
        assert str(say("set", "train.seed=6").exception).startswith("another run is going on here (process ")
    with only_writer(tmp_path, "train"):
        assert str(say("set", "train.seed=6").exception).startswith("stage train is at work here (process ")
    assert (tmp_path / "params.yaml").read_text() == before
    assert say("set", "train.seed=6").exit_code == 0


def test_a_stage_whose_settings_changed_while_it_ran_has_failed(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(artifacts: Artifacts, train: TrainParams) -> None:
        (tmp_path / "params.yaml").write_text("train: {seed: 6, cuts: 2}\ndataset: {test_share: 0.3}\n")

    monkeypatch.setattr("alexnet_pipe.stages.settings.run", run)
    result = say("stage", "settings")
    assert str(result.exception) == (
        "params.yaml was changed while settings ran (train.seed was 5, is 6; train.cuts was 3, is 2): put it back, and "
        "run `dvc commit -f settings` to keep what it has made; or run again to make it anew"
    )
    monkeypatch.setattr("alexnet_pipe.stages.settings.run", lambda artifacts, train: None)
    assert say("stage", "settings").exit_code == 0


def test_a_mistake_writes_nothing(say: Say, tmp_path: Path) -> None:
    before = (tmp_path / "params.yaml").read_text()
    result = say("set", "train.lr=0.1")
    assert isinstance(result.exception, UserError)
    assert str(result.exception) == "set: train.lr is not a known parameter; did you mean train.learning_rate?"
    assert (tmp_path / "params.yaml").read_text() == before


def test_set_says_what_is_missing_before_a_run(say: Say, tmp_path: Path) -> None:
    result = say("set", "dataset.source=directory", "dataset.location=photographs")
    assert "Before a run: dataset.location: photographs does not exist" in result.output
    (tmp_path / "photographs").mkdir()
    assert "Next: dvc repro" in say("set", "train.init_weights=null").output


def test_a_time_has_an_end(say: Say, tmp_path: Path) -> None:
    (tmp_path / "conf/presets").mkdir(parents=True)
    (tmp_path / "conf/presets/photographs.yaml").write_text("dataset: {source: directory, location: .}\n")
    result = say("preset", "photographs", "--minutes", "inf")
    assert str(result.exception) == "--minutes: inf is no time: give a number of minutes"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("train: {init_weights: none.keras}", r"train\.init_weights: none\.keras is missing: `alexnet-pipe import-w"),
        ("train: {init_weights: ./models/alexnet.keras}", r"is removed before training, which makes it: copy it"),
        ("dataset: {source: imagenet, location: ../nowhere}", r"dataset\.location: \.\./nowhere does not exist \(seen"),
        ("trian: {seed: 1}", "trian is not a known parameter; did you mean train?"),
    ],
)
def test_what_settings_name_is_looked_for(say: Say, content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models/alexnet.keras").touch()
    (tmp_path / "params.yaml").write_text(content)
    with pytest.raises(UserError, match=told):
        checked_params(Path("params.yaml"))
    with pytest.raises(UserError, match=told):
        settings.run(Artifacts())
    assert not (tmp_path / "data/settings.txt").exists()


def test_what_the_page_shows_is_missed_before_the_report(say: Say) -> None:
    with pytest.raises(UserError, match=r"report/certificate\.json is missing: `git checkout report/cert"):
        settings.run(Artifacts())
    write_what_the_page_shows()
    Path("metrics/experiments.json").unlink()
    with pytest.raises(UserError, match=r"metrics/experiments\.json is missing: `git checkout metrics/exp"):
        settings.run(Artifacts())
    write_what_the_page_shows()
    Path("metrics/forms.json").unlink()
    with pytest.raises(UserError, match=r"metrics/forms\.json is missing: `git checkout metrics/forms"):
        settings.run(Artifacts())
    write_what_the_page_shows()
    Path("metrics/robustness.json").unlink()
    with pytest.raises(UserError, match=r"metrics/robustness\.json is missing: `git checkout metrics/rob"):
        settings.run(Artifacts())


def write_what_the_page_shows() -> None:
    for path in (*Artifacts().measured, Artifacts().relabelled):
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")


def test_other_settings_leave_the_same_mark(say: Say, tmp_path: Path) -> None:
    write_what_the_page_shows()
    settings.run(Artifacts())
    first = (tmp_path / "data/settings.txt").read_bytes()
    say("set", "train.seed=6")
    settings.run(Artifacts())
    assert (tmp_path / "data/settings.txt").read_bytes() == first


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("train.lr", "train.learning_rate"),
        ("train.epochs", "train.max_epochs"),
        ("train.batch_siz", "train.batch_size"),
        ("trian.seed", "train.seed"),
        ("trian", "train"),
    ],
)
def test_the_guess_is_what_was_meant(name: str, guess: str) -> None:
    assert nearest(name) == f"did you mean {guess}?"


def test_where_nothing_is_like_it_the_section_is_listed() -> None:
    assert nearest("model.foo") == "known are model.variant, model.width, model.initialisation, model.input_scale"


def test_the_version_is_the_packages(say: Say) -> None:
    assert say("--version").output.startswith("alexnet-pipe 0.")


def test_outside_of_a_project_there_are_no_presets(say: Say) -> None:
    result = say("preset")
    assert isinstance(result.exception, UserError)
    assert "has no presets: run this from the project's folder" in str(result.exception)
