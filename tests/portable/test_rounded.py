"""Kernels in float16 and int8 say nearly what float32 says, and their files are data: what differs is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from scipy.special import softmax

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.inputs.views import VIEWS
from alexnet_pipe.model.model_file import as_stored
from alexnet_pipe.params.model import VARIANTS
from alexnet_pipe.portable.network import network_of, open_network
from alexnet_pipe.portable.onnx_graph import onnx_graph
from alexnet_pipe.portable.rounded import Ranges, handed_on, in_float16, in_int8, without_batch_normalization
from alexnet_pipe.portable.stored_model import Stored, notes_of
from tests.exporting.test_export import classifier, noise
from tests.portable.test_network import change_refused, node


def seen_ranges(stored: Stored) -> Ranges:
    """Of what the layers hand on, over some images."""
    names = handed_on(stored.description.variant)
    graph = onnx_graph(without_batch_normalization(stored))
    graph.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    found = onnxruntime.InferenceSession(graph.SerializeToString()).run(list(names), {"images": noise(8)})
    return {name: (float(values.min()), float(values.max())) for name, values in zip(names, found, strict=True)}


def rounded_file(stored: Stored, numbers: str) -> bytes:
    rounded = in_float16(stored) if numbers == "float16" else in_int8(stored, seen_ranges(stored))
    return onnx_graph(rounded, notes=notes_of(stored)).SerializeToString()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("numbers", "share"), [("float16", 0.002), ("int8", 0.08)])
def test_a_file_is_opened_and_says_nearly_what_float32_says(
    variant: str, numbers: str, share: float, tmp_path: Path
) -> None:
    stored = as_stored(classifier(variant, input_scale=0.5))
    (tmp_path / "m.onnx").write_bytes(rounded_file(stored, numbers))
    network, images = open_network(tmp_path / "m.onnx"), noise(4)
    logits, features = network.outputs(images, VIEWS)
    expected, expected_features = network_of(stored).outputs(images, VIEWS)
    assert 0 < np.abs(logits - expected).max() < share * np.abs(expected).max()
    assert np.abs(features - expected_features).mean() < share * expected_features.max()
    assert (network.variant, network.weights_digest) == (variant, notes_of(stored).weights_digest)


@pytest.mark.parametrize("numbers", ["float16", "int8"])
def test_what_is_opened_is_what_the_file_says_by_itself(numbers: str, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(rounded_file(as_stored(classifier()), numbers))
    onnx.checker.check_model(onnx.load(tmp_path / "m.onnx"), full_check=True)
    assert {node.domain for node in onnx.load(tmp_path / "m.onnx").graph.node} == {""}
    [alone] = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(["logits"], {"images": noise(3)})
    np.testing.assert_array_equal(open_network(tmp_path / "m.onnx").outputs(noise(3))[0][0], alone)


@pytest.mark.parametrize("numbers", ["float16", "int8"])
def test_the_temperature_is_kept(numbers: str, tmp_path: Path) -> None:
    stored = as_stored(classifier())
    warm = Stored(
        stored.description.model_copy(update={"temperature": 2.0, "temperature_ten_view": 3.0}), stored.arrays
    )
    (tmp_path / "m.onnx").write_bytes(rounded_file(warm, numbers))
    found, logits = onnxruntime.InferenceSession(tmp_path / "m.onnx").run(
        ["probabilities", "logits"], {"images": noise(2)}
    )
    np.testing.assert_allclose(found, softmax(logits / 2, axis=1), rtol=1e-5)
    assert open_network(tmp_path / "m.onnx").temperatures == (2.0, 3.0)


def test_integers_say_what_a_runtime_says_that_computes_them_in_float32() -> None:
    content = rounded_file(as_stored(classifier()), "int8")
    plain = onnxruntime.SessionOptions()
    plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    sessions = [onnxruntime.InferenceSession(content, options) for options in (None, plain)]
    whole, simulated = (session.run(["logits"], {"images": noise(3)})[0] for session in sessions)
    # Where one rounds to the level above and the other below, a layer's output differs by its step.
    np.testing.assert_allclose(whole, simulated, atol=0.02 * np.abs(simulated).max())


def test_files_have_half_and_a_quarter_of_the_bytes() -> None:
    stored = as_stored(classifier())
    weights = sum(array.nbytes for name, array in stored.arrays.items() if name != "mean")
    mean = stored.arrays["mean"].nbytes
    assert len(rounded_file(stored, "float16")) - mean < 0.5 * weights + 20_000
    assert len(rounded_file(stored, "int8")) - mean < 0.25 * weights + 40_000


def test_a_channel_without_weights_and_one_that_is_never_active_stay_so() -> None:
    model = classifier()
    kernel, bias = model.network.get_layer("conv3").weights
    kernel.assign(np.asarray(kernel) * (np.arange(kernel.shape[-1]) > 1))
    bias.assign(np.where(np.arange(bias.shape[0]) == 0, -5, np.asarray(bias)))
    stored = as_stored(model)
    rounded = in_int8(stored, seen_ranges(stored) | {"norm1.squares": (0, 0)})
    assert not rounded.arrays["conv3.0"][..., :2].any()
    onnxruntime.InferenceSession(onnx_graph(rounded, notes=notes_of(stored)).SerializeToString())


def test_numbers_that_a_form_does_not_have_are_refused() -> None:
    stored = as_stored(classifier())
    large = Stored(stored.description, {**stored.arrays, "fc8.0": stored.arrays["fc8.0"] * np.float32(1e6)})
    with pytest.raises(UserError, match=r"^a weight is above 65,504, the largest number of float16"):
        in_float16(large)
    with pytest.raises(UserError, match=r"are too large to be a trained network's$"):
        in_int8(stored, seen_ranges(stored) | {"relu3": (0, 1e30)})


def constant(file: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(each for each in file.graph.initializer if each.name == name)


def times(name: str, factor: float) -> Callable[[onnx.ModelProto], None]:
    def change(file: onnx.ModelProto) -> None:
        values = numpy_helper.to_array(constant(file, name))
        constant(file, name).CopyFrom(numpy_helper.from_array(np.asarray(values * np.float32(factor)), name))

    return change


def another_integer(file: onnx.ModelProto) -> None:
    values = numpy_helper.to_array(constant(file, "fc7.kernel")).copy()
    values[0, 0] += 1
    constant(file, "fc7.kernel").CopyFrom(numpy_helper.from_array(values, "fc7.kernel"))


def extra_node(file: onnx.ModelProto) -> None:
    file.graph.node.append(helper.make_node("Identity", ["logits"], ["more"]))


def other_domain(file: onnx.ModelProto) -> None:
    node(file, "relu3.levels").domain = "com.microsoft"


def other_axis(file: onnx.ModelProto) -> None:
    node(file, "fc6.kernel.float").attribute[0].i = 0


def without_rounding(file: onnx.ModelProto) -> None:
    file.graph.node.remove(node(file, "relu4.levels"))


def elsewhere(file: onnx.ModelProto) -> None:
    constant(file, "fc6.kernel").ClearField("raw_data")
    constant(file, "fc6.kernel").data_location = TensorProto.EXTERNAL
    constant(file, "fc6.kernel").external_data.add(key="location", value="/etc/passwd")


def many_steps(file: onnx.ModelProto) -> None:
    constant(file, "relu3.step").CopyFrom(numpy_helper.from_array(np.ones(5, np.float32), "relu3.step"))


def float_kernel(file: onnx.ModelProto) -> None:
    values = numpy_helper.to_array(constant(file, "conv2.kernel")).astype(np.float32)
    constant(file, "conv2.kernel").CopyFrom(numpy_helper.from_array(values, "conv2.kernel"))


def own_function(file: onnx.ModelProto) -> None:
    body = [helper.make_node("Identity", ["x"], ["y"])]
    file.functions.append(helper.make_function("own", "F", ["x"], ["y"], body, [helper.make_opsetid("", 17)]))


DAMAGED = "is not a model of this project, or is damaged: "


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (times("relu3.step", 1.5), rf"{DAMAGED}its constant conv4\.bias\.step is not as `alexnet-pipe export` writes"),
        (times("conv2.kernel.step", 2), rf"{DAMAGED}its constant conv2\.bias\.step is not as `alexnet-pipe export`"),
        (times("norm1.scale.step", 2), rf"{DAMAGED}its numbers are not those that `alexnet-pipe export` wrote there$"),
        (times("relu1.step", 0), rf"{DAMAGED}relu1\.step is no step between two integers$"),
        (times("relu1.step", 1e30), rf"{DAMAGED}relu1\.step is no step between two integers$"),
        (times("pixels.step", np.nan), rf"{DAMAGED}pixels\.step has numbers that are not finite$"),
        (another_integer, rf"{DAMAGED}its numbers are not those that `alexnet-pipe export` wrote there$"),
        (extra_node, r"has the operation Identity, which `alexnet-pipe export` does not write$"),
        (other_domain, rf"{DAMAGED}its operation relu3\.levels is not as `alexnet-pipe export` writes it$"),
        (other_axis, rf"{DAMAGED}its operation fc6\.kernel\.float is not as `alexnet-pipe export` writes it$"),
        (without_rounding, r"has the operation \w+, which `alexnet-pipe export` does not write$"),
        (elsewhere, r"has weights outside the file, which `alexnet-pipe export` does not write$"),
        (many_steps, rf"{DAMAGED}the shapes of its weights do not fit together$"),
        (float_kernel, rf"{DAMAGED}it has no constant conv2\.kernel of int8$"),
        (own_function, rf"{DAMAGED}its graph is not the one that `alexnet-pipe export` writes$"),
    ],
)
def test_a_changed_file_of_integers_is_refused_with_a_line(
    change: Callable[[onnx.ModelProto], None], told: str, integers: bytes, tmp_path: Path
) -> None:
    change_refused(change, told, integers, tmp_path)


@pytest.fixture(scope="module")
def integers() -> bytes:
    return rounded_file(as_stored(classifier()), "int8")


def without_cast(file: onnx.ModelProto) -> None:
    node(file, "fc6.weights").attribute[0].i = TensorProto.DOUBLE


def not_finite(file: onnx.ModelProto) -> None:
    values = numpy_helper.to_array(constant(file, "fc6.kernel")).copy()
    values[0, 0] = np.inf
    constant(file, "fc6.kernel").CopyFrom(numpy_helper.from_array(values, "fc6.kernel"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (times("fc6.bias", 1.5), rf"{DAMAGED}its numbers are not those that `alexnet-pipe export` wrote there$"),
        (float_kernel, rf"{DAMAGED}it has no constant conv2\.kernel of float16$"),
        (without_cast, rf"{DAMAGED}its operation fc6\.weights is not as `alexnet-pipe export` writes it$"),
        (not_finite, rf"{DAMAGED}fc6\.0 has numbers that are not finite$"),
        (elsewhere, r"has weights outside the file, which `alexnet-pipe export` does not write$"),
        (extra_node, r"has the operation Identity, which `alexnet-pipe export` does not write$"),
    ],
)
def test_a_changed_file_of_float16_is_refused_with_a_line(
    change: Callable[[onnx.ModelProto], None], told: str, tmp_path: Path
) -> None:
    file = onnx.load_model_from_string(rounded_file(as_stored(classifier()), "float16"))
    change(file)
    (tmp_path / "m.onnx").write_bytes(file.SerializeToString())
    with pytest.raises(UserError, match=rf"^[^\n]*m\.onnx {told}"):
        open_network(tmp_path / "m.onnx")
