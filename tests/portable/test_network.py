"""ONNX Runtime says what Keras says, of a model's file and of an exported one; other files are told in a line."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.evaluation.ten_views import FeatureNetwork
from alexnet_pipe.inputs.views import VIEWS
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import as_stored, load_model, save_model
from alexnet_pipe.params.model import VARIANTS
from alexnet_pipe.portable.network import Network, network_of, open_network
from alexnet_pipe.portable.onnx_graph import onnx_graph
from alexnet_pipe.portable.stored_model import read_stored, weights_digest
from tests.exporting.test_export import classifier, noise


def is_the_models(network: Network, model: Classifier) -> None:
    images = noise(3)
    said = network.outputs(images, VIEWS)
    for found, expected in zip(said, FeatureNetwork(model).outputs(images, VIEWS), strict=True):
        assert found.shape == expected.shape
        assert len({view.tobytes() for view in found}) == len(VIEWS)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("variant", VARIANTS)
def test_logits_and_features_of_all_ten_views_are_those_of_keras(variant: str, tmp_path: Path) -> None:
    model = classifier(variant, input_scale=0.5)
    is_the_models(network_of(as_stored(model)), model)
    (tmp_path / "m.onnx").write_bytes(onnx_graph(as_stored(model)).SerializeToString())
    is_the_models(open_network(tmp_path / "m.onnx"), model)


@pytest.fixture(scope="module")
def model() -> Classifier:
    return classifier(input_scale=0.5)


@pytest.fixture(scope="module")
def exported(model: Classifier) -> bytes:
    return onnx_graph(as_stored(model)).SerializeToString()


def test_a_models_file_and_an_exported_one_give_the_same_network(
    model: Classifier, exported: bytes, tmp_path: Path
) -> None:
    save_model(tmp_path / "m.keras", model)
    (tmp_path / "m.any").write_bytes(exported)
    for name in ("m.keras", "m.any"):
        network = open_network(tmp_path / name)
        is_the_models(network, model)
        assert (network.classes, network.resize) == (model.classes, model.resize)
        assert (network.variant, network.weights_digest) == ("paper", weights_digest(model.get_weights()))
        assert network.temperatures == (1.5, 0.75)
    stored, now = read_stored(tmp_path / "m.keras"), as_stored(model)
    assert stored.description == now.description
    assert {name: array.tobytes() for name, array in stored.arrays.items()} == {
        name: array.tobytes() for name, array in now.arrays.items()
    }


def without_temperatures(file: Path, other: Path) -> None:
    """A model's file as it was before there were temperatures."""
    with ZipFile(file) as whole, ZipFile(other, "w") as before:
        for name in whole.namelist():
            content = whole.read(name)
            if name == "config.json":
                described = json.loads(content)
                del described["config"]["temperature"], described["config"]["temperature_ten_view"]
                content = json.dumps(described).encode()
            before.writestr(name, content)


def test_files_from_before_there_were_temperatures_say_what_they_said(model: Classifier, tmp_path: Path) -> None:
    save_model(tmp_path / "now.keras", model)
    without_temperatures(tmp_path / "now.keras", tmp_path / "before.keras")
    stored = read_stored(tmp_path / "before.keras")
    graph = onnx_graph(stored)
    assert node(graph, "probabilities").input == ["logits"]
    notes = [note for note in graph.metadata_props if not note.key.startswith("temperature")]
    del graph.metadata_props[:]
    graph.metadata_props.extend(notes)
    (tmp_path / "before.onnx").write_bytes(graph.SerializeToString())
    for name in ("before.keras", "before.onnx"):
        network = open_network(tmp_path / name)
        assert network.temperatures == (1, 1)
        is_the_models(network, model)
    assert load_model(tmp_path / "before.keras").temperature_ten_view == 1


