"""What is no file of weights is told by its first bytes, with what to do; what is one is bounded before it is built."""

import io
import json
import pickle
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.read import read_published
from alexnet_pipe.pretrained.torchvision import from_torchvision
from tests.pretrained.networks import random_weights, torchvision_names
from tests.pretrained.pickles import npy, tensor, zipped_pth

FILES = Path(__file__).parent / "files"


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return stream.getvalue()


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        read_published(path)
    assert str(refused.value).startswith(str(path))
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < len(str(path)) + 300
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty: it was not fetched whole"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "run `git lfs pull`"),
        (b"<!DOCTYPE html><html>404 Not Found</html>", "is a web page"),
        (b"\xef\xbb\xbf\n <HTML>", "is a web page"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "is an HDF5 file, as Keras' old .h5"),
        (b"MATLAB 7.3 MAT-file", "is a MATLAB file of the form 7.3: save it in MATLAB as save(FILE, '-v7', …)"),
        (b"MATLAB 5.0 MAT-file", "is no .mat file of MatConvNet, or is damaged"),
        (b"\x1f\x8b\x08\0" + bytes(20), "is compressed: unpack it"),
        (b"archive/data.pkl" + bytes(241) + b"ustar\x0000", "is a tar archive: unpack it"),
        (b"\x1c\0\0\0TFL3" + bytes(20), "is a model of TensorFlow Lite"),
        (b'name: "AlexNet"\nlayer { name: "data" }', "is text, and no file of weights"),
        (b"\x08\x0e\x12\x07pytorch\x3a\x04\x0a\x02\x12\x00", "its graph has 0 inputs"),
        (b"\x08\x0e\x3a\x04\x0a\x02\x12\x00", "its graph has 0 inputs"),
        (b"\x08\x08\x12\x0calexnet-pipe\x3a\x02\x12\x00", "this project has exported it"),
        (b"\x08\x01\x10\x03\x18\x02\x20\x02\x2a\x04abcd", "is a mean image of Caffe (.binaryproto)"),
        (b"\x2a\x04abcd\x3a\x02\x08\x01", "is a mean image of Caffe (.binaryproto)"),
        (b"\x0a\x03\x0a\x01a" * 2, "is a graph of TensorFlow"),
        (b"\x08\x01\x12\x02\x0a\x00", "is a graph of TensorFlow"),
        (zipped("config.json", "model.weights.h5"), "is a model of Keras"),
        (zipped("conv1.npy"), "a zip archive without PyTorch's data.pkl: unpack it"),
        (b'\xff\xff\xff\xff\xff\xff\xff\x7f{"a":1}', "its header claims 9,223,372,036,854,775,807 bytes"),
        (b'\0\0\x20\0\0\0\0\0{"a":1}' + bytes(2**21), "its header claims 2,097,152 bytes"),
    ],
)
def test_each_kind_is_named_with_what_to_do(tmp_path: Path, content: bytes, told: str) -> None:
    assert told in refusal(tmp_path / "weights", content)


def nested(number: int, content: bytes) -> bytes:
    """Field `number` of a message, with `content` of less than 2 MiB."""
    length = len(content)
    tag = number << 3 | 2
    return bytes([tag & 127 | 128, tag >> 7, length & 127 | 128, length >> 7 & 127 | 128, length >> 14]) + content


