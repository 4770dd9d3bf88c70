"""Stage `evaluate`: names of classes are text in its tables, whatever opens them."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.terminal import original
from alexnet_pipe.evaluation.calibration import calibration_error
from alexnet_pipe.evaluation.slice_errors import told
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import save_model
from alexnet_pipe.stages import evaluate
from alexnet_pipe.store.store_files import CLASSES_FILE, DIGESTS_FILE, INDEX_FILE, shard_name, write_classes
from tests.stores import light_and_dark, training_folder

HOSTILE = ["=cmd|' /C calc'!A0", "</script><img src=x>"]


def with_test_images(artifacts: Artifacts, images: int) -> None:
    store, name = light_and_dark(images), shard_name("test", 0)
    np.save(artifacts.images / name, store.shards[0])
    rows = store.rows.assign(split="test", shard=name, row=range(images))
    index = pd.concat([pd.read_parquet(artifacts.images / INDEX_FILE), rows])
    index.to_parquet(artifacts.images / INDEX_FILE, index=False)
    digests = load_json(artifacts.images / DIGESTS_FILE)
    save_json(artifacts.images / DIGESTS_FILE, digests | {name: file_digest(artifacts.images / name)})


def test_probabilities_have_the_models_temperatures_and_metrics_say_what_they_change(tmp_path: Path) -> None:
    artifacts = training_folder(tmp_path, images=4, validation=2)
    with_test_images(artifacts, 6)
    model = Classifier(["class 0", "class 1"], width=0.05, initialisation="he", input_scale=1 / 64, seed=4)
    model.network.get_layer("fc8").kernel.assign(model.network.get_layer("fc8").kernel * 30)
    save_model(artifacts.model, model)
    evaluate.run(artifacts)
    metrics, table = load_json(artifacts.test_metrics), pd.read_parquet(artifacts.predictions)
    model.temperature, model.temperature_ten_view = 4.0, 0.5
    save_model(artifacts.model, model)
    evaluate.run(artifacts)
    now, table_now = load_json(artifacts.test_metrics), pd.read_parquet(artifacts.predictions)

    for suffix, power in (("", 1 / 4), ("_ten_view", 2)):
        shares, shares_now = (np.stack(each[f"top5_probability{suffix}"]) for each in (table, table_now))
        assert (shares.min(), shares.max()) == pytest.approx((0.2, 0.8), abs=0.19)
        expected = shares**power / (shares**power).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(shares_now, expected, rtol=1e-4)
        assert list(map(list, table[f"top5{suffix}"])) == list(map(list, table_now[f"top5{suffix}"]))
        of_label = table_now[f"label_probability{suffix}"].to_numpy()
        assert now[f"log_loss{suffix}"] == pytest.approx(-np.log(of_label).mean(), rel=1e-4)
        assert now[f"brier_score{suffix}"] == pytest.approx(2 * ((1 - of_label) ** 2).mean(), rel=1e-4)
        right = (table["label"] == [first for first, _ in table[f"top5{suffix}"]]).to_numpy()
        gap = calibration_error(shares_now[:, 0].astype(np.float64), right)
        assert now[f"calibration_error{suffix}"] == pytest.approx(gap)
        for name in ("log_loss", "brier_score", "calibration_error", "calibration_error_by_chance"):
            assert now[f"{name}{suffix}_before"] == metrics[f"{name}{suffix}_before"] == metrics[f"{name}{suffix}"]
            assert now[f"{name}{suffix}"] != metrics[f"{name}{suffix}"]
    before = np.stack(table["top5_probability_ten_view"])[:, 0]
    np.testing.assert_array_equal(table_now["probability_before_ten_view"], before)
    assert {name: now[name] for name in now if name.startswith("top")} == {
        name: metrics[name] for name in metrics if name.startswith("top")
    }


def test_the_worst_slice_is_named_and_what_images_are_like_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artifacts = training_folder(tmp_path, images=4, validation=2)
    with_test_images(artifacts, 80)
    model = Classifier(["class 0", "class 1"], width=0.01, initialisation="he", seed=4)
    fc8 = model.network.get_layer("fc8")
    fc8.kernel.assign(np.zeros(fc8.kernel.shape))
    fc8.bias.assign([1.0, 0.0])
    save_model(artifacts.model, model)
    evaluate.run(artifacts)
    # It calls everything class 0; class 1 is the light one.
    found = load_json(artifacts.slice_errors)
    assert (found["worst"]["name"], found["worst"]["wrong"]) == ("class class 1", 40)
    assert f"evaluate: {told(found)}" in capsys.readouterr().out
    brightness = pd.read_parquet(artifacts.predictions)["brightness"]
    assert brightness[::2].max() < 100 < brightness[1::2].min()
    assert [row["wrong"] for row in found["slices"] if row["property"] == "brightness"] == [0, 40]


def test_no_class_is_a_formula_or_markup_in_its_tables(tmp_path: Path) -> None:
    artifacts = training_folder(tmp_path, images=4, validation=2)
    with_test_images(artifacts, 4)
    write_classes(artifacts.images / CLASSES_FILE, HOSTILE)
    save_model(artifacts.model, Classifier(HOSTILE, width=0.01, initialisation="he", seed=4))
    evaluate.run(artifacts)
    for path, names in ((artifacts.confusion, ("actual", "predicted")), (artifacts.class_errors, ("class",))):
        assert "</" not in path.read_text()
        with path.open(newline="") as file:
            cells = [row[name] for row in csv.DictReader(file) for name in names]
        assert not [cell for cell in cells if cell.startswith("=")]
        assert {original(cell) for cell in cells} <= {*HOSTILE}
