"""Write `towers.onnx` beside this script, the variant `paper` as tf2onnx 1.17 writes what TensorFlow computes.

Run with tf2onnx, which the project itself does without: `python -m tests.pretrained.files.make_with_tf2onnx`.
"""

from pathlib import Path

import tensorflow as tf
from tf2onnx import convert

from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import Forms


def main() -> None:
    forms = Forms(normalize=lambda a, k, alpha: tf.nn.local_response_normalization(a, 2, k, alpha, 0.75))
    arguments = {"variant": "paper", "width": 1 / 128, "initialisation": "he", "seed": 1}
    network = Classifier(["a", "b", "c"], forms=forms, **arguments).network
    function = tf.function(network.__call__, input_signature=[tf.TensorSpec((None, 227, 227, 3), tf.float32)])
    model, _ = convert.from_function(function, function.input_signature)
    (Path(__file__).parent / "towers.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
