"""Make the image store of a manifest, shard by shard."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import save_json
from alexnet_pipe.cluster.mapping import Result, map_shards
from alexnet_pipe.datasets.labels import class_names
from alexnet_pipe.datasets.place import Place, container_path
from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.shards import ShardWork, plan_shards, write_shard
from alexnet_pipe.store.store_files import CLASSES_FILE, DIGESTS_FILE, INDEX_FILE, RESIZE_FILE, write_classes

PACE = 400.0
"""Photographs that a process decodes and scales in a second, roughly."""

_INDEX = ["split", "shard", "row", "label", "container", "member", "sha256", "width", "height"]


class Written(NamedTuple):
    """
    Attributes:
        kept: The manifest rows that are in the store, in its order.
        likeness: Their difference hashes, uint8 `(n, 32)`.
        refused: Findings about the others, and remarks on some that are kept; the index is the manifest's.
    """

    kept: pd.DataFrame
    likeness: NDArray[np.uint8]
    findings: pd.DataFrame


def write_store(manifest: pd.DataFrame, source: Path, folder: Path, params: ResizeParams, results: Path) -> Written:
    """Write shards, index and class names into `folder`; shards that are there already are kept.

    Args:
        manifest: Every row becomes an image, or a finding.
        source: The folder with the containers.
        folder: The store's folder.
        params: The section `resize`.
        results: Where what is known of finished shards is kept.

    Raises:
        UserError: if the disk has too little room, or a photograph is not the one that the manifest names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plan = list(plan_shards(manifest))
    _require_room(len(manifest), folder)
    works = [_work(name, rows, source, folder, params) for name, rows in plan]
    done = dict(map_shards("resize", write_shard, works, results, PACE))

    parts = [_kept(name, rows, done[number]) for number, (name, rows) in enumerate(plan)]
    kept = pd.concat(parts)
    _write_index(kept, class_names(manifest["label"]), folder)
    save_json(folder / RESIZE_FILE, params.model_dump(include={"policy", "background"}))
    shards = {name: str(done[number]["digest"]) for number, (name, _) in enumerate(plan)}
    save_json(folder / DIGESTS_FILE, {name: digest for name, digest in shards.items() if digest})
    likeness = np.concatenate([done[number]["likeness"][_usable(done[number])] for number in range(len(plan))])
    findings = pd.concat([_findings(rows, done[number]) for number, (_, rows) in enumerate(plan)])
    return Written(kept, likeness, findings)


def _require_room(images: int, folder: Path) -> None:
    written = sum(path.stat().st_size for path in folder.glob("*.npy"))
    needed, free = images * SIDE * SIDE * 3 - written, shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(f"{images:,} images need {needed / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB free")


def _work(name: str, rows: pd.DataFrame, source: Path, folder: Path, params: ResizeParams) -> ShardWork:
    return ShardWork(
        name=name,
        container=container_path(source, rows["container"].iloc[0]),
        members=tuple(rows["member"]),
        places=tuple(map(Place._make, rows[list(Place._fields)].itertuples(index=False, name=None))),
        digests=tuple(rows["sha256"]),
        folder=folder.resolve(),
        params=params,
    )


def _write_index(kept: pd.DataFrame, classes: list[str], folder: Path) -> None:
    numbers = {name: label for label, name in enumerate(classes)}
    index = kept.assign(label=kept["label"].map(numbers).astype("int32"))
    index[_INDEX].to_parquet(folder / INDEX_FILE, index=False)
    write_classes(folder / CLASSES_FILE, classes)


def _usable(result: Result) -> NDArray[np.bool_]:
    return np.asarray(result["sizes"].all(axis=1))


def _kept(shard: str, rows: pd.DataFrame, result: Result) -> pd.DataFrame:
    usable = _usable(result)
    width, height = result["sizes"][usable].T
    kept = rows[usable]
    return kept.assign(shard=shard, row=np.arange(len(kept), dtype=np.int32), width=width, height=height)


def _findings(rows: pd.DataFrame, result: Result) -> pd.DataFrame:
    refused: Mapping[str, list[str]] = json.loads(str(result["refused"]))
    remarks: Mapping[str, dict[str, str]] = json.loads(str(result["remarks"]))
    found = [(int(at), ["refused", *finding]) for at, finding in refused.items()]
    found += [(int(at), ["noted", *remark]) for at, all_of_it in remarks.items() for remark in all_of_it.items()]
    index = rows.index[[at for at, _ in found]]
    return pd.DataFrame([row for _, row in found], index, ["outcome", "reason", "detail"], dtype="str")
