"""Make the image store of a manifest, shard by shard."""

import hashlib
import json
import shutil
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import save_json, written_aside
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.cluster.mapping import Result, map_shards
from alexnet_pipe.datasets.labels import SPLITS, class_names
from alexnet_pipe.datasets.place import Container, Place, container_path
from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.copies import HASH_BYTES, difference_hash
from alexnet_pipe.preparation.decode import Photograph, decode, resize
from alexnet_pipe.preparation.formats import RefusedError, require_bytes
from alexnet_pipe.store.arrays import ArrayWriter
from alexnet_pipe.store.store_files import (
    CLASSES_FILE,
    DIGESTS_FILE,
    INDEX_FILE,
    RESIZE_FILE,
    SHARD_IMAGES,
    shard_name,
    write_classes,
)


@dataclass(frozen=True)
class ShardWork:
    """What makes one shard: where the photographs are, and where the shard goes.

    Attributes:
        name: The shard's file name.
        container: The absolute path of the photographs' container.
        members: Their names in it.
        places: Where each one lies.
        digests: The SHA-256 of each one, hex; empty if the archive has damaged it.
        folder: The absolute path of the store's folder.
        params: The section `resize`.
    """

    name: str
    container: Path
    members: tuple[str, ...]
    places: tuple[Place, ...]
    digests: tuple[str, ...]
    folder: Path
    params: ResizeParams

    @property
    def images(self) -> int:
        return len(self.members)

    def holds(self, result: Result) -> bool:
        """Whether the shard that `write_shard` told of in `result` is still there, with the same bytes."""
        path, digest = self.folder / self.name, str(result["digest"])
        return path.exists() and file_digest(path) == digest if digest else True


def write_shard(work: ShardWork) -> Result:
    """Write the usable photographs as uint8 `(n, 256, 256, 3)`, if there are any.

    Returns:
        sizes: int32 `(members, 2)`, width and height of the file in pixels, upright; 0 where it was refused.
        likeness: uint8 `(members, 32)`, the difference hash.
        digest: The SHA-256 of the shard, hexadecimal; empty if there is none.
        reasons, remarks: JSON, by position in the members: reason and detail of what was refused, or only remarked on.

    Raises:
        UserError: if a photograph is not the one that the manifest names.
    """
    sizes = np.zeros((work.images, 2), np.int32)
    likeness = np.zeros((work.images, HASH_BYTES), np.uint8)
    refused: dict[int, tuple[str, str]] = {}
    remarks: dict[int, dict[str, str]] = {}
    with written_aside(work.folder / work.name) as aside, ArrayWriter(aside, np.uint8, (SIDE, SIDE, 3)) as shard:
        for position, outcome in enumerate(photographs_of(work)):
            if isinstance(outcome, RefusedError):
                refused[position] = (outcome.reason, outcome.detail)
                continue
            pixels = resize(outcome.image, work.params.policy)
            shard.append(pixels)
            sizes[position] = outcome.size
            likeness[position] = difference_hash(pixels)
            if outcome.remarks:
                remarks[position] = outcome.remarks
    path = work.folder / work.name
    if len(refused) == work.images:
        path.unlink()
    return {
        "sizes": sizes,
        "likeness": likeness,
        "digest": np.array(file_digest(path) if path.exists() else ""),
        "refused": _json(refused),
        "remarks": _json(remarks),
    }


def photographs_of(work: ShardWork) -> Iterator[Photograph | RefusedError]:
    """Each of the shard's members, or why it is refused."""
    with Container(work.container) as container:
        for member, place, digest in zip(work.members, work.places, work.digests, strict=True):
            try:
                yield decode(_content(container, member, place, digest, work.container), work.params)
            except RefusedError as error:
                yield error


def _content(container: Container, member: str, place: Place, digest: str, path: Path) -> bytes:
    if not digest:
        raise RefusedError("damaged", "the archive's own checksum of it is wrong")
    require_bytes(place.bytes)
    content = _read(container, member, place)
    if hashlib.sha256(content).hexdigest() != digest:
        raise UserError(
            f"{path}: {member!r} has changed since it was indexed: run `dvc repro --force --single-item download`"
        )
    return content


def _read(container: Container, member: str, place: Place) -> bytes:
    """The content; nothing, which has the digest of no photograph, if its container has been cut or changed."""
    try:
        return container.read(member, place)
    except (EOFError, FileNotFoundError, zlib.error):
        return b""


def _json(content: object) -> np.ndarray:
    return np.array(json.dumps(content))


def plan_shards(manifest: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The name and the manifest rows of each shard: every split cut into equal parts of at most `SHARD_IMAGES` rows."""
    for split in SPLITS:
        rows = manifest[manifest["split"] == split]
        parts = ceil(len(rows) / SHARD_IMAGES)
        for number in range(parts):
            first, end = (len(rows) * edge // parts for edge in (number, number + 1))
            yield shard_name(split, number), rows.iloc[first:end]


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
    works = [shard_work(name, rows, source, folder, params) for name, rows in plan]
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


def shard_work(name: str, rows: pd.DataFrame, source: Path, folder: Path, params: ResizeParams) -> ShardWork:
    """What makes the shard `name` of the manifest's `rows`."""
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
