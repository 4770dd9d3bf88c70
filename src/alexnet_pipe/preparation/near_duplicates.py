"""Photographs that look like one of another split, by difference hash: told, dropped from training, or held together.

All of it is known before anything is trained: no network has a part in it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from alexnet_pipe.cluster.mapping import Result, map_shards
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.copies import HASH_BYTES, NEAR, difference_hash, named_rows, near_duplicates
from alexnet_pipe.preparation.decode import resize
from alexnet_pipe.preparation.formats import RefusedError
from alexnet_pipe.preparation.store_writer import PACE, ShardWork, photographs_of, plan_shards, shard_work

_COLUMNS = ["sha256", "split", "label"]
_FINDING = ["outcome", "reason", "detail"]


def shard_likeness(work: ShardWork) -> Result:
    """The difference hash of each photograph, uint8 `(members, 32)`, and which are usable; nothing is written.

    Raises:
        UserError: if a photograph is not the one that the manifest names.
    """
    likeness, usable = np.zeros((work.images, HASH_BYTES), np.uint8), np.zeros(work.images, np.bool_)
    for position, outcome in enumerate(photographs_of(work)):
        if not isinstance(outcome, RefusedError):
            likeness[position] = difference_hash(resize(outcome.image, work.params.policy))
            usable[position] = True
    return {"likeness": likeness, "usable": usable, "digest": np.array("")}


def likeness_of(
    manifest: pd.DataFrame, source: Path, params: ResizeParams, results: Path
) -> tuple[pd.DataFrame, NDArray[np.uint8]]:
    """The usable rows of the manifest, and their difference hashes, uint8 `(n, 32)`: each photograph is decoded for it.

    `source` is the folder with the containers; what is known of finished shards is kept in `results`.
    """
    results.mkdir(exist_ok=True)
    plan = list(plan_shards(manifest))
    works = [shard_work(name, rows, source, results, params) for name, rows in plan]
    done: Mapping[int, Result] = dict(map_shards("near duplicates", shard_likeness, works, results, PACE))
    usable = [done[number]["usable"] for number in range(len(plan))]
    rows = pd.concat([rows[here] for (_, rows), here in zip(plan, usable, strict=True)])
    return rows, np.concatenate([done[number]["likeness"][here] for number, here in enumerate(usable)])


def across_splits(rows: pd.DataFrame, hashes: NDArray[np.uint8]) -> pd.DataFrame:
    """Pairs of photographs that look alike and are in two splits, one row a pair.

    Args:
        rows: Manifest rows of usable photographs.
        hashes: The difference hash of each, uint8 `(len(rows), 32)`.

    Returns:
        Of both photographs `sha256`, `split` and `label`, with the endings `_first` and `_second`, and `bits`, how many
        of the 256 bits differ.
    """
    pairs = near_duplicates(hashes)
    splits = rows["split"].to_numpy()
    pairs = pairs[splits[pairs[:, 0]] != splits[pairs[:, 1]]]
    both = [rows.iloc[pairs[:, at]][_COLUMNS].reset_index(drop=True) for at in (0, 1)]
    bits = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]).sum(axis=1, dtype=np.int64)
    return both[0].add_suffix("_first").join(both[1].add_suffix("_second")).assign(bits=bits)


def held_apart(
    chosen: pd.DataFrame, usable: pd.DataFrame, hashes: NDArray[np.uint8], how: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Manifest rows between whose splits no photograph is nearly the same, and findings about those that it concerns.

    Args:
        chosen: The rows.
        usable: Those of them that are photographs.
        hashes: The difference hash of each of those, uint8 `(len(usable), 32)`.
        how: `drop` leaves out training images that look like a validation or test image; `group` puts all that look
            alike, or like one that does, into the split that the one with the lowest SHA-256 has.
    """
    pairs = near_duplicates(hashes)
    found = _dropped(usable, pairs) if how == "drop" else _grouped(usable, pairs)
    findings = found[_FINDING]
    if how == "drop":
        return chosen.drop(index=findings.index), findings
    rows = chosen.assign(split=found["split"].reindex(chosen.index).fillna(chosen["split"]))
    return rows.sort_values(["split", "label", "member"], kind="stable"), findings


def _dropped(usable: pd.DataFrame, pairs: NDArray[np.int64]) -> pd.DataFrame:
    training = (usable["split"] == "train").to_numpy()
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[training[both[:, 0]] & ~training[both[:, 1]]]
    first = both[np.unique(both[:, 0], return_index=True)[1]]
    details = [f"looks like {name}" for name in named_rows(usable.iloc[first[:, 1]])]
    rows = [("removed", NEAR, detail) for detail in details]
    return pd.DataFrame(rows, usable.index[first[:, 0]], _FINDING, dtype="str")


def _grouped(usable: pd.DataFrame, pairs: NDArray[np.int64]) -> pd.DataFrame:
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(usable), len(usable)))
    _, group = connected_components(links, directed=False)
    in_order = usable["sha256"].reset_index(drop=True).sort_values(kind="stable").index.to_numpy()
    # The first of each group in the order of the bytes: which it is depends on no name and no place.
    leader = pd.Series(in_order).groupby(group[in_order]).first().reindex(group).to_numpy()
    splits, names = usable["split"].to_numpy(), np.array(named_rows(usable), dtype=object)
    moved = np.flatnonzero(splits != splits[leader])
    rows = [("noted", NEAR, f"was in {splits[at]}, and looks like {names[leader[at]]}") for at in moved]
    return pd.DataFrame(rows, usable.index[moved], _FINDING, dtype="str").assign(split=splits[leader[moved]])
