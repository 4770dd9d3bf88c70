"""The same weights and batch give the same step on TensorFlow and on JAX."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.training.state import TIMINGS
from tests.training import one_step

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def on_jax(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what JAX makes of each case."""
    folder = tmp_path_factory.mktemp("jax")
    run_on_jax(one_step.__name__, folder)
    return folder


def run_on_jax(program: str, folder: Path, devices: int = 1) -> None:
    # XLA would take longest to make the program fast, which runs once.
    flags = f"--xla_backend_optimization_level=0 --xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
    subprocess.run([sys.executable, "-m", program, str(folder)], cwd=ROOT, env=environment, check=True)


def loaded(result: Path) -> dict[str, np.ndarray]:
    with np.load(result) as arrays:
        return dict(arrays)


@pytest.mark.parametrize(("case", "arrays"), [("paper", 8 * 2), ("normalized", 8 + 1 + 7 * 4), ("lars", 8 + 1 + 7 * 4)])
def test_tensorflow_and_jax_take_the_same_step(case: str, arrays: int, on_jax: Path, tmp_path: Path) -> None:
    one_step.take_one_step(case, tmp_path / "step.npz")
    steps = {"tensorflow": loaded(tmp_path / "step.npz"), "jax": loaded(on_jax / f"{case}.npz")}
    for backend, step in steps.items():
        assert step.pop("backend") == backend
    ours, theirs = steps["tensorflow"], steps["jax"]
    np.testing.assert_allclose(theirs["loss"], ours["loss"], rtol=1e-5)
    assert theirs["accuracy"] == ours["accuracy"]
    np.testing.assert_allclose(theirs["changed"], ours["changed"], rtol=1e-3)
    assert case != "paper" or ours["changed"][3] < ours["changed"][0]
    trained = [name for name in ours if name.startswith("after")][1:]  # The first is the mean image.
    assert len(trained) == arrays
    for name in trained:
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-4, atol=1e-6)
        update = ours[name] - ours[name.replace("after", "before")]
        # A small update of a large value is rounded to what float32 has there. Of values that are nearly alike, each
        # backend may pool another, so that a single gradient says little.
        rounding = np.spacing(np.abs(ours[name]).max()) * np.sqrt(update.size)
        assert np.linalg.norm(theirs[name] - ours[name]) < 0.01 * np.linalg.norm(update) + rounding, name


def test_four_devices_and_then_one_learn_what_one_learns(tmp_path: Path) -> None:
    run_on_jax("tests.training.on_devices", tmp_path, devices=4)
    found = json.loads((tmp_path / "found.json").read_text())
    assert (found["backend"], found["resumed"]) == ("jax", [3])
    alone, together = (pd.DataFrame(found[name]).drop(columns=list(TIMINGS)) for name in ("alone", "together"))
    assert len(alone) == 2
    # Sums in another order: nothing but rounding.
    pd.testing.assert_frame_equal(together, alone, rtol=1e-4)
