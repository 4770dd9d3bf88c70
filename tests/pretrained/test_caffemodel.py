"""A .caffemodel of another network, with other settings, or damaged, is one line that says where."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.read import read_published
from tests.pretrained.networks import BVLC, caffe_net, random_weights


def written(path: Path, net: Any) -> Path:
    path.write_bytes(net.SerializeToString())
    return path


def layers_of(net: Any) -> dict[str, Any]:
    return {layer.name: layer for layer in (net.layer or net.layers)}


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("layer", "setting", "value", "published"),
    [
        ("norm1", "lrn_param.k", 2, "1"),
        ("norm2", "lrn_param.alpha", 2e-05, "0.0001"),
        ("norm1", "lrn_param.beta", 0.5, "0.75"),
        ("norm1", "lrn_param.local_size", 3, "5"),
        ("norm1", "lrn_param.norm_region", 1, "0"),
        ("pool5", "pooling_param.pool", 1, "0"),
        ("pool1", "pooling_param.kernel_size", 2, "3"),
        ("pool2", "pooling_param.stride", 3, "2"),
        ("conv4", "convolution_param.group", 1, "2"),
        ("conv1", "convolution_param.stride", [2], "4"),
        ("conv2", "convolution_param.pad", [1], "2"),
    ],
)
def test_other_settings_are_named(
    tmp_path: Path, old: bool, layer: str, setting: str, value: Any, published: str
) -> None:
    net = caffe_net(random_weights(width=1 / 16), old=old)
    part, name = setting.split(".")
    parameters = getattr(layers_of(net)[layer], part)
    if isinstance(value, list):
        getattr(parameters, name)[:] = value
        (value,) = value
    else:
        setattr(parameters, name, value)
    with pytest.raises(UserError) as raised:
        read_published(written(tmp_path / "a.caffemodel", net))
    found = f"'{layer}' has {name} {value}, and Caffe's own models have {published}: it is another network"
    assert str(raised.value) == f"{tmp_path}/a.caffemodel: {found}"


def test_defaults_that_a_file_leaves_out_are_those_of_caffe(tmp_path: Path) -> None:
    net = caffe_net(random_weights(width=1 / 16))
    for name in ("local_size", "beta", "k"):
        layers_of(net)["norm1"].lrn_param.ClearField(name)
    assert read_published(written(tmp_path / "a.caffemodel", net)).variant == "bvlc"
    layers_of(net)["norm1"].lrn_param.ClearField("alpha")
    layers_of(net)["conv1"].convolution_param.ClearField("pad")
    with pytest.raises(UserError, match="'norm1' has alpha 1, "):
        read_published(written(tmp_path / "a.caffemodel", net))


def test_another_order_of_layers_is_another_network(tmp_path: Path) -> None:
    net = caffe_net(random_weights(width=1 / 16))
    del net.layer[1]
    with pytest.raises(UserError, match=r"its layers are Convolution, Pooling, Convolution, LRN, .*: neither bvlc"):
        read_published(written(tmp_path / "a.caffemodel", net))


def test_layers_with_weights_that_nobody_knows_are_not_passed_over(tmp_path: Path) -> None:
    net = caffe_net(random_weights(width=1 / 16))
    layers_of(net)["norm1"].type = "BatchNorm"
    layers_of(net)["norm1"].blobs.add().data.append(bytes(8))
    with pytest.raises(UserError, match="its layers are Convolution, BatchNorm, Pooling"):
        read_published(written(tmp_path / "a.caffemodel", net))


def test_a_last_layer_of_another_name_is_taken_for_fc8(tmp_path: Path) -> None:
    net = caffe_net(random_weights(width=1 / 16, classes=20))
    layers_of(net)["fc8"].name = "fc8_flickr"
    published = read_published(written(tmp_path / "a.caffemodel", net))
    assert published.classes == 20
    assert published.remarks[0] == "'fc8_flickr' taken as fc8"


@pytest.mark.parametrize(
    ("layer", "blob", "dims", "message"),
    [
        ("conv2", 0, (16, 6, 5, 5), "conv2: kernel (height, width, in, out) is 5×5×6×16, but 5×5×3×16"),
        ("conv3", 1, (23,), "conv3: bias is 23, but 24"),
        ("fc6", 0, (256, 577), "fc6: kernel (in, out) is 577×256, but 576×256"),
        ("fc8", 0, (7, 255), "fc8: kernel (in, out) is 255×7, but 256×7"),
        ("conv5", 0, (16, 12, 9), "conv5: kernel (height, width, in, out) is 9×12×16, but 3×3×12×16"),
    ],
)
def test_every_shape_that_does_not_fit_is_named(
    tmp_path: Path, layer: str, blob: int, dims: tuple[int, ...], message: str
) -> None:
    net = caffe_net(random_weights(width=1 / 16))
    changed = layers_of(net)[layer].blobs[blob]
    changed.shape.dim[:] = dims
    changed.data[:] = [np.zeros(dims, np.float32).tobytes()]
    with pytest.raises(UserError) as raised:
        read_published(written(tmp_path / "a.caffemodel", net))
    assert str(raised.value) == f"{tmp_path}/a.caffemodel: {message} in the variant bvlc"


def test_numbers_that_are_missing_or_not_finite_are_damage(tmp_path: Path) -> None:
    net = caffe_net(random_weights(width=1 / 16))
    del layers_of(net)["conv2"].blobs[:]
    with pytest.raises(UserError, match="conv2: 0 blobs, not a kernel and a bias"):
        read_published(written(tmp_path / "a.caffemodel", net))
    net = caffe_net(random_weights(width=1 / 16))
    layers_of(net)["fc7"].blobs[0].data[:] = [bytes(400)]
    with pytest.raises(UserError, match="fc7: 100 numbers for 256×256: the file is damaged"):
        read_published(written(tmp_path / "a.caffemodel", net))
    weights = random_weights(width=1 / 16)
    weights["conv3"][0][1, 2, 0, 1] = np.nan
    with pytest.raises(UserError, match="conv3: kernel is empty or not finite"):
        read_published(written(tmp_path / "a.caffemodel", caffe_net(weights)))


def test_double_precision_and_data_in_pieces_are_the_same_weights(tmp_path: Path) -> None:
    weights = random_weights(width=1 / 16)
    plain = read_published(written(tmp_path / "a.caffemodel", caffe_net(weights)))
    net = caffe_net(weights)
    kernel = layers_of(net)["fc6"].blobs[0]
    kernel.data[:] = [kernel.data[0][:400], kernel.data[0][400:]]
    bias = layers_of(net)["fc6"].blobs[1]
    bias.ClearField("data")
    bias.double_data.append(weights["fc6"][1].astype("<f8").tobytes())
    other = read_published(written(tmp_path / "b.caffemodel", net))
    for one, two in zip(plain.layers["fc6"], other.layers["fc6"], strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("content", [b"\x01", bytes(1000), b"\xff" * 50])
def test_a_file_of_no_known_kind_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "what").write_bytes(content)
    with pytest.raises(
        UserError, match=r"what is no \.npy, \.caffemodel, \.pth, \.safetensors, \.onnx or \.mat, or is damaged[^\n]*$"
    ):
        read_published(tmp_path / "what")


def test_the_kind_is_told_by_content_not_by_name(tmp_path: Path) -> None:
    net = caffe_net(random_weights(width=1 / 16), BVLC)
    assert read_published(written(tmp_path / "bvlc_alexnet.npy", net)).format.startswith(".caffemodel")


def test_a_folder_and_a_missing_file_are_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no file: name a file"):
        read_published(tmp_path)
    with pytest.raises(UserError, match="is missing: name a file"):
        read_published(tmp_path / "gone")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**30 + 1)
    with pytest.raises(UserError, match="has more than 1 GiB"):
        read_published(tmp_path / "sparse")
