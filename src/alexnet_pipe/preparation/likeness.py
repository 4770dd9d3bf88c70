"""Which photographs look alike: a hash that changes little when a photograph does."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ROWS = _COLUMNS = 16
HASH_BYTES = _ROWS * _COLUMNS // 8

ALIKE = 12
"""Two photographs are near-duplicates if at most so many of the 256 bits differ; others differ in about 128."""

_PLAIN = 24
"""A hash with fewer ones, or fewer zeros, is that of a plain surface, and says nothing."""


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
