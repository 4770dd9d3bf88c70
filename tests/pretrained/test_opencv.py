"""What is imported computes what OpenCV's own reader of Caffe's files computes, layer by layer."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.pretrained.read import assemble, numbered_names, read_published
from tests.pretrained.networks import BVLC, CAFFENET, CLASSES, WIDTH, caffe_net, prototxt, random_weights


def photograph() -> NDArray[np.uint8]:
    """RGB, uint8 `(256, 256, 3)`: another one when it is turned, mirrored, or its colours are swapped."""
    row, column = np.mgrid[:256, :256] / 255
    colours = [row * 200, column**2 * 250, 60 + 50 * np.sin(20 * row * column)]
    noise = np.random.default_rng(3).integers(-25, 25, (256, 256, 3))
    return (np.stack(colours, axis=-1) + noise).clip(0, 255).astype(np.uint8)


def opencv_outputs(folder: Path, text: str, layers: Sequence[str]) -> list[NDArray[np.float32]]:
    (folder / "deploy.prototxt").write_text(text)
    net = cv2.dnn.readNetFromCaffe(str(folder / "deploy.prototxt"), str(folder / "weights.caffemodel"))
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    net.enableFusion(False)
    net.enableWinograd(False)
    bgr = photograph()[14 : 14 + 227, 14 : 14 + 227, ::-1]
    mean = (104.00698793, 116.66876762, 122.67891434)
    net.setInput(cv2.dnn.blobFromImage(np.ascontiguousarray(bgr), mean=mean))
    return list(net.forward(layers))


@pytest.mark.parametrize(
    ("order", "old", "width", "classes"),
    [
        (BVLC, False, WIDTH, CLASSES),
        (BVLC, True, WIDTH, CLASSES),
        (CAFFENET, False, WIDTH, CLASSES),
        pytest.param(BVLC, True, 1.0, 1000, marks=pytest.mark.slow),
    ],
)
def test_every_layer_and_the_softmax_are_those_of_opencv(
    tmp_path: Path, order: str, old: bool, width: float, classes: int
) -> None:
    weights = random_weights(width=width, classes=classes)
    (tmp_path / "weights.caffemodel").write_bytes(caffe_net(weights, order, old).SerializeToString())
    published = read_published(tmp_path / "weights.caffemodel")
    assert (published.variant, published.width) == ("bvlc" if order == BVLC else "caffenet", width)
    model = assemble(published, numbered_names(classes))

    network = model.network
    layers = [layer.name for layer in network.layers if layer.name[:4] in ("conv", "relu", "norm", "pool")]
    layers += ["fc6", "fc7", "fc8"]
    inputs = view(photograph()[None], CENTRE, mirror=False)
    pixels = model.get_layer("preprocessing")(**inputs)
    ours = keras.Model(network.inputs, [network.get_layer(name).output for name in layers])(pixels)
    softmax = keras.ops.softmax(model(inputs))

    *theirs, their_softmax = opencv_outputs(tmp_path, prototxt(weights, order), [*layers, "prob"])
    assert len(layers) == 20
    for name, our, their in zip(layers, ours, theirs, strict=True):
        found = np.moveaxis(np.asarray(our), -1, 1)
        assert found.shape == their.shape
        assert np.std(their) > 0.1, f"{name} is degenerate"
        np.testing.assert_allclose(found, their, rtol=1e-5, atol=1e-3, err_msg=name)
    np.testing.assert_allclose(np.asarray(softmax), their_softmax, atol=1e-4)
    assert 2 / classes < their_softmax.max() < 0.9
