"""One shard of the store: read, decode, resize and write its photographs, in a process of its own."""

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import written_aside
from alexnet_pipe.base.fingerprint import file_digest
from alexnet_pipe.cluster.mapping import Result
from alexnet_pipe.datasets.labels import SPLITS
from alexnet_pipe.datasets.place import Container, Place
from alexnet_pipe.paper import SIDE
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.copies import HASH_BYTES, difference_hash
from alexnet_pipe.preparation.decode import Photograph, RefusedError, decode, require_bytes
from alexnet_pipe.preparation.scaling import resize
from alexnet_pipe.store.arrays import ArrayWriter
from alexnet_pipe.store.store_files import SHARD_IMAGES, shard_name


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
        for position, outcome in enumerate(_photographs(work)):
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


def _photographs(work: ShardWork) -> Iterator[Photograph | RefusedError]:
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
