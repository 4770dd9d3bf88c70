"""Make the image store of a manifest, shard by shard, on all cores."""

import os
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from alexnet_pipe.datasets.classes import class_names
from alexnet_pipe.preparation.plan import plan_shards
from alexnet_pipe.preparation.shards import Done, Work, write_shard
from alexnet_pipe.progress import progress
from alexnet_pipe.store.layout import CLASSES_FILE, INDEX_FILE, write_classes

_INDEX = ["split", "shard", "row", "label", "container", "member", "sha256", "width", "height"]


def write_store(
    manifest: pd.DataFrame, source: Path, folder: Path, policy: str, background: str, min_side: int
) -> pd.DataFrame:
    """Write shards, index and class names into `folder`.

    Returns:
        The manifest's refused rows, with `reason` and `detail`.
    """
    folder.mkdir(parents=True)
    plan = list(plan_shards(manifest))
    works = [
        Work(source / rows["container"].iloc[0], tuple(rows["member"]), folder / name, policy, background, min_side)
        for name, rows in plan
    ]
    with executor() as pool, progress("resize", len(manifest), "images") as advance:
        results = []
        for (_, rows), done in zip(plan, pool.map(write_shard, works), strict=True):
            results.append(done)
            advance(len(rows))
    classes = class_names(manifest["label"])
    kept = [_kept(name, rows, done) for (name, rows), done in zip(plan, results, strict=True)]
    index = pd.concat(kept, ignore_index=True)
    index["label"] = index["label"].map({name: label for label, name in enumerate(classes)}).astype("int32")
    index[_INDEX].to_parquet(folder / INDEX_FILE, index=False)
    write_classes(folder / CLASSES_FILE, classes)
    return pd.concat([_refused(rows, done) for (_, rows), done in zip(plan, results, strict=True)], ignore_index=True)


def executor() -> Executor:
    """One process a core; spawned, so that no lock of a thread is inherited."""
    return ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))


def _kept(shard: str, rows: pd.DataFrame, done: Done) -> pd.DataFrame:
    sizes = {position: size for position, size in enumerate(done.sizes) if size}
    kept = rows.iloc[list(sizes)].copy()
    kept["shard"] = shard
    kept["row"] = pd.Series(range(len(kept)), kept.index, dtype="int32")
    kept["width"] = pd.Series([width for width, _ in sizes.values()], kept.index, dtype="int32")
    kept["height"] = pd.Series([height for _, height in sizes.values()], kept.index, dtype="int32")
    return kept


def _refused(rows: pd.DataFrame, done: Done) -> pd.DataFrame:
    refused = rows.iloc[list(done.refused)].copy()
    refused["reason"] = pd.Series([reason for reason, _ in done.refused.values()], refused.index, dtype="str")
    refused["detail"] = pd.Series([detail for _, detail in done.refused.values()], refused.index, dtype="str")
    return refused