@pytest.mark.parametrize("temperature", ["0", "-1", "NaN", "Infinity", "true", '"2"', "21"])
def test_a_temperature_that_is_none_is_told_in_a_line(temperature: str, exported: bytes, tmp_path: Path) -> None:
    file = onnx.load_model_from_string(exported)
    (note,) = [note for note in file.metadata_props if note.key == "temperature"]
    note.value = temperature
    (tmp_path / "m.onnx").write_bytes(file.SerializeToString())
    with pytest.raises(UserError, match=r"^[^\n]*m\.onnx is not a model of this project, or is damaged: temperature: "):
        open_network(tmp_path / "m.onnx")


def test_more_images_than_are_computed_together_make_no_difference(
    model: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = network_of(as_stored(model))
    images = noise(5)
    whole = network.outputs(images)
    monkeypatch.setattr("alexnet_pipe.portable.network._TOGETHER", 2)
    for found, expected in zip(network.outputs(images), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_answers_that_are_no_numbers_are_an_error() -> None:
    model = classifier()
    for weight in model.network.weights:
        weight.assign(np.full(weight.shape, 3e37, np.float32))
    with pytest.raises(UserError, match="is no finite number"):
        network_of(as_stored(model)).outputs(noise(1))


def unknown_operation(file: onnx.ModelProto) -> None:
    file.graph.node.append(helper.make_node("Expand", ["logits", "two"], ["large"]))


def weights_elsewhere(file: onnx.ModelProto) -> None:
    constant = next(constant for constant in file.graph.initializer if constant.name == "fc6.kernel")
    constant.ClearField("raw_data")
    constant.data_location = TensorProto.EXTERNAL
    constant.external_data.add(key="location", value="/etc/passwd")


def no_classes(file: onnx.ModelProto) -> None:
    del file.metadata_props[:]


def fewer_classes(file: onnx.ModelProto) -> None:
    (classes,) = [note for note in file.metadata_props if note.key == "classes"]
    classes.value = '["a", "b"]'


def classes_twice(file: onnx.ModelProto) -> None:
    (classes,) = [note for note in file.metadata_props if note.key == "classes"]
    classes.value = '["a", "a", "b"]'


def many_classes(file: onnx.ModelProto) -> None:
    (classes,) = [note for note in file.metadata_props if note.key == "classes"]
    classes.value = f"[{'1,' * 2**22}1]"


def no_view(file: onnx.ModelProto) -> None:
    (view,) = [constant for constant in file.graph.initializer if constant.name == "view"]
    file.graph.initializer.remove(view)


def node(file: onnx.ModelProto, name: str) -> onnx.NodeProto:
    return next(node for node in file.graph.node if node.name == name)


def wide_padding(file: onnx.ModelProto) -> None:
    (pads,) = [attribute for attribute in node(file, "conv3").attribute if attribute.name == "pads"]
    pads.ints[:] = [2**30] * 4


def axes_twice(file: onnx.ModelProto) -> None:
    (axes,) = [constant for constant in file.graph.initializer if constant.name == "of_images"]
    axes.CopyFrom(numpy_helper.from_array(np.array([1, 1], np.int64), "of_images"))


def no_number(file: onnx.ModelProto) -> None:
    (bias,) = [constant for constant in file.graph.initializer if constant.name == "fc8.bias"]
    bias.CopyFrom(numpy_helper.from_array(np.array([0, np.nan, 0], np.float32), "fc8.bias"))


def fewer_biases(file: onnx.ModelProto) -> None:
    (bias,) = [constant for constant in file.graph.initializer if constant.name == "fc7.bias"]
    bias.CopyFrom(numpy_helper.from_array(np.zeros(1, np.float32), "fc7.bias"))


def large_product(file: onnx.ModelProto) -> None:
    for name, shape in {"column": (60_000, 1), "row": (1, 60_000)}.items():
        file.graph.initializer.append(numpy_helper.from_array(np.ones(shape, np.float32), name))
    file.graph.node.append(helper.make_node("Mul", ["column", "row"], ["product"]))


def constant_more(file: onnx.ModelProto) -> None:
    file.graph.initializer.append(file.graph.initializer[0])


def other_temperature(file: onnx.ModelProto) -> None:
    (note,) = [note for note in file.metadata_props if note.key == "temperature"]
    note.value = "1.25"


def unknown_variant(file: onnx.ModelProto) -> None:
    (variant,) = [note for note in file.metadata_props if note.key == "variant"]
    variant.value = '"other\\u001b[31m"'


def change_refused(change: Callable[[onnx.ModelProto], None], told: str, exported: bytes, folder: Path) -> None:
    """A file of these bytes, once changed, is refused with one line that names it."""
    file = onnx.load_model_from_string(exported)
    change(file)
    (folder / "m.onnx").write_bytes(file.SerializeToString())
    with pytest.raises(UserError, match=rf"^[^\n]*m\.onnx {told}"):
        open_network(folder / "m.onnx")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (other_temperature, r"is not .*: its constant temperature is not as `alexnet-pipe export` writes it$"),
        (wide_padding, r"is not .*: its operation conv3 is not as `alexnet-pipe export` writes it$"),
        (axes_twice, r"is not .*: its constant of_images is not as `alexnet-pipe export` writes it$"),
        (no_number, r"is not .*: fc8\.1 has numbers that are not finite$"),
        (fewer_biases, r"is not .*: the shapes of its weights do not fit together$"),
        (large_product, r"has the operation Mul, which `alexnet-pipe export` does not write$"),
        (constant_more, r"is not .*: its graph is not the one that `alexnet-pipe export` writes$"),
        (unknown_variant, r"is of the variant other[^\x1b]*, which this version does not know$"),
        (unknown_operation, r"has the operation Expand, which `alexnet-pipe export` does not write$"),
        (weights_elsewhere, r"has weights outside the file, which `alexnet-pipe export` does not write$"),
        (no_classes, r"is an ONNX file that does not say its classes, so not one that `alexnet-pipe export` wrote$"),
        (fewer_classes, r"is not a model of this project, or is damaged: it does not take images to logits of 2 "),
        (classes_twice, r"is not a model of this project, or is damaged: two of its classes have one name$"),
        (many_classes, r"is not .*: its metadata have more than 8,388,608 characters$"),
        (no_view, r"is not a model of this project, or is damaged: it has no constant view$"),
    ],
)
def test_an_onnx_file_of_another_kind_is_told_in_a_line(
    change: Callable[[onnx.ModelProto], None], told: str, exported: bytes, tmp_path: Path
) -> None:
    change_refused(change, told, exported, tmp_path)


