"""A classifier of this project with published weights in it."""

from collections.abc import Sequence

import numpy as np

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.layers import STORED
from alexnet_pipe.pretrained.published import Published


def assemble(published: Published, classes: Sequence[str]) -> Classifier:
    """The network, its mean image (the same everywhere), and how photographs are prepared for it.

    Args:
        published: The weights.
        classes: The class names, in label order, as many as fc8 has outputs.
    """
    model = Classifier(
        classes,
        resize={"policy": published.policy, "background": "white"},
        variant=published.variant,
        width=published.width,
    )
    for name, layer in published.layers.items():
        model.network.get_layer(name).set_weights([layer.kernel, layer.bias])
    model.mean.assign(np.broadcast_to(np.array(published.mean, np.float32), (STORED, STORED, 3)))
    return model
