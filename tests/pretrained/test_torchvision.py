"""State dicts with torchvision's names: files of PyTorch itself, and what does not fit or is not to be trusted."""

import hashlib
import json
import pickle
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.pretrained import read
from alexnet_pipe.pretrained.read import assemble, read_published
from tests.pretrained.networks import Weights, random_weights, torchvision_names
from tests.pretrained.pickles import call, tensor, zipped_pth

FILES = Path(__file__).parent / "files"
"""Written by PyTorch 2.13, and 2.14 those of torchvision's structure (`make.py` there)."""

SOFTMAX = [0.521498441696167, 0.23317232728004456, 0.24532921612262726]
"""What PyTorch computes of `photograph`; turned, mirrored or in other colours it says something else."""
WEIRD_SOFTMAX = [0.5430091023445129, 0.34104105830192566, 0.11594986170530319]


def photograph() -> NDArray[np.uint8]:
    row, column = np.mgrid[:256, :256]
    return np.stack([row, column * column // 256, (3 * row + 5 * column) % 256], axis=-1).astype(np.uint8)


def saved(path: Path, weights: Weights) -> Path:
    save_file({name: np.ascontiguousarray(array) for name, array in torchvision_names(weights).items()}, path)
    return path


@pytest.mark.parametrize("name", ["zipped.pth", "legacy.pth", "weights.safetensors"])
def test_the_softmax_is_that_of_pytorch(name: str) -> None:
    published = read_published(FILES / name)
    assert (published.variant, published.policy, published.format) == ("no-normalization", "crop", Path(name).suffix)
    model = assemble(published, ["a", "b", "c"])
    softmax = keras.ops.softmax(model(view(photograph()[None], CENTRE, mirror=False)))
    np.testing.assert_allclose(np.asarray(softmax)[0], SOFTMAX, atol=1e-5)
    np.testing.assert_allclose(np.asarray(model.mean)[0, 0], [255 * 0.485, 255 * 0.456, 255 * 0.406], rtol=1e-6)


@pytest.mark.parametrize("name", ["weird_zipped.pth", "weird_legacy.pth", "weird_half.safetensors"])
def test_the_softmax_of_torchvisions_own_network_is_that_of_pytorch(name: str) -> None:
    published = read_published(FILES / name)
    assert (published.variant, published.policy, published.width) == ("one-weird-trick", "torchvision", 1 / 128)
    model = assemble(published, ["a", "b", "c"])
    assert model.resize == {"policy": "torchvision", "background": "white"}
    softmax = keras.ops.softmax(model(view(photograph()[None], CENTRE, mirror=False)))
    np.testing.assert_allclose(np.asarray(softmax)[0], WEIRD_SOFTMAX, atol=1e-5)


def test_torchvisions_own_shapes_fit_in_half_precision_too(tmp_path: Path) -> None:
    shapes = [(64, 3, 11, 11), (192, 64, 5, 5), (384, 192, 3, 3), (256, 384, 3, 3), (256, 256, 3, 3)]
    shapes += [(4096, 9216), (4096, 4096), (1000, 4096)]
    weights = {
        name: (np.zeros(shape, np.float16), np.zeros(shape[0], np.float16))
        for name, shape in zip(random_weights(width=1 / 48), shapes, strict=True)
    }
    published = read_published(saved(tmp_path / "alexnet.safetensors", weights))
    assert (published.variant, published.width, published.parameters) == ("one-weird-trick", 1, 61_100_840)


def test_torchvisions_network_with_another_layer_is_measured_by_its_own_shapes(tmp_path: Path) -> None:
    shapes = [(8, 3, 11, 11), (24, 8, 5, 5), (50, 24, 3, 3), (32, 50, 3, 3), (32, 32, 3, 3)]
    shapes += [(512, 1152), (512, 512), (2, 512)]
    weights = {
        name: (np.zeros(shape, np.float32), np.zeros(shape[0], np.float32))
        for name, shape in zip(random_weights(width=1 / 48), shapes, strict=True)
    }
    with pytest.raises(UserError, match=r"conv3: kernel .* is 3×3×24×50, but 3×3×24×48 in the variant one-weird-trick"):
        read_published(saved(tmp_path / "alexnet.safetensors", weights))


def test_one_tower_without_normalization_is_no_variant(tmp_path: Path) -> None:
    weights = random_weights()
    kernel, bias = weights["conv2"]
    weights["conv2"] = np.concatenate([kernel, kernel], axis=1), bias
    with pytest.raises(
        UserError, match=r"conv2: kernel .* is 5×5×12×32, but 5×5×6×32 in .*; torchvision's names leave no"
    ):
        read_published(saved(tmp_path / "one.safetensors", weights))


def test_batch_normalization_has_no_place_there(tmp_path: Path) -> None:
    state = torchvision_names(random_weights())
    # As a network with its normalizations beside torchvision's `features` has them.
    save_file(state | {"bn1.running_mean": np.zeros(12), "bn1.running_var": np.ones(12)}, tmp_path / "a.safetensors")
    with pytest.raises(UserError, match=r"a\.safetensors: it has batch normalization \(bn1\.running_var\), [^\n]*$"):
        read_published(tmp_path / "a.safetensors")


def test_other_state_dicts_are_named_by_what_they_lack(tmp_path: Path) -> None:
    state = torchvision_names(random_weights())
    del state["classifier.4.bias"]
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(UserError, match=r"a\.safetensors: it has no classifier\.4\.bias"):
        read_published(tmp_path / "a.safetensors")
    (tmp_path / "b.pth").write_bytes(zipped_pth(tensor("fc.weight", 0, (2,), (1,)), s=bytes(8)))
    with pytest.raises(UserError, match=r"b\.pth: it has no features\.0\.weight"):
        read_published(tmp_path / "b.pth")
    (tmp_path / "c.pth").write_bytes(zipped_pth(b"\x80\x02]."))
    with pytest.raises(UserError, match="it holds no state dict"):
        read_published(tmp_path / "c.pth")
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("photo.jpg", b"")
    with pytest.raises(UserError, match=r"zip archive without PyTorch's data\.pkl"):
        read_published(tmp_path / "d.zip")


@pytest.mark.parametrize(
    ("name", "message"),
    [("torch.nn.modules.container.Sequential", "save the arrays or the state dict only"), ("os.system", "not loaded")],
)
@pytest.mark.parametrize("form", ["zipped", "legacy"])
def test_a_pickled_model_and_a_command_are_refused_and_never_called(
    tmp_path: Path, name: str, message: str, form: str
) -> None:
    module, _, function = name.rpartition(".")
    program = call(module, function, f"touch {tmp_path / 'trace'}")
    start = (FILES / "legacy.pth").read_bytes()[:15]
    (tmp_path / "evil.pth").write_bytes(zipped_pth(program) if form == "zipped" else start + program)
    with pytest.raises(UserError, match=f"asks for {name}, .*{message}"):
        read_published(tmp_path / "evil.pth")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (0, (2**40,), (1,)),
        (-4, (2,), (1,)),
        (3, (2,), (1,)),
        (0, (2, 2), (2**40, 1)),
        (0, (-2,), (1,)),
        (0, (2,), (0,)),
    ],
)
def test_a_tensor_never_reaches_beyond_its_storage(
    tmp_path: Path, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    (tmp_path / "odd.pth").write_bytes(zipped_pth(tensor("features.0.weight", offset, size, stride), s=bytes(16)))
    with pytest.raises(
        UserError, match=r"odd\.pth( is no \.pth file, or is damaged|: it holds a tensor that is not cont)"
    ):
        read_published(tmp_path / "odd.pth")


def test_a_tensor_that_was_checked_is_not_changed_afterwards(tmp_path: Path) -> None:
    honest = tensor("features.0.weight", 0, (2,), (1,))
    program = honest.removesuffix(b"s.") + pickle.dumps({"offset": -4}, protocol=2)[2:-1] + b"bs."
    (tmp_path / "odd.pth").write_bytes(zipped_pth(program, s=bytes(16)))
    with pytest.raises(UserError, match=r"is no \.pth file, or is damaged"):
        read_published(tmp_path / "odd.pth")


def test_a_compressed_archive_could_swell_and_is_refused(tmp_path: Path) -> None:
    bomb = zipped_pth(tensor("features.0.weight", 0, (2,), (1,)), zipfile.ZIP_DEFLATED, s=bytes(10_000_000))
    (tmp_path / "bomb.pth").write_bytes(bomb)
    with pytest.raises(UserError, match="its entries are compressed"):
        read_published(tmp_path / "bomb.pth")


@pytest.mark.parametrize("name", ["zipped.pth", "legacy.pth", "weights.safetensors"])
def test_a_file_cut_anywhere_is_one_line(tmp_path: Path, name: str) -> None:
    whole = (FILES / name).read_bytes()
    for length in range(1, len(whole), 97):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"cut[^\n]*$"):
            read_published(tmp_path / "cut")


def test_a_header_that_claims_more_than_there_is(tmp_path: Path) -> None:
    header = json.dumps({"features.0.weight": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(UserError, match=r"a is no \.safetensors file, or is damaged"):
        read_published(tmp_path / "a")


@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_a_file_whose_figures_were_published_is_told_by_its_digest(
    monkeypatch: pytest.MonkeyPatch, digest: str
) -> None:
    content = (FILES / "weird_zipped.pth").read_bytes()
    monkeypatch.setattr(read, "_DIGESTS", {hashlib.new(digest, content).hexdigest()[:8]: "caffenet"})
    told = (
        "by its digest this is BVLC's CaffeNet: 57.4 % top-1 and 80.4 % top-5 accuracy as published, from one centre "
        "view"
    )
    assert read_published(FILES / "weird_zipped.pth").remarks[-1] == told
    assert told not in read_published(FILES / "zipped.pth").remarks
