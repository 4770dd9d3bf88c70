"""Stage `evaluate`: names of classes are text in its tables, whatever opens them."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.terminal import original
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
