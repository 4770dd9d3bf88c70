"""The optimizer does what the paper's two lines say, checked by hand."""

import keras
import pytest

from alexnet_pipe.model.forms import PORTABLE, Forms
from alexnet_pipe.model.tensorflow_forms import fused
from alexnet_pipe.training.paper_sgd import PaperSGD


@pytest.mark.parametrize("forms", [PORTABLE, Forms(fused=fused)], ids=["as it is", "fused"])
def test_three_steps_by_hand(forms: Forms) -> None:
    # ε 0.1, momentum 0.9, decay 0.5; w 1 and gradients 1, 2, -1:
    # v = -0.05·1     - 0.1·1 = -0.15                        w = 0.85
    # v = 0.9·-0.15   - 0.05·0.85   - 0.1·2 = -0.3775        w = 0.4725
    # v = 0.9·-0.3775 - 0.05·0.4725 + 0.1·1 = -0.263375      w = 0.209125
    weight = keras.Variable(1.0, name="kernel")
    optimizer = PaperSGD(learning_rate=0.1, momentum=0.9, decay=0.5, forms=forms)
    for gradient, expected in ((1.0, 0.85), (2.0, 0.4725), (-1.0, 0.209125)):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        assert float(weight.value) == pytest.approx(expected, rel=1e-6)


def test_the_decay_uses_the_current_rate() -> None:
    weight = keras.Variable(1.0, name="kernel")
    optimizer = PaperSGD(learning_rate=0.1, momentum=0.9, decay=0.5)
    optimizer.learning_rate = 0.01
    optimizer.apply([keras.ops.convert_to_tensor(0.0)], [weight])
    assert float(weight.value) == pytest.approx(1 - 0.01 * 0.5)


def test_biases_do_not_decay() -> None:
    layer = keras.layers.Dense(1, bias_initializer="ones")
    layer.build((None, 1))
    optimizer = PaperSGD(learning_rate=0.1, momentum=0.9, decay=0.5)
    optimizer.apply([keras.ops.zeros_like(w) for w in layer.trainable_weights], layer.trainable_weights)
    assert float(layer.bias[0]) == 1.0


def test_it_survives_serialization() -> None:
    config = keras.optimizers.serialize(PaperSGD(learning_rate=0.1, momentum=0.9, decay=0.5))
    assert keras.optimizers.deserialize(config).decay == 0.5
