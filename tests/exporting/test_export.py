"""Exported files say what the model says, without this project."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from scipy.special import softmax

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.exporting import Format, deployment
from alexnet_pipe.exporting import write_export as write_export_module
from alexnet_pipe.exporting.write_export import write_export
from alexnet_pipe.inputs.views import view
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.forms import fastest_forms
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.params.model import VARIANTS
from alexnet_pipe.portable import onnx_graph
from alexnet_pipe.portable.network import open_network
from alexnet_pipe.portable.stored_model import weights_digest
from alexnet_pipe.portable.training_summary import Summary
from tests.model.test_foreign_models import SUMMARY

BATCH = "batch-normalization"
CLASSES = ["Kätzchen", "犬", 'say "no"\n', "not UTF-8: \udcff"]


def classifier(variant: str = "paper", input_scale: float = 1.0) -> Classifier:
    """A network that is not sure of noise, whose biases and mean image are unlike each other everywhere."""
    temperatures = {"temperature": 1.5, "temperature_ten_view": 0.75}
    model = Classifier(
        CLASSES, variant=variant, width=0.05, initialisation="he", input_scale=input_scale, **temperatures
    )
    random = np.random.default_rng(1)
    model.mean.assign(random.uniform(0, 255, model.mean.shape))
    for weight in model.network.weights:
        if weight.ndim == 1:
            positive = weight.name in ("gamma", "moving_variance")
            weight.assign(random.uniform(0.5, 2, weight.shape) if positive else random.normal(0, 0.1, weight.shape))
    kernel = model.network.get_layer("fc8").kernel
    kernel.assign(random.normal(0, 0.1, kernel.shape))
    return model


@pytest.fixture(scope="module")
def model() -> Classifier:
    return classifier()


def noise(n: int) -> NDArray[np.uint8]:
    return np.random.default_rng(2).integers(0, 256, (n, 256, 256, 3), dtype=np.uint8)


def expected(model: Classifier, images: NDArray[np.uint8]) -> NDArray[np.float64]:
    logits = np.asarray(model(view(images, (14, 14), mirror=False), training=False))
    return softmax(logits.astype(np.float64) / 1.5, axis=1)


Batches = list[NDArray[np.uint8]]


def by_onnxruntime(path: Path, batches: Batches) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(path)
    return [session.run(["probabilities"], {"images": images})[0] for images in batches]


def by_litert(path: Path, batches: Batches) -> list[NDArray[np.float32]]:
    interpreter = Interpreter(str(path))
    into, out = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    probabilities = []
    for images in batches:
        interpreter.resize_tensor_input(into, images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(into, images)
        interpreter.invoke()
        probabilities.append(interpreter.get_tensor(out))
    return probabilities


READERS = {Format.ONNX: by_onnxruntime, Format.TFLITE: by_litert}
BATCHES = [noise(1), noise(3)]


@pytest.fixture(scope="module")
def exported(model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Format], Path]:
    """Where the model lies in a format; it is written at the first call."""
    folder = tmp_path_factory.mktemp("here")

    @cache
    def write(to: Format) -> Path:
        said = write_export(model, to, folder / to)
        assert said.startswith("checked on 8 images: probabilities differ by at most ")
        return folder / to

    return write


@pytest.fixture(scope="module")
def elsewhere(model: Classifier, exported: Callable[[Format], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what other processes read in a SavedModel, and write: a folder each, by the seed of its hashes."""
    program = """
import gc
gc.disable()
import pathlib, sys, numpy, tensorflow
gc.freeze()  # It ends sooner.
given, out, *formats = sys.argv[1:]
served = tensorflow.saved_model.load(given).signatures["serving_default"]
batches = numpy.load("images.npz").values()
numpy.savez(f"{out}.npz", *(served(images=images)["probabilities"] for images in batches))
assert "alexnet_pipe" not in sys.modules
from alexnet_pipe.exporting import Format
from alexnet_pipe.exporting.write_export import write_export
from alexnet_pipe.model.model_file import load_model
for to in formats:
    write_export(load_model(pathlib.Path("m.keras")), Format(to), pathlib.Path(out, to))
"""
    folder = tmp_path_factory.mktemp("elsewhere")
    np.savez(folder / "images.npz", *BATCHES)
    save_model(folder / "m.keras", model)
    for seed, formats in {
        "4021": [Format.SAVED_MODEL, Format.ONNX, Format.TFLITE],
        "4022": [Format.SAVED_MODEL],
    }.items():
        command = [sys.executable, "-c", program, exported(Format.SAVED_MODEL), seed, *formats]
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return folder


def are_the_models(model: Classifier, said: list[NDArray[np.float32]]) -> None:
    for images, probabilities in zip(BATCHES, said, strict=True):
        assert probabilities.dtype == np.float32
        assert 0.01 < probabilities.min() < probabilities.max() < 0.99
        np.testing.assert_allclose(probabilities, expected(model, images), rtol=0, atol=1e-5)


@pytest.mark.parametrize("to", READERS)
def test_a_file_gives_the_models_probabilities_for_one_image_and_for_three(
    to: Format, model: Classifier, exported: Callable[[Format], Path]
) -> None:
    are_the_models(model, READERS[to](exported(to), BATCHES))


