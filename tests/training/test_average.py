"""The average of the weights is what its formula says, and what is never trained stays exactly as it is."""

import signal

import numpy as np
import pytest

from alexnet_pipe.base.errors import StoppedError
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.tensorflow_forms import fused
from alexnet_pipe.training.optimizers import MovingAverage


@pytest.mark.parametrize("forms", [PORTABLE, Forms(fused=fused)], ids=["as it is", "fused"])
def test_three_steps_by_hand(forms: Forms) -> None:
    model = Classifier(["a", "b"], forms=forms, width=0.05)
    model.mean.assign(np.full((256, 256, 3), 0.1))
    average = MovingAverage(model, 0.25)
    bias = model.network.get_layer("fc8").bias
    place = next(n for n, weight in enumerate(model.weights) if weight is bias)
    # The decay is at most 2/11 after the first step and 3/12 after the second, then 0.25.
    expected = float(bias[0])
    for step, (value, decay) in enumerate([(1.0, 2 / 11), (2.0, 0.25), (4.0, 0.25)], start=1):
        bias.assign(np.full(2, value))
        average.update(step)
        expected = decay * expected + (1 - decay) * value
        np.testing.assert_allclose(average.values()[place], expected, rtol=1e-6)
    for weight, mean in zip(model.get_weights(), average.values(), strict=True):
        if mean.shape != (2,):
            np.testing.assert_array_equal(mean, weight)


def test_the_model_has_its_own_weights_again_whatever_happens() -> None:
    model = Classifier(["a", "b"], width=0.05)
    average, before = MovingAverage(model, 0.9), model.get_weights()
    model.network.get_layer("fc8").bias.assign([3.0, 4.0])
    weights = model.get_weights()
    inside = []

    def interrupted() -> None:
        with average.in_the_model():
            inside.extend(model.get_weights())
            raise StoppedError(signal.SIGINT)

    with pytest.raises(StoppedError):
        interrupted()
    assert_equal(inside, before)
    assert_equal(model.get_weights(), weights)


def assert_equal(weights: list[np.ndarray], others: list[np.ndarray]) -> None:
    for one, other in zip(weights, others, strict=True):
        np.testing.assert_array_equal(one, other)
