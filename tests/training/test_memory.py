"""Memory does not grow with the data."""

import sys
from pathlib import Path

import pytest

from benchmarks.memory import peak_anonymous
from tests.stores import training_folder

pytestmark = pytest.mark.slow


def test_ten_times_the_images_take_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for images in (80, 800):
        model = {"width": 0.05, "initialisation": "he"}
        # What a step computes backwards is no matter of how many images there are.
        train = {"batch_size": 16, "learning_rate": 0.001, "max_epochs": 1, "train_only": ["fc8"]}
        training_folder(tmp_path / f"{images}", images, 10, model=model, train=train)
        command = [sys.executable, "-m", "alexnet_pipe", "stage", "train"]
        peaks.append(peak_anonymous(command, tmp_path / f"{images}"))
    assert peaks[1] <= 1.1 * peaks[0]
