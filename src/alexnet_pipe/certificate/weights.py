"""How far apart the weights of two models are, read without the framework that made them."""

import io
import zipfile
from pathlib import Path

import h5py  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

_WEIGHTS = "model.weights.h5"


def weight_difference(before: Path, now: Path) -> tuple[bool, str]:
    """As `difference.difference`, for two `.keras` files.

    A relative difference is the largest difference in a tensor, as a share of the tensor's largest magnitude.
    """
    old, new = map(_tensors, (before, now))
    if {name: tensor.shape for name, tensor in old.items()} != {name: tensor.shape for name, tensor in new.items()}:
        return False, "another architecture"
    gaps = {name: _relative(tensor, new[name]) for name, tensor in old.items()}
    worst = max(gaps, key=lambda name: gaps[name])
    if not gaps[worst]:
        return False, "the same weights, another configuration"
    differ = sum(gap > 0 for gap in gaps.values())
    return False, f"{differ} of {len(gaps)} tensors differ, by {gaps[worst]:.2g} of the largest value at most ({worst})"


def _relative(old: NDArray[np.float32], new: NDArray[np.float32]) -> float:
    return float(np.abs(new - old).max() / max(np.abs(old).max(), np.finfo(np.float32).tiny))


def _tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Each tensor by its path in the file, as `layers/alexnet/layers/conv2d/vars/0`."""
    found: dict[str, NDArray[np.float32]] = {}

    def collect(name: str, entry: h5py.Group | h5py.Dataset) -> None:
        if isinstance(entry, h5py.Dataset):
            found[name] = np.asarray(entry, np.float32)

    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read(_WEIGHTS))) as weights:
        weights.visititems(collect)
    return found