def test_of_many_classes_that_are_no_names_the_first_is_told_without_memory_for_all(
    exported: bytes, tmp_path: Path
) -> None:
    file = onnx.load_model_from_string(exported)
    (classes,) = [note for note in file.metadata_props if note.key == "classes"]
    classes.value = f"[{'1,' * 10**6}1]"
    (tmp_path / "m.onnx").write_bytes(file.SerializeToString())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match=r"or is damaged: classes\.0: "):
        open_network(tmp_path / "m.onnx")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize("kept", [1, 100, 5000])
def test_a_file_that_is_cut_off_is_told_in_a_line(kept: int, exported: bytes, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(exported[:kept])
    with pytest.raises(UserError, match=r"^[^\n]*m\.onnx is[^\n]*$"):
        open_network(tmp_path / "m.onnx")


@pytest.mark.slow
def test_a_prediction_starts_neither_keras_nor_tensorflow(model: Classifier, tmp_path: Path) -> None:
    from PIL import Image

    save_model(tmp_path / "m.keras", model)
    Image.new("RGB", (300, 300), "red").save(tmp_path / "red.png")
    program = """
import sys
from alexnet_pipe.cli import app
try:
    app(["predict", "red.png", "--model", "m.keras", "--csv"])
finally:
    started = {"keras", "tensorflow", "jax", "pandas"} & sys.modules.keys()
    print("started:", *sorted(started))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "started:", done.stderr
    assert done.stdout.splitlines()[1].startswith("red.png,predicted,")
