"""How many labels that were made wrong on purpose `suspects` ranks first, after a training that has learned them.

    python -m benchmarks.label_errors --share 0.03 --first 0.05

The images are those of `data/images`, in all three splits; everything else is as in params.yaml. The project's own
images and model stay as they are.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.evaluation.label_errors import find_label_errors
from alexnet_pipe.store.store_files import CLASSES_FILE, INDEX_FILE, read_classes


def show(share: float, first: float, seed: int) -> None:
    """Flip labels, train on them, rank all, and print how many of the flipped are in the beginning of the ranking."""
    with TemporaryDirectory() as folder:
        artifacts = Artifacts(Path(folder))
        flipped = _with_wrong_labels(Artifacts(), artifacts, share, seed)
        started = time.perf_counter()
        source = Path(__file__).parents[1] / "src"
        environment = {**os.environ, "PYTHONPATH": str(source)}
        command = [sys.executable, "-m", "alexnet_pipe", "stage", "train"]
        subprocess.run(command, cwd=folder, env=environment, check=True)
        trained = time.perf_counter()
        table = find_label_errors(artifacts)
        metrics = json.loads(artifacts.train_metrics.read_text(encoding="utf-8"))
        print(f"training {trained - started:.0f} s, suspects {time.perf_counter() - trained:.0f} s")
    print(f"validation error, against labels of which some are wrong: {metrics['validation_top1_error']:.1%}")
    _show_found(table, flipped, first)


def _show_found(table: pd.DataFrame, flipped: dict[str, str], first: float) -> None:
    wrong = table["sha256"].isin(flipped.keys())
    for split in (*SPLITS, "all"):
        here = (table["split"] == split) | (split == "all")
        begin = table.index < round(first * len(table))
        print(f"{split:10} {(wrong & here & begin).sum():,} of {(wrong & here).sum():,} in the first {first:.0%}")
    found, right = table["found"], table["suspected"] == table["sha256"].map(flipped)
    print(f"found {found.sum():,}, of which {(found & wrong).sum():,} were flipped; {(right & wrong).sum():,} of all")
    print("flipped have their first label as the one that is suspected")


def _with_wrong_labels(own: Artifacts, other: Artifacts, share: float, seed: int) -> dict[str, str]:
    """Have `other` the images of `own` with wrong labels; the right one of each, by its SHA-256."""
    other.images.mkdir(parents=True)
    for path in own.images.iterdir():
        (other.images / path.name).symlink_to(path.resolve())
    for statistic, place in ((own.mean, other.mean), (own.pca, other.pca)):
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(statistic.resolve())
    shutil.copy(own.root / "params.yaml", other.root)
    index, classes = pd.read_parquet(own.images / INDEX_FILE), read_classes(own.images / CLASSES_FILE)
    random = np.random.default_rng(seed)
    chosen = random.choice(len(index), round(share * len(index)), replace=False)
    right = {index["sha256"][at]: classes[index["label"][at]] for at in chosen}
    moved = random.integers(1, len(classes), len(chosen))
    index.loc[chosen, "label"] = ((index.loc[chosen, "label"] + moved) % len(classes)).astype(np.int32)
    (other.images / INDEX_FILE).unlink()
    index.to_parquet(other.images / INDEX_FILE, index=False)
    return right


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.03, help="of all labels that are flipped")
    parser.add_argument("--first", type=float, default=0.05, help="of the ranking in which they are looked for")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    show(arguments.share, arguments.first, arguments.seed)
