"""Write `towers.onnx` beside this script, the variant `paper` as tf2onnx 1.17 writes what TensorFlow computes.

Run with tf2onnx, which the project itself does without: `python -m tests.pretrained.files.make_with_tf2onnx`.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tf2onnx import convert

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import Forms


def main() -> None:
    forms = Forms(normalize=lambda a, k, alpha: tf.nn.local_response_normalization(a, 2, k, alpha, 0.75))
    arguments = {"variant": "paper", "width": 1 / 128, "initialisation": "he", "seed": 1}
    network = Classifier(["a", "b", "c"], forms=forms, **arguments).network
    random = np.random.default_rng(1)
    for layer in network.layers:
        if layer.weights:
            layer.bias.assign(random.uniform(-0.1, 0.1, layer.bias.shape))
    # For logits of some units.
    network.get_layer("fc8").kernel.assign(100 * network.get_layer("fc8").kernel)
    function = tf.function(network.__call__, input_signature=[tf.TensorSpec((None, 227, 227, 3), tf.float32)])
    model, _ = convert.from_function(function, function.input_signature)
    (Path(__file__).parent / "towers.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
