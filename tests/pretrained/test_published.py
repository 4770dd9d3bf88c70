"""What a variant expects is what the network is built with."""

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.pretrained.published import LAYERS, Layer, fitting_width


@pytest.mark.parametrize(
    "variant", ["bvlc", "caffenet", "no-normalization", "single-tower", "one-gpu", "one-weird-trick"]
)
@pytest.mark.parametrize("width", [0.05, 0.25])
def test_the_networks_own_weights_fit(variant: str, width: float) -> None:
    network = Classifier(["a", "b"], variant=variant, width=width, initialisation="he").network
    layers = {name: Layer(*network.get_layer(name).get_weights()) for name in LAYERS}
    assert fitting_width(layers, variant) == pytest.approx(width, rel=0.01)
    built = Classifier(["a", "b"], variant=variant, width=fitting_width(layers, variant)).network
    for name in LAYERS:
        assert built.get_layer(name).kernel.shape == layers[name].kernel.shape


def test_a_missing_layer_is_named() -> None:
    network = Classifier(["a", "b"], width=0.05, initialisation="he").network
    layers = {name: Layer(*network.get_layer(name).get_weights()) for name in LAYERS if name != "conv4"}
    with pytest.raises(UserError, match="it has no layer conv4"):
        fitting_width(layers, "paper")
