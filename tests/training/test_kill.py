"""`kill -9` at random moments, again and again, changes nothing: real processes, a real network, a real disk."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from alexnet_pipe.training.state import TIMINGS
from tests.stores import training_folder
from tests.warm import warm

pytestmark = pytest.mark.slow

KILLS = 10
MODEL = {"variant": "batch-normalization", "width": 0.05, "initialisation": "he"}
"""The variant that has most to keep: moving statistics beside weights and momentum."""
TRAIN = {"batch_size": 8, "learning_rate": 0.001, "max_epochs": 16, "checkpoint_steps": 3}
# All that is random in a batch.
TRAIN |= {"crop_area": 0.35, "mixup": 0.2, "label_smoothing": 0.1}


def workspace(folder: Path, **train: object) -> Path:
    training_folder(folder, images=60, validation=8, model=MODEL, train=TRAIN | train)
    return folder


def finish(python: Path, folder: Path) -> tuple[str, dict[str, object], pd.DataFrame, bytes]:
    """Run to the end: what it printed, the metrics and the history without times, and the model file."""
    with warm(python, folder, "stage", "train") as training:
        output, _ = training.communicate()
        assert training.returncode == 0, output
    metrics = json.loads((folder / "metrics/train.json").read_text())
    history = pd.read_csv(folder / "metrics/history.csv").drop(columns=list(TIMINGS))
    timeless = {name: value for name, value in metrics.items() if name not in (*TIMINGS, "resumed_at_steps")}
    return output, timeless, history, (folder / "models/alexnet.keras").read_bytes()


def set_epochs(folder: Path, epochs: int) -> None:
    params = folder / "params.yaml"
    content = yaml.safe_load(params.read_text())
    content["train"]["max_epochs"] = epochs
    params.write_text(yaml.safe_dump(content))


def ended_epochs(folder: Path) -> int:
    history = folder / "metrics/history.csv"
    return len(pd.read_csv(history)) if history.exists() else 0


def wait_for_checkpoint(folder: Path, training: subprocess.Popen[str]) -> None:
    """Wait until there is one more, or another, than now."""
    before = checkpoints(folder)
    while checkpoints(folder) in ([], before):
        assert training.poll() is None
        time.sleep(0.01)


def checkpoints(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("checkpoints/*/step-*"))


def test_ten_kills_at_random_moments_change_nothing(
    python_with_tensorflow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = workspace(tmp_path / "killed", max_epochs=10_000)
    moments, resumed = random.Random(), 0
    for kill in range(KILLS):
        with warm(python_with_tensorflow, killed, "stage", "train") as training:
            assert training.stdout is not None
            next(line for line in training.stdout if "parameters" in line)
            if kill % 2:
                wait_for_checkpoint(killed, training)
            # From the first graph to the first steps, or between two checkpoints.
            time.sleep(moments.uniform(0, 0.25 if kill % 2 else 1))
            assert training.poll() is None
            training.kill()
            resumed += "going on after step" in training.stdout.read()
    epochs = 2 + ended_epochs(killed)
    set_epochs(killed, epochs)
    output, metrics, history_killed, model = finish(python_with_tensorflow, killed)
    assert "going on after step" in output
    assert resumed > 0
    assert not list((killed / "checkpoints").iterdir())

    monkeypatch.delenv("TF_XLA_FLAGS")  # Compiled anew, as a user's training is: that changes nothing either.
    undisturbed = finish(python_with_tensorflow, workspace(tmp_path / "undisturbed", max_epochs=epochs))
    assert undisturbed[1] == metrics
    pd.testing.assert_frame_equal(undisturbed[2], history_killed, check_exact=True)
    assert undisturbed[3] == model


def test_a_kill_on_jax_changes_nothing(tmp_path: Path) -> None:
    killed = on_jax(workspace(tmp_path / "killed", max_epochs=10_000))
    with start_on_jax(killed) as training:
        wait_for_checkpoint(killed, training)
        training.kill()
    set_epochs(killed, epochs := 2 + ended_epochs(killed))
    undisturbed = on_jax(workspace(tmp_path / "undisturbed", max_epochs=epochs))
    output = finish_on_jax(killed)
    assert "going on after step" in output
    assert "going on" not in finish_on_jax(undisturbed)
    models = [(folder / "models/alexnet.keras").read_bytes() for folder in (killed, undisturbed)]
    assert models[0] == models[1]
    assert json.loads((killed / "metrics/train.json").read_text())["backend"] == "jax"


def on_jax(folder: Path) -> Path:
    params = folder / "params.yaml"
    content = yaml.safe_load(params.read_text())
    content["train"]["backend"] = "jax"
    params.write_text(yaml.safe_dump(content))
    return folder


def start_on_jax(folder: Path) -> "subprocess.Popen[str]":
    """A training that compiles once for all that share a cache, and not for speed."""
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment |= {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    environment |= {"JAX_COMPILATION_CACHE_DIR": str(folder.parent / "compiled")}
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    command = [sys.executable, "-m", "alexnet_pipe", "stage", "train"]
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish_on_jax(folder: Path) -> str:
    with start_on_jax(folder) as training:
        output, _ = training.communicate()
    assert training.returncode == 0, output
    return output