@pytest.mark.parametrize(
    "content",
    [
        b"\xa2\x06\x00" * 200_000,
        b"\x12\x00" * 200_000,
        nested(100, b"\x3a\x00" * 200_000),
        nested(100, nested(7, b"\x2a\x00" * 200_000)),
        nested(100, nested(7, nested(7, b"\x0a" + b"\xc0\x9a\x0c" + b"\x01" * 200_000))),
        nested(100, b"\x08\x00" * 200_000),
    ],
    ids=["layers", "old layers", "blobs", "numbers in pieces", "packed dimensions", "unknown fields"],
)
def test_a_message_of_more_fields_than_a_network_has_is_not_built(tmp_path: Path, content: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "more than 100,000 fields" in refusal(tmp_path / "a.caffemodel", content)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_a_pickle_of_more_operations_than_weights_need_is_not_run(tmp_path: Path) -> None:
    program = b"\x80\x02]" + b"N0" * 300_000 + b"."
    assert "more operations than weights need" in refusal(tmp_path / "a.pth", zipped_pth(program))
    assert "more operations than weights need" in refusal(tmp_path / "a.npy", npy(program))


@pytest.mark.parametrize("wrap", [lambda name: f"module.{name}", lambda name: f"model._orig_mod.{name}"])
def test_names_are_known_inside_what_the_network_was_in(tmp_path: Path, wrap: Callable[[str], str]) -> None:
    state = torchvision_names(random_weights())
    wrapped = {wrap(name): np.ascontiguousarray(array) for name, array in state.items()}
    save_file({**wrapped, "loss.weight": np.zeros(2, np.float32)}, tmp_path / "a.safetensors")
    published = read_published(tmp_path / "a.safetensors")
    assert published.remarks[0] == f"{wrap('features.0.weight')!r} taken as 'features.0.weight', and so on"
    np.testing.assert_array_equal(published.layers["fc8"].bias, state["classifier.6.bias"])


def test_data_parallel_over_the_features_alone_is_known_and_two_networks_in_one_are_not() -> None:
    state: dict[str, Any] = dict(torchvision_names(random_weights()))
    halves = {name.replace("features.", "features.module."): array for name, array in state.items()}
    assert from_torchvision(".pth", halves).remarks[0].startswith("'features.module.0.weight' taken as")
    two = {f"{side}.{name}": array for name, array in state.items() for side in ("student", "teacher")}
    with pytest.raises(UserError, match=r"it has no features\.0\.weight"):
        from_torchvision(".pth", two)


@pytest.mark.parametrize("name", ["state_dict", "model", "model_state_dict"])
def test_a_state_dict_is_found_in_a_training_scripts_checkpoint(tmp_path: Path, name: str) -> None:
    whole = (FILES / "zipped.pth").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        contents = {entry: archive.read(entry) for entry in archive.namelist()}
    (place,) = (entry for entry in contents if entry.endswith("/data.pkl"))
    held = contents[place][2:-1]
    optimizer = pickle.dumps({"state": {0: {"step": 3}}, "param_groups": [{"params": [0, 1]}]}, protocol=2)[2:-1]
    text = {key: pickle.dumps(key, protocol=2)[2:-1] for key in ("epoch", name, "optimizer")}
    # Memo numbers of the parts may meet, but each part sets those that it gets.
    contents[place] = (
        b"\x80\x02}(" + text["epoch"] + b"K\x05" + text[name] + held + text["optimizer"] + optimizer + b"u."
    )
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        for entry, content in contents.items():
            archive.writestr(entry, content)
    found, plain = read_published(tmp_path / "a.pth"), read_published(FILES / "zipped.pth")
    np.testing.assert_array_equal(found.layers["fc7"].kernel, plain.layers["fc7"].kernel)


def test_bfloat16_is_named(tmp_path: Path) -> None:
    pickled = tensor("features.0.weight", 0, (2,), (1,)).replace(b"FloatStorage", b"BFloat16Storage")
    assert "bfloat16" in refusal(tmp_path / "a.pth", zipped_pth(pickled, s=bytes(4)))
    header = json.dumps({"features.0.weight": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    content = len(header).to_bytes(8, "little") + header + bytes(4)
    assert "it holds BF16" in refusal(tmp_path / "a.safetensors", content)


def test_entries_that_lie_on_top_of_each_other_are_refused(tmp_path: Path) -> None:
    content = bytearray(zipped_pth(tensor("features.0.weight", 0, (2,), (1,)), a=bytes(1000), b=bytes(1000)))
    first, second = (content.rindex(b"archive/data/" + key) - 46 for key in (b"a", b"b"))
    content[second + 42 : second + 46] = content[first + 42 : first + 46]
    assert "a.pth" in refusal(tmp_path / "a.pth", bytes(content))
