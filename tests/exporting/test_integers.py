"""int8 is calibrated on training images, judged on test images, and written only if it is as right as float32."""

import json
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper
from PIL import Image

from alexnet_pipe import cli
from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.significance import Comparison
from alexnet_pipe.exporting import Format
from alexnet_pipe.exporting.integers import ranges, write_int8
from alexnet_pipe.exporting.measured import require_kept
from alexnet_pipe.exporting.write_export import of_all_contrasts
from alexnet_pipe.inputs.views import VIEWS, View
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import as_stored, save_model
from alexnet_pipe.portable.network import network_of, open_network
from alexnet_pipe.portable.rounded import handed_on
from alexnet_pipe.portable.stored_model import Stored, notes_of
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import CLASSES_FILE, INDEX_FILE, RESIZE_FILE, shard_name, write_classes

CLASSES = ["cat", "dog", "owl"]
INT8 = Format.ONNX_INT8


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """16, no two alike."""
    shifts = [of_all_contrasts(np.full((256, 256, 3), grey, np.float32)) for grey in (60, 170)]
    return np.concatenate(shifts)


@pytest.fixture(scope="module")
def stored(images: NDArray[np.uint8]) -> Stored:
    """A network that tells the images from each other: of each class it finds some."""
    model = Classifier(CLASSES, width=0.05, initialisation="he")
    random = np.random.default_rng(3)
    model.mean.assign(random.uniform(0, 255, model.mean.shape))
    kernel, bias = model.network.get_layer("fc8").weights
    kernel.assign(random.normal(0, 1, kernel.shape))
    [logits] = network_of(as_stored(model)).outputs(images)[0]
    bias.assign(-logits.mean(axis=0))
    return as_stored(model)


def answers(stored: Stored, images: NDArray[np.uint8]) -> NDArray[np.intp]:
    found: NDArray[np.intp] = network_of(stored).outputs(images)[0][0].argmax(axis=1)
    return found


def unlike_in_integers(stored: Stored) -> Stored:
    """The same answers in float32; in integers weights that multiply zeros leave no levels for the others of fc8."""
    arrays = dict(stored.arrays)
    for name in ("fc7.0", "fc7.1", "fc8.0"):
        arrays[name] = arrays[name].copy()
    arrays["fc7.0"][:, 0], arrays["fc7.1"][0] = 0, -1
    arrays["fc8.0"][0] = 1e5
    return Stored(stored.description, arrays)


