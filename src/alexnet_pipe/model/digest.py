"""One number for a set of weights."""

import hashlib
from collections.abc import Iterable

import numpy as np


def weights_digest(weights: Iterable[np.ndarray]) -> str:
    """SHA-256, in hexadecimal, over the tensors in order, each with its dtype and shape."""
    digest = hashlib.sha256()
    for tensor in weights:
        digest.update(f"{tensor.dtype.str}{tensor.shape}".encode())
        digest.update(np.ascontiguousarray(tensor).tobytes())
    return digest.hexdigest()
