"""Photographs that are in a data set more than once: the same bytes, or nearly the same picture."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

_ROWS = _COLUMNS = 16
HASH_BYTES = _ROWS * _COLUMNS // 8

ALIKE = 12
"""Two photographs are near-duplicates if at most so many of the 256 bits differ; others differ in about 128."""

_PLAIN = 24
"""A hash with fewer ones, or fewer zeros, is that of a plain surface, and says nothing."""


CONFLICT, NEAR = "label conflict", "near-duplicate"

_NO_PHOTOGRAPH = ["", hashlib.sha256(b"").hexdigest()]
"""The SHA-256 of damaged members, and of empty files."""


class Finding(NamedTuple):
    """What was found out about the manifest row with the index `row`."""

    row: int
    outcome: str
    reason: str
    detail: str


def exact_copies(manifest: pd.DataFrame) -> pd.DataFrame:
    """Findings about rows whose bytes are those of another row; the index is the manifest's.

    A training image that is also a validation or test image is removed from training, which would otherwise know the
    answer; other copies are only noted, and so is every image whose bytes have two labels. Empty files are no copies.

    Returns:
        outcome ("removed" or "noted"), reason ("duplicate" or "label conflict"), detail.
    """
    known = manifest[~manifest["sha256"].isin(_NO_PHOTOGRAPH)]
    repeated = known[known.duplicated("sha256", keep=False)]
    findings = [finding for _, group in repeated.groupby("sha256", sort=False) for finding in _findings(group)]
    return _table(findings)


def without_refused(copies: pd.DataFrame, manifest: pd.DataFrame, refused: pd.DataFrame) -> pd.DataFrame:
    """The findings `copies` of `exact_copies`, but for bytes that have turned out to be no photograph.

    What was removed because the same bytes are held out, and therefore not decoded, is refused as those are.

    Args:
        copies: Findings; the index is the manifest's, as that of `refused`.
        manifest: All rows.
        refused: Findings about the rows that were refused.
    """
    digests = manifest["sha256"]
    reasons = refused.set_index(digests[refused.index])[["reason", "detail"]]
    reasons = reasons[~reasons.index.duplicated()]
    useless = digests[copies.index].isin(reasons.index).to_numpy()
    removed = copies[useless & (copies["outcome"] == "removed").to_numpy()]
    found = reasons.loc[digests[removed.index]].set_index(removed.index).assign(outcome="refused")
    return pd.concat([copies[~useless], found[list(copies)]])


def near_copies(rows: pd.DataFrame, hashes: NDArray[np.uint8]) -> pd.DataFrame:
    """Findings about rows whose picture is nearly that of an earlier row, but whose bytes are not.

    Args:
        rows: Manifest rows of usable images.
        hashes: The difference hash of each, uint8 `(len(rows), 32)`.
    """
    digests, names = rows["sha256"].to_numpy(), named_rows(rows)
    findings: dict[int, Finding] = {}
    for first, second in near_duplicates(hashes).tolist():
        if digests[first] != digests[second]:
            index = int(rows.index[second])
            findings.setdefault(index, Finding(index, "noted", NEAR, f"looks like {names[first]}"))
    return _table(list(findings.values()))


def _findings(copies: pd.DataFrame) -> Iterator[Finding]:
    """About rows with equal bytes."""
    held_out = (copies["split"] != "train").to_numpy()
    names, original = named_rows(copies), int(held_out.argmax())
    labels = sorted(copies["label"].unique())
    for position, index in enumerate(copies.index):
        if position != original:
            outcome = "noted" if held_out[position] or not held_out.any() else "removed"
            yield Finding(index, outcome, "duplicate", f"same bytes as {names[original]}")
        if len(labels) > 1:
            yield Finding(index, "noted", CONFLICT, f"same bytes, labelled {', '.join(labels)}")


def named_rows(rows: pd.DataFrame) -> list[str]:
    """What findings call each of the manifest's `rows`."""
    return [f"{member} ({label}, {split})" for member, label, split in rows[["member", "label", "split"]].to_numpy()]


def _table(findings: Sequence[Finding]) -> pd.DataFrame:
    return pd.DataFrame(findings, columns=list(Finding._fields)).set_index("row").astype("str")


def difference_hash(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whether each of 16×16 places is darker than its right neighbour: 256 bits as uint8 `(32,)`.

    Args:
        pixels: uint8 `(256, 256, 3)`.
    """
    # Averaged to 32×32 first, which is cheap and all that the hash needs.
    grey = Image.fromarray(pixels).reduce(8).convert("L").resize((_COLUMNS + 1, _ROWS), Image.Resampling.BOX)
    levels = np.asarray(grey)
    return np.packbits(levels[:, :-1] < levels[:, 1:])


def near_duplicates(hashes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Pairs of near-duplicates, int64 `(pairs, 2)`, the smaller index first, sorted.

    If at most `ALIKE` of 256 bits differ, at least one of 16 words of 16 bits is equal; so only hashes with an equal
    word are compared. The bits of a word come from all over the picture: neighbours are often alike in all pictures.

    Args:
        hashes: uint8 `(n, 32)`, as `difference_hash` makes them.
    """
    bits = np.unpackbits(hashes, axis=1)
    ones = bits.sum(axis=1, dtype=np.int32)
    telling = np.flatnonzero((ones >= _PLAIN) & (ones <= 8 * HASH_BYTES - _PLAIN))
    scattered = np.random.default_rng(0).permutation(8 * HASH_BYTES)
    words = np.ascontiguousarray(np.packbits(bits[telling][:, scattered], axis=1)).view(np.uint16)
    pairs = [_alike(hashes, telling, words[:, word]) for word in range(words.shape[1])]
    return np.unique(np.concatenate(pairs), axis=0)


def _alike(hashes: NDArray[np.uint8], indices: NDArray[np.int64], words: NDArray[np.uint16]) -> NDArray[np.int64]:
    """The pairs of `indices` whose `words` are equal and whose hashes are near."""
    order = np.argsort(words, kind="stable")
    ranked, found = words[order], [np.empty((0, 2), np.int64)]
    for distance in range(1, len(order)):
        equal = np.flatnonzero(ranked[distance:] == ranked[:-distance])
        if not len(equal):
            break
        pairs = np.sort(indices[np.stack([order[equal], order[equal + distance]], axis=1)], axis=1)
        different = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]).sum(axis=1)
        found.append(pairs[different <= ALIKE])
    return np.concatenate(found)
