"""`alexnet-pipe import-weights` as a user runs it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.model.model_file import load_model
from tests.cli.command import exit_status
from tests.pretrained.networks import caffe_net, random_weights


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a .caffemodel of seven classes."""
    monkeypatch.chdir(tmp_path)
    Path("net.caffemodel").write_bytes(caffe_net(random_weights(width=1 / 16), old=True).SerializeToString())
    return tmp_path


def test_a_caffemodel_becomes_a_model_that_predicts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("names.txt").write_text("\n".join(f"n{number} Katze, 고양이" for number in range(7)), encoding="utf-8")
    arguments = ("net.caffemodel", "--out", "models/bvlc.keras", "--classes", "names.txt")
    assert exit_status(monkeypatch, "import-weights", *arguments) == 0
    assert capsys.readouterr().out.splitlines()[:-1] == [
        "net.caffemodel: .caffemodel, `layers`; 8 layers, 226,543 parameters, 7 classes",
        "  variant bvlc, width 0.0625",
        "  fc6's inputs reordered from channel, height, width to height, width, channel",
        "  conv1 flipped from BGR to RGB",
        "  mean of ILSVRC2012 by channel, R 122.679, G 116.669, B 104.007",
        "  photographs are squashed to 256×256, as Caffe's convert_imageset does",
    ]
    model = load_model(Path("models/bvlc.keras"))
    assert model.classes[1] == "n1 Katze, 고양이"
    assert model.resize == {"policy": "squash", "background": "white"}
    assert np.ptp(np.asarray(model.mean), axis=(0, 1)).max() == 0
    np.testing.assert_allclose(np.asarray(model.mean)[0, 0], [122.679, 116.669, 104.007], atol=1e-3)

    Image.new("RGB", (400, 300), "red").save("photo.png")
    assert exit_status(monkeypatch, "predict", "photo.png", "--model", "models/bvlc.keras") == 0
    assert "Katze, 고양이" in capsys.readouterr().out


def test_classes_without_names_are_numbered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert exit_status(monkeypatch, "import-weights", "net.caffemodel") == 0
    assert load_model(Path("models/imported.keras")).classes == tuple(f"class {label}" for label in range(7))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3e38, "net.caffemodel: what the model answers is no finite number"),
        (0, "net.caffemodel: all classes are equally probable, whatever is seen: its weights are no trained ones"),
    ],
)
def test_weights_that_answer_nothing_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: float, message: str
) -> None:
    weights = {
        name: tuple(np.full_like(array, value) for array in layer)
        for name, layer in random_weights(width=1 / 16).items()
    }
    Path("net.caffemodel").write_bytes(caffe_net(weights, old=True).SerializeToString())
    assert exit_status(monkeypatch, "import-weights", "net.caffemodel") == 1
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith(f"alexnet-pipe: {message}")
    assert not Path("models").exists()


def test_weights_alone_become_a_model_like_another(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_status(monkeypatch, "import-weights", "net.caffemodel", "--out", "like.keras") == 0
    model = load_model(Path("like.keras"))
    model.network.get_layer("fc8").bias.assign(range(7))
    model.save_weights("own.weights.h5")
    capsys.readouterr()
    assert (
        exit_status(monkeypatch, "import-weights", "own.weights.h5", "--like", "like.keras", "--out", "own.keras") == 0
    )
    assert capsys.readouterr().out.splitlines()[:2] == [
        "own.weights.h5: .weights.h5; 423,151 numbers, the mean image's among them",
        "  variant bvlc, width 0.0625, classes and preparation: as like.keras",
    ]
    assert np.asarray(load_model(Path("own.keras")).network.get_layer("fc8").bias).tolist() == list(range(7))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone.caffemodel",), "gone.caffemodel is missing: name a file with published weights"),
        (("net.caffemodel", "--out", "old.h5"), "--out old.h5: name a file that ends in .keras"),
        (("net.caffemodel", "--out", "models/other.keras"), "--out models/other.keras is there: remove it, or name"),
        (("net.caffemodel", "--out", "folder.keras"), "--out folder.keras: name a file that ends in .keras"),
        (("net.caffemodel", "--classes", "names.txt"), "names.txt has 1 names, but the network has 7 classes"),
        (("net.caffemodel", "--like", "names.txt"), "names.txt is not a model of this project"),
        (("net.caffemodel", "--like", "a.keras", "--classes", "names.txt"), "--like brings classes and preparation"),
        (("names.txt",), "names.txt is no .npy, .caffemodel, .pth, .safetensors, .onnx or .mat, or is damaged"),
    ],
)
def test_a_mistake_is_one_line_and_takes_nothing(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    Path("names.txt").write_text("cat\n", encoding="utf-8")
    Path("folder.keras").mkdir()
    Path("folder.keras/kept").write_text("mine")
    Path("models").mkdir()
    Path("models/other.keras").write_text("mine")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert exit_status(monkeypatch, "import-weights", *arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"alexnet-pipe: {message}")
    assert error.count("\n") == 1
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
