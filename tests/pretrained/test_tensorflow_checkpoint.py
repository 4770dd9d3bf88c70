"""Checkpoints of TensorFlow 1 with Caffe's names, as its own Saver writes them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.read import read_published
from tests.pretrained.networks import Weights, caffe_net, random_weights


def in_places(weights: Weights) -> dict[str, np.ndarray]:
    """Names and layout of caffe-tensorflow: fc6's inputs by height, width, channel."""
    arrays = {}
    for layer, (kernel, bias) in weights.items():
        if layer == "fc6":
            kernel = kernel.reshape(len(kernel), -1, 6, 6).transpose(2, 3, 1, 0).reshape(-1, len(kernel))
        elif layer.startswith("fc"):
            kernel = kernel.T
        else:
            kernel = kernel.transpose(2, 3, 1, 0)
        arrays |= {f"{layer}/weights": kernel, f"{layer}/biases": bias}
    return arrays


def saved(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        variables = [tf.compat.v1.get_variable(name, initializer=array) for name, array in arrays.items()]
        variables.append(tf.compat.v1.get_variable("conv1/weights/Momentum", initializer=np.zeros(3, np.float32)))
        session.run(tf.compat.v1.variables_initializer(variables))
        tf.compat.v1.train.Saver(variables).save(session, str(path), write_meta_graph=False)
    return path


@pytest.mark.parametrize("ending", ["", ".index", ".data-00000-of-00001"])
def test_it_is_the_network_that_caffes_file_holds(tmp_path: Path, ending: str) -> None:
    weights = random_weights()
    prefix = saved(tmp_path / "model_epoch10.ckpt", in_places(weights))
    published = read_published(prefix.with_name(prefix.name + ending))
    assert (published.variant, published.policy) == ("bvlc", "squash")
    (tmp_path / "same.caffemodel").write_bytes(caffe_net(weights).SerializeToString())
    same = read_published(tmp_path / "same.caffemodel")
    assert published.mean == same.mean
    for name, layer in same.layers.items():
        np.testing.assert_array_equal(published.layers[name].kernel, layer.kernel, err_msg=name)
        np.testing.assert_array_equal(published.layers[name].bias, layer.bias, err_msg=name)


def test_what_lacks_a_layer_is_told(tmp_path: Path) -> None:
    arrays = in_places(random_weights(width=1 / 48))
    del arrays["fc7/biases"]
    saved(tmp_path / "a.ckpt", arrays)
    with pytest.raises(UserError, match=r"a\.ckpt: it has no fc7/biases: of TensorFlow's checkpoints only those with"):
        read_published(tmp_path / "a.ckpt")


def test_another_shape_is_told(tmp_path: Path) -> None:
    arrays = in_places(random_weights())
    arrays["conv3/weights"] = arrays["conv3/weights"][..., 1:]
    saved(tmp_path / "a.ckpt", arrays)
    with pytest.raises(UserError, match=r"a\.ckpt: conv3: kernel .* in the variant bvlc"):
        read_published(tmp_path / "a.ckpt")


def test_data_without_its_index_is_told(tmp_path: Path) -> None:
    saved(tmp_path / "a.ckpt", in_places(random_weights(width=1 / 48)))
    (tmp_path / "a.ckpt.index").unlink()
    with pytest.raises(UserError, match=r"a\.ckpt\.index is missing beside it"):
        read_published(tmp_path / "a.ckpt.data-00000-of-00001")
    with pytest.raises(UserError, match=r"a\.ckpt is missing"):
        read_published(tmp_path / "a.ckpt")


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_a_checkpoint_cut_anywhere_is_one_line(tmp_path: Path, part: str) -> None:
    saved(tmp_path / "a.ckpt", in_places(random_weights(width=1 / 48)))
    path = tmp_path / f"a.ckpt.{part}"
    whole = path.read_bytes()
    for length in range(1, len(whole), len(whole) // 12):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"a\.ckpt[^\n]*$"):
            read_published(tmp_path / "a.ckpt.index")
