"""A run that cannot succeed says so early, and names the parameter to change."""

import math
import resource
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.checkpoints import Checkpoints
from alexnet_pipe.training.health import (
    guessing_loss,
    look_at_first_kernels,
    require_learning,
    steps_between_looks,
)
from alexnet_pipe.training.records import Records, run_fingerprint
from alexnet_pipe.training.schedule import Plateau
from alexnet_pipe.training.set_up import require_gpu
from alexnet_pipe.training.state import Epoch, State
from alexnet_pipe.training.trainer import Trainer, memory_for
from tests.stores import light_and_dark

ANYTHING = np.zeros((3, 3))


def look(
    initialisation: str, action: str, step: int, *recent: float, history: Sequence[Epoch] = (), warmup_epochs: float = 0
) -> None:
    """What training does after `step`, if it looks every third one; half of the images are of either class."""
    train = TrainParams(batch_size=8, flat_loss_steps=3, on_flat_loss=action, warmup_epochs=warmup_epochs)
    stream = TrainingStream(light_and_dark(16), ANYTHING, train)
    model = Classifier(["light", "dark"], width=0.05, initialisation=initialisation)
    state = State(Plateau.start(train), step=step, recent=list(recent), history=list(history))
    require_learning(state, stream, model, train)


def test_guessing_loses_ln_of_the_classes_if_they_are_equal_and_less_if_not() -> None:
    assert guessing_loss(np.arange(1000)) == pytest.approx(math.log(1000))
    assert guessing_loss(np.array([0, 0, 0, 2])) == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    smoothed = guessing_loss(np.array([0, 0, 0, 1]), smoothing=0.2)
    assert smoothed == pytest.approx(-0.7 * math.log(0.7) - 0.3 * math.log(0.3))


@pytest.mark.parametrize(
    ("initialisation", "advice"),
    [("paper", "set model.initialisation to bvlc or he"), ("bvlc", "change train.learning_rate")],
)
def test_a_flat_loss_stops_with_the_likely_cause(initialisation: str, advice: str) -> None:
    with pytest.raises(UserError, match=rf"after 6 steps the loss is 0\.693, and guessing gives 0\.693\..*{advice}"):
        look(initialisation, "stop", 6, 0.70, 0.69, 0.689)


def test_a_flat_loss_can_be_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    look("he", "warn", 3, 0.7, 0.7, 0.7)
    assert capsys.readouterr().out.startswith("train: warning: after 3 steps")


@pytest.mark.parametrize(("epochs", "steps"), [(450_000, 5000), (1260, 630), (20, 100)])
def test_a_short_run_is_looked_at_after_a_quarter_of_it_but_not_before_there_are_enough_steps(
    epochs: int, steps: int
) -> None:
    train = TrainParams(batch_size=8, max_epochs=epochs)
    assert steps_between_looks(TrainingStream(light_and_dark(16), ANYTHING, train), train) == steps


def test_a_loss_that_falls_and_goes_back_to_guessing_has_collapsed(capsys: pytest.CaptureFixture[str]) -> None:
    learned, lost = (Epoch(n, n, 0.1, loss, *[0.0] * 7) for n, loss in ((1, 0.5), (2, 0.7)))
    look("paper", "warn", 3, 0.7, 0.7, 0.7, history=[learned, lost])
    assert "It had learned until epoch 1 and has collapsed; lower train.learning_rate" in capsys.readouterr().out


def test_a_warm_up_is_waited_for() -> None:
    look("he", "stop", 3, 0.7, 0.7, 0.7, warmup_epochs=1.5)
    with pytest.raises(UserError, match="after 6 steps"):
        look("he", "stop", 6, 0.7, 0.7, 0.7, warmup_epochs=1.5)


def test_a_falling_loss_and_steps_in_between_are_left_alone() -> None:
    look("paper", "stop", 3, 0.7, 0.6, 0.6)
    look("paper", "stop", 4, 0.7, 0.7, 0.7)


def look_at_kernels(learned: int, epoch: int, input_scale: float = 1.0, **changed: object) -> None:
    """What training says after an epoch of 5 if so many of the 2 kernels of the first tower are edges."""
    train = TrainParams(max_epochs=5, **changed)
    model = Classifier(["light", "dark"], width=0.05, input_scale=input_scale, seed=1)
    kernel = np.asarray(model.network.get_layer("conv1").kernel).copy()
    edges = [*range(learned), *range(kernel.shape[-1] // 2, kernel.shape[-1])]
    kernel[..., edges] += np.linspace(-1, 1, 11)[:, None, None, None]
    model.network.get_layer("conv1").kernel.assign(kernel)
    history = [Epoch(number, number, *[0.0] * 9) for number in range(epoch)]
    look_at_first_kernels(State(Plateau.start(train), history=history), model, train)


@pytest.mark.parametrize(("scale", "advice"), [(1.0, "model.input_scale: 0.015625"), (1 / 64, "more epochs")])
def test_a_tower_that_stays_noise_is_remarked_on_half_way(
    scale: float, advice: str, capsys: pytest.CaptureFixture[str]
) -> None:
    look_at_kernels(0, 3, scale)
    told = capsys.readouterr().out
    assert told.startswith("train: warning: of the first kernels only 0 of 2 in one tower, 2 of 2 in the other have")
    assert advice in told


def test_kernels_that_learn_are_trained_elsewhere_or_are_looked_at_in_other_epochs_are_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    look_at_kernels(1, 3)
    look_at_kernels(0, 3, freeze=["conv1"])
    for epoch in (1, 2, 4, 5):
        look_at_kernels(0, epoch)
    assert capsys.readouterr().out == ""


def test_the_papers_settings_do_not_start_on_small_data_and_the_check_says_so(tmp_path: Path) -> None:
    # All images in each batch, and no dropout: a network that does not see them loses no less than by guessing.
    store = light_and_dark(8)
    model = Classifier(store.classes, width=0.1, initialisation="paper", dropout=0.0, seed=1)
    model.mean.assign(np.full((256, 256, 3), 127.0))
    train = TrainParams(seed=1, batch_size=8, max_epochs=50, flat_loss_steps=30)
    records = Records(Artifacts(tmp_path), Checkpoints(tmp_path / "kept"))
    trainer = Trainer(model, TrainingStream(store, ANYTHING, train), light_and_dark(2), records, train)
    with pytest.raises(UserError, match="the paper's initialisation starts late or never on small data sets"):
        trainer.run()


def test_a_missing_gpu_is_named_with_the_remedy() -> None:
    with pytest.raises(UserError, match=r"train\.require_gpu is set, and tensorflow sees cpu:0 only: .*setup GPU=1"):
        require_gpu()


@pytest.fixture
def little_memory() -> Iterator[None]:
    """One GiB more than now."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.usefixtures("little_memory")
def test_memory_that_runs_out_names_the_batch_size() -> None:
    with pytest.raises(UserError, match=r"out of memory with train\.batch_size 96: lower it"), memory_for(96):
        keras.ops.ones((96, 3000, 3000))
    with pytest.raises(ValueError, match="other"), memory_for(96):
        raise ValueError("other")


def test_a_fingerprint_follows_the_version_of_the_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run_fingerprint(tmp_path, {"rate": 0.1}, [])
    assert run_fingerprint(tmp_path, {"rate": 0.1}, []) == first
    assert run_fingerprint(tmp_path, {"rate": 0.2}, []) != first
    monkeypatch.setattr(f"{keras.backend.backend()}.__version__", "0")
    assert run_fingerprint(tmp_path, {"rate": 0.1}, []) != first
