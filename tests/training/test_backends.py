"""The same weights and batch give the same step on TensorFlow and on JAX."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training import one_step

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def step_on_jax(result: Path) -> None:
    # XLA would take longest to make the program fast, which runs once.
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    environment["XLA_FLAGS"] = "--xla_backend_optimization_level=0"
    subprocess.run([sys.executable, "-m", one_step.__name__, str(result)], cwd=ROOT, env=environment, check=True)


def loaded(result: Path) -> dict[str, np.ndarray]:
    with np.load(result) as arrays:
        return dict(arrays)


def test_tensorflow_and_jax_take_the_same_step(tmp_path: Path) -> None:
    one_step.take_one_step(tmp_path / "tensorflow.npz")
    step_on_jax(tmp_path / "jax.npz")
    steps = {backend: loaded(tmp_path / f"{backend}.npz") for backend in ("tensorflow", "jax")}
    for backend, step in steps.items():
        assert step.pop("backend") == backend
    ours, theirs = steps["tensorflow"], steps["jax"]
    np.testing.assert_allclose(theirs["loss"], ours["loss"], rtol=1e-5)
    assert ours["adamw"][2] < ours["adamw"][0]
    np.testing.assert_allclose(theirs["adamw"], ours["adamw"], rtol=1e-3)
    trained = [name for name in ours if name.startswith("after")][1:]  # The first is the mean image.
    assert len(trained) == 16
    for name in trained:
        np.testing.assert_allclose(theirs[name], ours[name], rtol=1e-4, atol=1e-6)
        update = ours[name] - ours[name.replace("after", "before")]
        assert np.abs(theirs[name] - ours[name]).max() < 0.01 * np.abs(update).max()
