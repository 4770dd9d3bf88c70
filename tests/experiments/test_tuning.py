"""Tuning tries settings on the validation split alone, goes on after a kill, and leaves a preset behind."""

import shutil
import signal
import subprocess
import warnings
from pathlib import Path

import optuna
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.cli import app
from alexnet_pipe.experiments.trials import (
    best_trial,
    finished,
    importance_table,
    own_values,
    save_best,
    search_space,
    trial_table,
    with_values,
)
from alexnet_pipe.experiments.tuning import found, require_replaceable, short_training, tune
from alexnet_pipe.params.load import check_params, load_params
from alexnet_pipe.params.preset import preset_params
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import INDEX_FILE
from tests.pipeline.project import ROOT, make_project
from tests.stores import training_folder

MODEL = {"width": 0.05, "initialisation": "he", "input_scale": 0.015625}
TRAIN = {"batch_size": 8, "learning_rate": 0.001, "max_epochs": 1}
PROGRAM = """
import sys
from pathlib import Path
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.signals import unwind_on_signals
from alexnet_pipe.experiments.tuning import tune
from alexnet_pipe.params.load import load_params

unwind_on_signals()
tune(Artifacts(Path()), load_params(Path("params.yaml")), float(sys.argv[1]))
"""


def folder_without_test_images(root: Path, **train: object) -> Artifacts:
    """Light and dark images in two splits, and an index that names a third, whose shard nobody has."""
    artifacts = training_folder(root, 40, 10, model=MODEL, train=TRAIN | train)
    index = pd.read_parquet(artifacts.images / INDEX_FILE)
    absent = index.head(4).assign(split="test", shard="test-00000.npy")
    pd.concat([index, absent]).to_parquet(artifacts.images / INDEX_FILE, index=False)
    with pytest.raises(UserError, match=r"test-00000\.npy is missing"):
        ImageStore.open(artifacts.images, "test")
    return artifacts


def shown(*parts: object) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(*parts)
    return capture.get()


def test_the_first_trial_has_the_own_values_and_no_test_image_is_needed(tmp_path: Path) -> None:
    artifacts = folder_without_test_images(tmp_path)
    before = (tmp_path / "params.yaml").read_bytes()
    params = load_params(tmp_path / "params.yaml")
    study = tune(artifacts, params, 0)
    (trial,) = finished(study)
    assert trial.params == own_values(params)
    assert list(trial.intermediate_values) == [1]
    assert best_trial(study).number == 0
    assert importance_table(study) is None
    assert len(finished(tune(artifacts, params, 0))) == 1
    assert (tmp_path / "params.yaml").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "data", "params.yaml", "statistics"]
    assert [path.name for path in artifacts.checkpoints.iterdir()] == ["tuning.db"]


