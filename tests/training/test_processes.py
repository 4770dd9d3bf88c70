"""Several processes train one network: real ones, which meet on this machine, are stopped, killed, and go on."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pandas as pd
import pytest
import yaml

from alexnet_pipe.training.state import TIMINGS
from tests.stores import training_folder

pytestmark = pytest.mark.slow

MODEL = {"width": 0.05, "initialisation": "he", "input_scale": 1 / 64}
TRAIN = {"backend": "jax", "batch_size": 8, "learning_rate": 0.001, "checkpoint_steps": 3, "on_flat_loss": "warn"}
# An image may be mixed with one that another process has.
TRAIN |= {"crop_area": 0.35, "mixup": 0.2, "label_smoothing": 0.1}
FOR_EVER = 10_000


def workspace(folder: Path, epochs: int, variant: str = "paper") -> Path:
    model, train = MODEL | {"variant": variant}, TRAIN | {"max_epochs": epochs}
    training_folder(folder, images=60, validation=20, model=model, train=train)
    # By which `run` knows a project; those that help need no more of it.
    (folder / "flows").mkdir()
    (folder / "flows/pipeline.py").touch()
    return folder


@contextmanager
def processes(folder: Path, count: int, devices: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """`count` processes with `devices` each; number 0 runs the stage, the others `alexnet-pipe run`."""
    with ExitStack() as stack, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        started = [
            stack.enter_context(start(folder, ["run"] if number else ["stage", "train"], devices, here))
            for number in range(count)
            for here in [several(address, count, number)]
        ]
        yield started


def several(address: str, count: int, number: int) -> dict[str, str]:
    return {"JAX_COORDINATOR_ADDRESS": address, "JAX_NUM_PROCESSES": str(count), "JAX_PROCESS_ID": str(number)}


@contextmanager
def start(folder: Path, verb: list[str], devices: int, variables: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"} | variables
    environment |= {"JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": str(devices)}
    # A training that compiles once for all that share a cache, and not for speed.
    environment |= {"XLA_FLAGS": "--xla_backend_optimization_level=0"}
    environment |= {"JAX_COMPILATION_CACHE_DIR": str(folder.parent / "compiled")}
    environment |= {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    command = [sys.executable, "-m", "alexnet_pipe", *verb]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def ends(started: list["subprocess.Popen[str]"]) -> list[tuple[int, str]]:
    """Status and output of each."""
    outputs = [process.communicate()[0] for process in started]
    return [(process.returncode, output) for process, output in zip(started, outputs, strict=True)]


def trained(folder: Path, count: int, devices: int) -> tuple[pd.DataFrame, dict[str, object], bytes]:
    """Trained to the end: history without times, metrics, and the model's file."""
    with processes(folder, count, devices) as started:
        for status, output in ends(started):
            assert status == 0, output
    history = pd.read_csv(folder / "metrics/history.csv").drop(columns=list(TIMINGS))
    return (
        history,
        json.loads((folder / "metrics/train.json").read_text()),
        (folder / "models/alexnet.keras").read_bytes(),
    )


def wait_for_another_checkpoint(folder: Path, started: list["subprocess.Popen[str]"]) -> None:
    before = names = sorted(path.name for path in folder.glob("checkpoints/*/step-*"))
    while names in ([], before):
        assert [process.poll() for process in started] == [None] * len(started)
        time.sleep(0.05)
        names = sorted(path.name for path in folder.glob("checkpoints/*/step-*"))


def set_epochs(folder: Path, epochs: int) -> None:
    params = folder / "params.yaml"
    content = yaml.safe_load(params.read_text())
    content["train"]["max_epochs"] = epochs
    params.write_text(yaml.safe_dump(content))


def test_a_training_is_stopped_and_killed_and_goes_on_with_fewer_processes_and_devices(tmp_path: Path) -> None:
    disturbed = workspace(tmp_path / "disturbed", FOR_EVER)
    with processes(disturbed, 2, 2) as started:
        wait_for_another_checkpoint(disturbed, started)
        started[1].send_signal(signal.SIGTERM)
        for status, output in ends(started):
            assert status == 128 + signal.SIGTERM, output
            assert output.rstrip().endswith("alexnet-pipe: stopped by SIGTERM; run the same command again to go on")
    with processes(disturbed, 2, 2) as started:
        wait_for_another_checkpoint(disturbed, started)
        started[1].kill()
        (status, output), _ = ends(started)
    assert (status, "going on after step" in output) == (1, True), output
    assert "another of the 2 processes has ended" in output.splitlines()[-1]
    epochs = len(pd.read_csv(disturbed / "metrics/history.csv")) + 2
    set_epochs(disturbed, epochs)
    history, metrics, _ = trained(disturbed, 1, 2)
    assert (metrics["devices"], len(metrics["resumed_at_steps"])) == (2, 2)  # type: ignore[arg-type]

    expected, _, _ = trained(workspace(tmp_path / "undisturbed", epochs), 1, 1)
    pd.testing.assert_frame_equal(history, expected, rtol=0.01, atol=0.05)


def test_two_processes_repeat_to_the_bit_through_a_stop(tmp_path: Path) -> None:
    stopped = workspace(tmp_path / "stopped", 3, "batch-normalization")
    with processes(stopped, 2, 1) as started:
        wait_for_another_checkpoint(stopped, started)
        started[0].send_signal(signal.SIGINT)
        assert {status for status, _ in ends(started)} == {128 + signal.SIGINT}
    history, metrics, model = trained(stopped, 2, 1)
    assert len(metrics["resumed_at_steps"]) == 1  # type: ignore[arg-type]
    assert metrics["devices"] == 2
    expected, _, undisturbed = trained(workspace(tmp_path / "undisturbed", 3, "batch-normalization"), 2, 1)
    pd.testing.assert_frame_equal(history, expected, check_exact=True)
    assert model == undisturbed


def test_processes_with_other_images_do_not_train(tmp_path: Path) -> None:
    folders = [workspace(tmp_path / name, 3) for name in "ab"]
    (folders[1] / "statistics/pca.json").write_text('{"eigenvalues": [1, 1, 1], "eigenvectors": []}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (
        start(folders[0], ["stage", "train"], 1, several(address, 2, 0)) as first,
        start(folders[1], ["stage", "train"], 1, several(address, 2, 1)) as second,
    ):
        for status, output in ends([first, second]):
            assert status == 1
            assert "process 1 of 2 has other parameters, images, code or libraries than process 0" in output