@pytest.mark.slow
def test_a_program_that_knows_nothing_of_this_one_reads_a_saved_model(model: Classifier, elsewhere: Path) -> None:
    are_the_models(model, list(np.load(elsewhere / "4021.npz").values()))


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(exported: Callable[[Format], Path], elsewhere: Path) -> None:
    # A SavedModel numbers its functions by what its process has traced, which here are other models too.
    for to, other in {
        Format.SAVED_MODEL: elsewhere / "4022" / Format.SAVED_MODEL,
        Format.ONNX: exported(Format.ONNX),
        Format.TFLITE: exported(Format.TFLITE),
    }.items():
        assert _content(elsewhere / "4021" / to) == _content(other), to


def _content(path: Path) -> dict[Path, bytes]:
    files = [file for file in path.rglob("*") if file.is_file()] or [path]
    return {file.relative_to(path): file.read_bytes() for file in files}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "to"),
    [
        *((variant, Format.ONNX) for variant in VARIANTS if variant != "paper"),
        # A SavedModel takes every operation; TFLite's converter is asked for each kind of them.
        *(
            (variant, Format.TFLITE)
            for variant in ("caffenet", "single-tower", "non-overlapping-pooling", "one-weird-trick")
        ),
        (BATCH, Format.TFLITE),
        (BATCH, Format.SAVED_MODEL),
    ],
)
def test_every_variant_can_be_exported(variant: str, to: Format, tmp_path: Path) -> None:
    assert write_export(classifier(variant), to, tmp_path / "exported").startswith("checked")


def in_onnx(path: Path) -> dict[str, str]:
    return {note.key: note.value for note in onnx.load(path).metadata_props}


def in_saved_model(path: Path) -> dict[str, str]:
    return {note.stem: note.read_text() for note in (path / "assets.extra").iterdir()}


def in_tflite(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {Path(name).stem: archive.read(name).decode() for name in archive.namelist()}


@pytest.mark.parametrize(
    ("to", "notes_in"),
    [(Format.ONNX, in_onnx), (Format.SAVED_MODEL, in_saved_model), (Format.TFLITE, in_tflite)],
)
def test_class_names_and_preparation_travel_with_the_file(
    to: Format, notes_in: Callable[[Path], dict[str, str]], tmp_path: Path
) -> None:
    squashed = Classifier(CLASSES, {"policy": "squash", "background": "black"}, width=0.05)
    squashed.temperature, squashed.temperature_ten_view = 0.5, 0.4
    squashed.summary = Summary.model_validate({**SUMMARY, "guesses": [0.25] * 4})
    write_export(squashed, to, tmp_path / "exported")
    notes = {name: json.loads(text) for name, text in notes_in(tmp_path / "exported").items()}
    digest = weights_digest(squashed.get_weights())
    resize = {"policy": "squash", "background": "black"}
    temperatures = {"temperature": 0.5, "temperature_ten_view": 0.4}
    known = {"classes": CLASSES, "resize": resize, "variant": "paper", "weights_digest": digest}
    assert notes == known | temperatures | {"summary": squashed.summary.model_dump()}
    if to == Format.ONNX:
        assert open_network(tmp_path / "exported").summary == squashed.summary


def test_an_onnx_file_is_valid_and_of_standard_operations(exported: Callable[[Format], Path]) -> None:
    file = onnx.load(exported(Format.ONNX))
    onnx.checker.check_model(file, full_check=True)
    assert {node.domain for node in file.graph.node} == {""}
    assert [value.name for value in file.graph.input] == ["images"]


@pytest.mark.parametrize("to", [to for to in Format if to.numbers != "int8"])
def test_a_file_that_says_something_else_is_refused(
    to: Format, model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_graph, "CENTRE", ((14, 15), False))
    monkeypatch.setattr(deployment, "CENTRE", (14, 15))
    with pytest.raises(UserError, match=r"exported is not written: its probabilities differ .* by up to 0\.\d+"):
        write_export(model, to, tmp_path / "exported")
    assert list(tmp_path.iterdir()) == []


def test_a_difference_on_photographs_alone_is_refused(
    model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = run_onnx(path, images)
        found[8:] = 0
        return found

    save, run_onnx, tolerance = write_export_module._SAVE_AND_RUN[Format.ONNX]
    monkeypatch.setattr(write_export_module, "_SAVE_AND_RUN", {Format.ONNX: (save, run, tolerance)})
    write_export(model, Format.ONNX, tmp_path / "exported")
    with pytest.raises(UserError, match="is not written"):
        write_export(model, Format.ONNX, tmp_path / "exported", noise(3))


def test_a_refused_export_leaves_the_one_before(
    model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exported").write_text("before")
    monkeypatch.setattr(deployment, "CENTRE", (14, 15))
    with pytest.raises(UserError):
        write_export(model, Format.TFLITE, tmp_path / "exported")
    assert (tmp_path / "exported").read_text() == "before"


def test_neither_half_precision_nor_xla_of_a_training_reaches_the_file(model: Classifier, tmp_path: Path) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        trained = Classifier(forms=fastest_forms(), **model.get_config())
        trained.set_weights(model.get_weights())
        write_export(trained, Format.SAVED_MODEL, tmp_path / "exported")
    finally:
        keras.config.set_dtype_policy("float32")
    served = tf.saved_model.load(str(tmp_path / "exported")).signatures["serving_default"]
    graph = served.graph.as_graph_def()
    functions = graph.library.function
    operations = [node for function in functions for node in function.node_def] + list(graph.node)
    assert tf.bfloat16.as_datatype_enum not in {node.attr["T"].type for node in operations}
    assert not any(function.attr["_XlaMustCompile"].b for function in functions)
    images = noise(2)
    np.testing.assert_allclose(
        served(images=tf.constant(images))["probabilities"], expected(model, images), rtol=0, atol=1e-5
    )