@pytest.mark.slow
def test_a_kill_and_a_signal_cost_the_running_trial_and_no_other(python_with_tensorflow: Path, tmp_path: Path) -> None:
    artifacts = folder_without_test_images(tmp_path)
    (tmp_path / "program.py").write_text(PROGRAM)
    for last, number in (("tune: trial 1:", signal.SIGKILL), ("tune: trial 3:", signal.SIGINT)):
        with subprocess.Popen(
            [python_with_tensorflow, "program.py", "1000"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as tuning:
            assert tuning.stdout is not None
            assert any(line.startswith(last) for line in tuning.stdout)
            tuning.send_signal(number)
            tuning.stdout.read()  # Until nothing of it is at work.
    study = tune(artifacts, load_params(tmp_path / "params.yaml"), 0)
    assert [trial.number for trial in finished(study)] == [0, 2]
    assert not study.get_trials(states=[optuna.trial.TrialState.RUNNING])
    # A sampler that had begun with the same seed again would have drawn the same.
    assert len({trial.params["train.learning_rate"] for trial in study.trials}) == 4
    table = shown(trial_table(study))
    assert table.count("best") == 1
    about, importances = importance_table(study) or ("", None)
    assert about == "Importance, from 2 whole trials: too few to say much"
    assert "train.weight_decay" in shown(importances)


def test_settings_that_train_nothing_are_told_and_tried_no_more(tmp_path: Path) -> None:
    artifacts = folder_without_test_images(tmp_path, learning_rate=1e6, max_epochs=2)
    study = tune(artifacts, load_params(tmp_path / "params.yaml"), 0)
    with pytest.raises(UserError, match=r"no trial came to its end; the last: .*lower train\.learning_rate"):
        best_trial(study)


def test_one_more_trial_fits_into_the_time_and_is_ended_when_it_is_worse_than_the_others(tmp_path: Path) -> None:
    artifacts = folder_without_test_images(tmp_path, max_epochs=3)
    params = load_params(tmp_path / "params.yaml")
    study = tune(artifacts, params, 0)
    (first,) = finished(study)
    for _ in range(5):
        better = dict.fromkeys((1, 2, 3), -1.0)
        study.add_trial(
            optuna.create_trial(
                value=-1, params=first.params, distributions=first.distributions, intermediate_values=better
            )
        )
    assert first.duration
    last = finished(tune(artifacts, params, 2 * first.duration.total_seconds() / 60))[-1]
    assert (last.number, last.state, list(last.intermediate_values)) == (6, optuna.trial.TrialState.PRUNED, [1, 2])
    assert last.user_attrs == {"reason": "worse than the median"}


def test_values_that_do_not_go_with_the_other_parameters_are_told_and_the_search_goes_on(tmp_path: Path) -> None:
    artifacts = folder_without_test_images(tmp_path, random_crops=False)
    params = load_params(tmp_path / "params.yaml")
    study = tune(artifacts, params, 0)
    study.enqueue_trial(own_values(params) | {"train.crop_area": 0.35})
    assert finished(study)[0].duration
    again = tune(artifacts, params, 2.01 * finished(study)[0].duration.total_seconds() / 60)
    assert "crop_area makes random crops" in finished(again)[1].user_attrs["reason"]


def test_other_parameters_are_another_study(tmp_path: Path) -> None:
    artifacts = folder_without_test_images(tmp_path)
    params = load_params(tmp_path / "params.yaml")
    tune(artifacts, params, 0)
    other = with_values(params, {"train.colour_shift": 0.2})
    assert [trial.params["train.colour_shift"] for trial in tune(artifacts, other, 0).trials] == [0.2]


def test_another_search_is_announced_and_nothing_found_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artifacts = folder_without_test_images(tmp_path)
    params = load_params(tmp_path / "params.yaml")
    with pytest.raises(UserError, match="no trial had these parameters, images and code yet"):
        found(artifacts, params)
    tune(artifacts, params, 0)
    assert "a new search begins" not in capsys.readouterr().out
    assert len(found(artifacts, params).trials) == 1
    tune(artifacts, with_values(params, {"train.colour_shift": 0.2}), 0)
    assert "a new search begins, and what was found stays" in capsys.readouterr().out


def test_a_preset_that_was_changed_by_hand_is_not_replaced(tmp_path: Path) -> None:
    artifacts = folder_without_test_images(tmp_path)
    params = load_params(tmp_path / "params.yaml")
    require_replaceable(artifacts, tmp_path / "tuned.yaml")
    path = save_best(tmp_path, tune(artifacts, params, 0), params)
    require_replaceable(artifacts, path)
    path.write_text(path.read_text() + "# mine\n")
    with pytest.raises(UserError, match=r"tuned\.yaml was changed by hand, or made elsewhere, and would be replaced"):
        require_replaceable(artifacts, path)


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    artifacts = folder_without_test_images(tmp_path)
    artifacts.checkpoints.mkdir()
    artifacts.tuning.write_bytes(b"no database" * 100)
    with pytest.raises(UserError, match=r"tuning\.db cannot be read .* remove it, and tuning begins anew"):
        tune(artifacts, load_params(tmp_path / "params.yaml"), 0)


def test_the_space_holds_the_own_values_and_leaves_off_what_is_off() -> None:
    params = check_params({"train": {"weight_decay": 0.0, "batch_size": 1, "colour_shift": 0.5}}, "test")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn = [study.ask(search_space(params)).params for _ in range(50)]
    study.enqueue_trial(own_values(params))
    with warnings.catch_warnings(action="error"):  # That a value is out of range is a warning.
        assert study.ask(search_space(params)).params == own_values(params)
    assert {each["train.weight_decay"] for each in drawn} == {0.0}
    assert {each["train.batch_size"] for each in drawn} == {1, 2}


def test_a_trial_is_a_short_whole_training() -> None:
    params = check_params({"train": {"max_epochs": 40, "warmup_epochs": 2.0}}, "test")
    train = short_training(params).train
    assert (train.max_epochs, train.warmup_epochs) == (10, 0.5)
    few = check_params({"train": {"max_epochs": 8}}, "test")
    assert short_training(few).train.max_epochs == 5
    one = check_params({"train": {"max_epochs": 1}}, "test")
    assert short_training(one).train == one.train


def test_the_best_is_a_preset_of_its_own(tmp_path: Path) -> None:
    params = check_params({"model": {"width": 0.5}, "train": {"max_epochs": 8, "clip_norm": 1.0}}, "test")
    study = optuna.create_study()
    for rate, error in ((0.012345, 0.25), (0.02, 0.5)):
        study.enqueue_trial(own_values(params) | {"train.learning_rate": rate})
        trial = study.ask(search_space(params))
        trial.report(error, 1)
        study.tell(trial, error)
    path = save_best(tmp_path, study, params)
    assert preset_params(tmp_path, "tuned") == with_values(params, {"train.learning_rate": 0.0123})
    text = path.read_text()
    assert "alexnet-pipe preset tuned" in text
    assert "Validation error 25.0% after 1 epochs, the lowest of 2 trials" in text
    assert "seed" not in text


@pytest.mark.slow
def test_the_verb_makes_what_is_missing_and_says_how_to_use_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python_with_tensorflow: Path
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "src"))
    project = make_project(tmp_path, python_with_tensorflow)
    python = str(python_with_tensorflow)
    shutil.copytree(ROOT / "flows", tmp_path / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    project.set(train__max_epochs=1)
    before = (tmp_path / "params.yaml").read_bytes()
    output = project.run(python, "-m", "alexnet_pipe", "experiments", "tune", "--minutes", "0.001").stdout
    assert "resize: " in output
    assert "best" in output
    assert "validation images: " in output
    assert output.endswith("To use it: alexnet-pipe preset tuned && make run\n")
    assert (tmp_path / "params.yaml").read_bytes() == before
    assert not (tmp_path / "models").exists()
    written = (tmp_path / "conf/presets/tuned.yaml").read_bytes()
    shown = project.run(python, "-m", "alexnet_pipe", "experiments", "tune", "--minutes", "0").stdout
    assert "best" in shown
    assert "tune: trial" not in shown
    assert (tmp_path / "conf/presets/tuned.yaml").read_bytes() == written
    assert "these settings already" in project.run(python, "-m", "alexnet_pipe", "preset", "tuned").stdout


@pytest.mark.parametrize(
    "words", [("ablations", "--minutes", "5"), ("tune", "--seed", "1"), ("tune", "--only", "published")]
)
def test_options_of_the_other_kind_are_a_usage_error(words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["experiments", *words]).exit_code == 2