@pytest.fixture
def artifacts(stored: Stored, images: NDArray[np.uint8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    """The current folder, a project: 16 training and 12 test images, which have the labels that float32 gives them."""
    monkeypatch.chdir(tmp_path)
    artifacts = Artifacts()
    artifacts.images.mkdir(parents=True)
    # Those of which float32 is sure: what integers say of the others is no plan of ours.
    [logits] = network_of(stored).outputs(images)[0]
    best = np.sort(logits, axis=1)
    sure = np.argsort(best[:, -2] - best[:, -1])[:12]
    rows = []
    for split, pixels in {"train": images, "validation": images[:2], "test": images[sure]}.items():
        np.save(artifacts.images / shard_name(split, 0), pixels)
        columns = {"split": split, "shard": shard_name(split, 0), "row": range(len(pixels))}
        names = [f"{number}.png" for number in range(len(pixels))]
        rows.append(pd.DataFrame({**columns, "label": answers(stored, pixels), "member": names, "sha256": names}))
    pd.concat(rows).to_parquet(artifacts.images / INDEX_FILE, index=False)
    write_classes(artifacts.images / CLASSES_FILE, CLASSES)
    save_json(artifacts.images / RESIZE_FILE, stored.description.resize.model_dump())
    return artifacts


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if "images" not in path.parts)


def test_what_is_as_right_is_written_with_its_figures(artifacts: Artifacts, stored: Stored) -> None:
    save_json(artifacts.train_metrics, {"weights_digest": notes_of(stored).weights_digest})
    found = write_int8(stored, artifacts, INT8, Path("m.onnx"))
    assert json.loads(artifacts.forms.read_text()) == found
    assert [form["form"] for form in found["forms"]] == ["float32", "float16", "int8"]
    whole, half, integers = found["forms"]
    assert integers["bytes"] == Path("m.onnx").stat().st_size < half["bytes"] < whole["bytes"]
    assert (whole["top1_error_count"], integers["top1_error_count"], found["examples"]) == (0, 0, 12)
    assert integers["against_first"]["lost"] == integers["against_first"]["won"] == 0
    assert min(
        speed for form in found["forms"] for each in form["images_per_second"].values() for speed in each.values()
    )
    np.testing.assert_array_equal(
        open_network(Path("m.onnx")).outputs(np.load(artifacts.images / "test-00000.npy"))[0][0].argmax(axis=1),
        ImageStore.open(artifacts.images, "test").labels,
    )


def test_another_model_than_the_projects_leaves_the_pages_figures(artifacts: Artifacts, stored: Stored) -> None:
    save_json(artifacts.train_metrics, {"weights_digest": "ab" * 32})
    write_int8(stored, artifacts, INT8, Path("m.onnx"))
    assert not artifacts.forms.exists()


def test_what_answers_otherwise_is_refused_and_nothing_is_written(artifacts: Artifacts, stored: Stored) -> None:
    other, test = unlike_in_integers(stored), np.load(artifacts.images / "test-00000.npy")
    np.testing.assert_array_equal(answers(other, test), answers(stored, test))
    save_json(artifacts.train_metrics, {"weights_digest": notes_of(other).weights_digest})
    Path("m.onnx").write_bytes(b"\x08before")
    before = written(Path())
    with pytest.raises(UserError) as refusal:
        write_int8(other, artifacts, INT8, Path("m.onnx"))
    said = str(refusal.value)
    assert said.startswith("nothing is written: of 12 test images int8 gets ")
    assert "\n" not in said
    assert "wrong and float32 0, +" in said
    assert written(Path()) == before
    assert Path("m.onnx").read_bytes() == b"\x08before"


@pytest.mark.parametrize(
    ("images", "lost", "won", "kept"),
    [
        (1000, 0, 0, True),
        (1000, 3, 1, True),
        (1000, 4, 0, True),
        (1000, 5, 0, False),
        (1000, 30, 25, False),
        (1000, 30, 26, True),
        (1000, 0, 40, True),
        # A loss of 0.4 points that is none of chance, and may be 0.52.
        (10_000, 40, 0, False),
        (10_000, 30, 0, True),
        (100, 1, 0, False),
    ],
)
def test_a_loss_of_half_a_point_is_refused_and_one_that_is_none_of_chance_with_its_interval(
    images: int, lost: int, won: int, kept: bool
) -> None:
    comparison = Comparison(images, 50, 50 + lost - won, lost, won)
    if kept:
        require_kept("int8", comparison)
    else:
        with pytest.raises(UserError, match=rf"{lost} lost, {won} won, McNemar's p = "):
            require_kept("int8", comparison)


def test_ranges_are_of_training_images_alone(
    artifacts: Artifacts, stored: Stored, images: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in artifacts.images.glob("*-00000.npy"):
        if not path.name.startswith("train"):
            path.unlink()
    found = ranges(stored, ImageStore.open(artifacts.images, "train"))
    assert list(found) == list(handed_on("paper"))
    centre = images[:, 14:241, 14:241].astype(np.float32) - stored.arrays["mean"][14:241, 14:241]
    np.testing.assert_allclose(found["pixels"], (centre.min(), centre.max()), rtol=1e-6)
    features = network_of(stored).outputs(images)[1]
    np.testing.assert_allclose(found["features"], (features.min(), features.max()), rtol=1e-4)


def test_the_test_images_are_opened_when_the_ranges_are_known_and_no_validation_image_is(
    artifacts: Artifacts, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened = []
    opened = ImageStore.open

    def observed(folder: Path, split: str) -> ImageStore:
        happened.append(split)
        return opened(folder, split)

    def known(stored: Stored, train: ImageStore) -> object:
        happened.append("ranges")
        return ranges(stored, train)

    monkeypatch.setattr(ImageStore, "open", observed)
    monkeypatch.setattr("alexnet_pipe.exporting.integers.ranges", known)
    (artifacts.images / shard_name("validation", 0)).unlink()
    write_int8(stored, artifacts, INT8, Path("m.onnx"))
    assert happened == ["train", "ranges", "test"]


def test_the_same_model_and_images_give_the_same_bytes(artifacts: Artifacts, stored: Stored) -> None:
    for name in ("a.onnx", "b.onnx"):
        write_int8(stored, artifacts, INT8, Path(name))
    assert Path("a.onnx").read_bytes() == Path("b.onnx").read_bytes()


def test_images_of_another_kind_are_refused(artifacts: Artifacts, stored: Stored) -> None:
    save_json(artifacts.images / RESIZE_FILE, {"policy": "squash", "background": "white"})
    with pytest.raises(UserError, match=r"^data/images was prepared otherwise than the model asks"):
        write_int8(stored, artifacts, INT8, Path("m.onnx"))
    write_classes(artifacts.images / CLASSES_FILE, ["cat", "dog", "eel"])
    with pytest.raises(UserError, match=r"^the model knows other classes than data/images: "):
        write_int8(stored, artifacts, INT8, Path("m.onnx"))
    shutil.rmtree(artifacts.images)
    with pytest.raises(UserError, match=r"^data/images/index\.parquet is missing"):
        write_int8(stored, artifacts, INT8, Path("m.onnx"))
    assert not Path("m.onnx").exists()


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["alexnet-pipe", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


@pytest.fixture
def model(artifacts: Artifacts, stored: Stored) -> Path:
    """The project's model, `stored` as a `.keras` file."""
    model = Classifier(CLASSES, width=0.05, initialisation="he")
    model.set_weights(list(stored.arrays.values()))
    save_model(artifacts.model, model)
    return artifacts.model


@pytest.mark.parametrize("to", ["onnx-int8", "onnx-float16", "bundle-int8", "bundle-float16"])
def test_the_command_writes_it_beside_the_model_and_an_earlier_one_is_replaced(
    to: str, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = to.partition("-")[2]
    path = model.with_name(f"alexnet-{numbers}.{'zip' if 'bundle' in to else 'onnx'}")
    for _ in range(2):
        assert run(monkeypatch, "export", "--format", to) == 0
        said = capsys.readouterr().out
        assert f"export: {path}, " in said
        assert ("one thread, 32" in said) == (numbers == "int8")
        assert path.exists()


def test_predict_and_evaluate_give_the_rows_of_onnx_runtime_on_the_file_itself(
    model: Path, images: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for label, name in enumerate(CLASSES):
        Path("photos", name).mkdir(parents=True)
        Image.fromarray(images[label]).save(f"photos/{name}/1.png")
    for numbers in ("float16", "int8"):
        assert run(monkeypatch, "export", "--format", f"onnx-{numbers}") == 0
        capsys.readouterr()
        file = f"models/alexnet-{numbers}.onnx"
        expected = np.mean([of_view(file, images[:3], view) for view in VIEWS], axis=0)
        assert run(monkeypatch, "predict", "photos", "--json", "--model", file) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        for row, shares in zip(rows, expected, strict=True):
            assert row["classes"] == [CLASSES[label] for label in np.argsort(-shares)]
            np.testing.assert_allclose(row["probabilities"], np.sort(shares)[::-1], atol=1e-6)
        assert run(monkeypatch, "evaluate", file, "--images", "photos", "--json") == 0
        [metrics] = json.loads(capsys.readouterr().out)["models"].values()
        assert metrics["top1_error_ten_view_count"] == int((expected.argmax(axis=1) != np.arange(3)).sum())


def of_view(file: str, images: NDArray[np.uint8], view: View) -> NDArray[np.float32]:
    """What ONNX Runtime says of the file, in which another view than the centre stands."""
    graph = onnx.load(file)
    [constant] = [each for each in graph.graph.initializer if each.name == "view"]
    (row, column), mirror = view
    constant.CopyFrom(numpy_helper.from_array(np.array([row, column, mirror], np.int64), "view"))
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    probabilities: NDArray[np.float32] = session.run(["probabilities"], {"images": images})[0]
    return probabilities


def test_a_bundle_holds_the_same_file(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for to in ("onnx-int8", "bundle-int8"):
        assert run(monkeypatch, "export", "--format", to) == 0
    with zipfile.ZipFile("models/alexnet-int8.zip") as archive:
        assert archive.read("alexnet/model.onnx") == Path("models/alexnet-int8.onnx").read_bytes()
