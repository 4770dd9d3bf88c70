"""Both layouts of bvlc_alexnet.npy give the weights in it; what else it holds is refused and never run."""

import io
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.pretrained.read import read_published
from tests.pretrained.networks import caffe_net, random_weights
from tests.pretrained.pickles import call, npy, npy_of_python_2

Held = dict[str, list[NDArray[np.float32]]]


def held() -> Held:
    """Every layer as the file has it, `(height, width, in, out)`."""
    layers = {
        name: [kernel.transpose(2, 3, 1, 0) if kernel.ndim == 4 else kernel.T, bias]
        for name, (kernel, bias) in random_weights(width=1 / 16).items()
    }
    inputs, outputs = layers["fc6"][0].shape
    layers["fc6"][0] = layers["fc6"][0].reshape(-1, 6, 6, outputs).transpose(1, 2, 0, 3).reshape(inputs, outputs)
    return layers


def named(layers: Held) -> dict[str, dict[str, NDArray[np.float32]]]:
    return {name: {"weights": kernel, "biases": bias} for name, (kernel, bias) in layers.items()}


def of_python_3(layers: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array(layers, dtype=object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize("write", [of_python_3, npy_of_python_2])
@pytest.mark.parametrize("layout", [lambda layers: layers, named], ids=["pairs", "names"])
def test_the_weights_are_those_that_numpy_loads(
    tmp_path: Path, write: Callable[[Any], bytes], layout: Callable[[Held], Any]
) -> None:
    path = tmp_path / "bvlc_alexnet.npy"
    path.write_bytes(write(layout(held())))
    published = read_published(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy moved the modules that a file of Python 2 names.
        loaded = np.load(path, allow_pickle=True, encoding="latin1").item()
    for name, layer in published.layers.items():
        kernel, bias = loaded[name].values() if isinstance(loaded[name], dict) else loaded[name]
        np.testing.assert_array_equal(layer.kernel, kernel[:, :, ::-1] if name == "conv1" else kernel)
        np.testing.assert_array_equal(layer.bias, bias)


def test_it_equals_the_caffemodel_that_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(of_python_3(held()))
    (tmp_path / "a.caffemodel").write_bytes(caffe_net(random_weights(width=1 / 16)).SerializeToString())
    one, other = read_published(tmp_path / "a.npy"), read_published(tmp_path / "a.caffemodel")
    assert (one.variant, one.width, one.mean, one.policy) == (other.variant, other.width, other.mean, other.policy)
    for name in one.layers:
        np.testing.assert_array_equal(one.layers[name].kernel, other.layers[name].kernel)


def test_a_layer_that_nobody_knows_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "normalized.npy"
    path.write_bytes(of_python_3(held() | {"bn1": [np.zeros(6, np.float32), np.ones(6, np.float32)]}))
    with pytest.raises(UserError, match=r"it holds 'bn1' besides conv1, .*: it is another network"):
        read_published(path)


def test_other_objects_and_arrays_are_other_files(tmp_path: Path) -> None:
    path = tmp_path / "other.npy"
    for content in ("text", held() | {"conv2": [held()["conv2"][0]]}, held() | {"conv2": [1, 2]}):
        path.write_bytes(of_python_3(content))
        with pytest.raises(UserError, match=r"other\.npy: (it holds no dict|conv2: )"):
            read_published(path)
    np.save(path, np.zeros(3))
    with pytest.raises(UserError, match="it holds no dict of layers"):
        read_published(path)
    whole = held() | {"conv2": [array.astype(np.int64) for array in held()["conv2"]]}
    path.write_bytes(of_python_3(whole))
    with pytest.raises(UserError, match="something else than floats"):
        read_published(path)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("__builtin__", "getattr"),
        ("numpy", "load"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy.testing._private.utils", "runstring"),
        ("collections", "OrderedDict"),
        ("numpy", "dtype.__class__"),
    ],
)
def test_whatever_is_not_an_array_is_refused_by_name_and_never_called(tmp_path: Path, module: str, name: str) -> None:
    trace = tmp_path / "trace"
    (tmp_path / "evil.npy").write_bytes(npy(call(module, name, f"touch {trace}", {})))
    with pytest.raises(UserError, match=f"its pickle asks for {module}.{name}, .* nothing was run"):
        read_published(tmp_path / "evil.npy")
    assert not trace.exists()


_ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
_FLOATS = b"cnumpy\ndtype\n(U\x02f4K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


@pytest.mark.parametrize(
    "program",
    [
        call("numpy.core.multiarray", "_reconstruct", "os.system", {"shape": -1}),
        call("numpy", "dtype", [("f4", "O")], True),
        call("numpy", "ndarray", (10**12,)),
        b"\x80\x02"
        + _ARRAY
        + b"(K\x01"
        + b"J\xff\xff\xff\x7f\x85"
        + _FLOATS
        + b"\x89U\x04\0\0\0\0tb.",  # 2³¹ numbers in 4 bytes
        b"\x80\x02"
        + _ARRAY
        + b"(K\x01K\x02\x85"
        + b"cnumpy\ndtype\n(U\x02O8tR"
        + b"\x89K\x07tb.",  # objects, and a number
        b"\x80\x02" + _ARRAY + b"K\x07b.",
        b"\x80\x02cnumpy\ndtype\n}U\x04codeU\x01Osb.",  # state for the class itself
        b"\x80\x02r\xff\xff\xff\x7f.",  # a slot of its own far away
        b"\x80\x02Nr\xff\xff\xff\x7f.",
        b"\x80\x04\x8e" + (2**60).to_bytes(8, "little") + b"few.",
        b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"few.",
        b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02U\x01aQ.",
    ],
)
def test_odd_programs_do_nothing_and_take_nothing(tmp_path: Path, program: bytes) -> None:
    (tmp_path / "odd.npy").write_bytes(npy(program))
    with pytest.raises(UserError, match=r"odd\.npy[^\n]*$"):
        read_published(tmp_path / "odd.npy")


def test_a_key_of_tuples_within_tuples_is_not_hashed(tmp_path: Path) -> None:
    # 2²⁰ hashes: enough to tell, and quick where it is broken.
    (tmp_path / "odd.npy").write_bytes(npy(b"\x80\x02})" + b"2\x86" * 20 + b"Ns."))
    with pytest.raises(UserError, match="a key that is no name"):
        read_published(tmp_path / "odd.npy")


def test_a_file_cut_anywhere_is_one_line(tmp_path: Path) -> None:
    whole = of_python_3(held())
    for length in [*range(0, 600, 7), len(whole) // 2, len(whole) - 1]:
        (tmp_path / "cut.npy").write_bytes(whole[:length])
        with pytest.raises(UserError, match=r"cut\.npy[^\n]*$"):
            read_published(tmp_path / "cut.npy")


def test_an_object_that_runs_when_loaded_does_not(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return exec, (f"open({str(tmp_path / 'trace')!r}, 'w')",)

    layers = held() | {"conv9": Evil()}
    (tmp_path / "evil.npy").write_bytes(npy(pickle.dumps(np.array(layers, dtype=object), protocol=4)))
    with pytest.raises(UserError, match=r"asks for builtins\.exec"):
        read_published(tmp_path / "evil.npy")
    assert not (tmp_path / "trace").exists()
