"""MatConvNet's files: the same network as Caffe's, whatever the form; and what is not to be trusted in them."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.views import CENTRE
from alexnet_pipe.pretrained.read import assemble, numbered_names, read_published
from tests.pretrained.networks import CLASSES, Weights, caffe_net, random_weights

AVERAGE = np.random.default_rng(5).uniform(90, 130, (227, 227, 3)).astype(np.float32)
NAMES = [f"n0000000{number}" for number in range(CLASSES)]


def cell(*entries: Any) -> Any:
    made = np.empty((1, len(entries)), object)
    made[0, :] = entries
    return made


def network(weights: Weights, older: bool = False, caffenet: bool = False) -> dict[str, Any]:
    """As `vl_simplenn` takes it: RGB, fully connected layers as convolutions; `older` as until its 17th beta."""
    layers: list[dict[str, Any]] = []
    for number in range(1, 9):
        name = f"{'conv' if number < 6 else 'fc'}{number}"
        kernel, bias = weights[name]
        kernel = kernel.reshape(
            len(kernel), -1, *((6, 6) if number == 6 else (1, 1) if number > 6 else kernel.shape[2:])
        )
        filters = kernel.transpose(2, 3, 1, 0)[:, :, :: -1 if number == 1 else 1]
        held = {"filters": filters, "biases": bias[None]} if older else {"weights": cell(filters, bias[None])}
        pad = {2: 2, 3: 1, 4: 1, 5: 1}.get(number, 0)
        pads = [float(pad)] if older else [[float(pad)] * 4]
        layers.append({"type": "conv", "name": name, "pad": pads, "stride": 4.0 if number == 1 else [1.0, 1.0], **held})
        if number < 8:
            layers.append({"type": "relu", "name": f"relu{number}"})
        normalize = {"type": "normalize" if older else "lrn", "name": f"norm{number}", "param": [5, 1, 2e-5, 0.75]}
        pool = {"type": "pool", "name": f"pool{number}", "method": "max", "pool": [3.0, 3.0], "stride": 2.0}
        pool["pad"] = [0.0, 1.0, 0.0, 1.0]
        if number in (1, 2):
            layers += [pool, normalize] if caffenet else [normalize, pool]
        if number == 5:
            layers.append(pool)
    layers.append({"type": "softmax", "name": "prob"})
    classes = {"name": cell(*NAMES), "description": cell(*(f"thing {number}, etwas" for number in range(CLASSES)))}
    normalization = {"averageImage": AVERAGE, "imageSize": [227.0, 227.0, 3.0], "keepAspect": True}
    if older:
        return {"layers": cell(*layers), "classes": classes, "normalization": normalization}
    return {"layers": cell(*layers), "meta": {"classes": classes, "normalization": normalization}}


def saved(path: Path, content: dict[str, Any], packed: bool = False) -> Path:
    savemat(path, content, do_compression=packed)
    return path


@pytest.mark.parametrize(
    ("older", "packed", "caffenet"), [(False, True, False), (True, False, False), (False, False, True)]
)
def test_it_is_the_network_that_caffes_file_holds(tmp_path: Path, older: bool, packed: bool, caffenet: bool) -> None:
    weights = random_weights()
    content = network(weights, older, caffenet)
    published = read_published(saved(tmp_path / "imagenet-caffe-alex.mat", content, packed))
    assert (published.variant, published.policy) == ("caffenet" if caffenet else "bvlc", "crop")
    (tmp_path / "same.caffemodel").write_bytes(caffe_net(weights).SerializeToString())
    for name, layer in read_published(tmp_path / "same.caffemodel").layers.items():
        np.testing.assert_array_equal(published.layers[name].kernel, layer.kernel, err_msg=name)
        np.testing.assert_array_equal(published.layers[name].bias, layer.bias, err_msg=name)
    assert published.names[3] == "n00000003 thing 3, etwas"


def test_the_centre_view_is_less_the_files_mean_image(tmp_path: Path) -> None:
    model = assemble(read_published(saved(tmp_path / "a.mat", network(random_weights()))), numbered_names(CLASSES))
    row, column = CENTRE
    np.testing.assert_array_equal(np.asarray(model.mean)[row : row + 227, column : column + 227], AVERAGE)
    np.testing.assert_array_equal(np.asarray(model.mean)[0, 0], AVERAGE[0, 0])


def test_a_struct_net_and_a_mean_by_channel_are_known(tmp_path: Path) -> None:
    content = network(random_weights())
    content["meta"]["normalization"] = {"averageImage": np.array([123.0, 117.0, 104.0]), "keepAspect": False}
    published = read_published(saved(tmp_path / "a.mat", {"net": content}))
    assert (published.mean, published.policy) == ((123.0, 117.0, 104.0), "squash")


def without_layers(content: dict[str, Any]) -> None:
    del content["layers"]


def vgg(content: dict[str, Any]) -> None:
    content["layers"][0, 2]["type"] = "bnorm"


def other_constant(content: dict[str, Any]) -> None:
    content["layers"][0, 2]["param"] = [5.0, 2.0, 2e-5, 0.75]


def average_pool(content: dict[str, Any]) -> None:
    content["layers"][0, 3]["method"] = "avg"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (without_layers, "it holds no layers, as MatConvNet's networks do"),
        (vgg, "norm1: bnorm ('norm1') stands where there is response normalization"),
        (other_constant, "norm1 ('norm1'): "),
        (average_pool, "pool1: avg pooling ('pool1') stands where there is max pooling"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], None], told: str) -> None:
    content = network(random_weights(width=1 / 48))
    change(content)
    with pytest.raises(UserError) as refused:
        read_published(saved(tmp_path / "a.mat", content))
    assert str(refused.value).startswith(f"{tmp_path / 'a.mat'}: ")
    assert told in str(refused.value)


def small(**values: Any) -> bytes:
    stream = io.BytesIO()
    savemat(stream, values)
    return stream.getvalue()


def with_dims(content: bytes, rows: int) -> bytes:
    """The first array's dimensions stand behind the header, its own tag and its flags."""
    at = 128 + 8 + 16 + 8
    return content[:at] + struct.pack("<i", rows) + content[at + 4 :]


def swelling() -> bytes:
    inner = struct.pack("<2I", 9, 2**30 + 2**20) + bytes(2**20)
    packer = zlib.compressobj()
    packed = packer.compress(inner) + b"".join(packer.compress(bytes(2**20)) for _ in range(1024)) + packer.flush()
    return small()[:128] + struct.pack("<2I", 15, len(packed)) + packed


@pytest.mark.parametrize(
    "content",
    [
        with_dims(small(layers=np.zeros((2, 2))), 2**30),
        with_dims(small(layers=cell(1.0, 2.0)), 2**30),
        with_dims(small(layers=np.zeros((2, 2))), -2),
        small(layers=np.zeros((2, 2)))[:200],
    ],
    ids=["numbers", "cells", "fewer than none", "cut"],
)
def test_sizes_are_not_believed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.mat is no \.mat file of MatConvNet, or is damaged"):
        read_published(tmp_path / "a.mat")


@pytest.mark.slow
def test_what_swells_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.mat").write_bytes(swelling())
    with pytest.raises(UserError, match="it swells to more than 1 GiB"):
        read_published(tmp_path / "a.mat")


def test_a_file_cut_anywhere_is_one_line(tmp_path: Path) -> None:
    whole = saved(tmp_path / "a.mat", network(random_weights(width=1 / 48))).read_bytes()
    for length in range(1, len(whole), len(whole) // 60):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"cut[^\n]*$"):
            read_published(tmp_path / "cut")
