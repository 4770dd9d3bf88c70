"""The variant `paper` in PyTorch, with the weights of a reference, whose answers it must give."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

TOLERANCE = 1e-3
"""How far a logit may be from the reference's, as a share of the largest."""


class NetworksDifferError(Exception):
    """The same weights and pixels give other logits."""


class BandedNormalization(nn.Module):
    """What `published_normalization` computes, with the sum over channels as a convolution of 1×1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        channel = torch.arange(channels)
        near = (channel[:, None] - channel[None, :]).abs() <= 2
        self.register_buffer("band", 1e-4 * near.float()[:, :, None, None])

    def forward(self, inputs: Any) -> Any:
        """Floats `(n, channels, height, width)` to the same."""
        scale = 2.0 + nn.functional.conv2d(inputs.square(), self.band.to(inputs.dtype))
        return inputs * torch.rsqrt(scale * torch.sqrt(scale))


def published_normalization(channels: int) -> nn.Module:
    """PyTorch's own: k 2, α 1e-4, β 0.75 over 5 channels; PyTorch divides α by their number."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


NORMALIZATIONS: Mapping[str, Callable[[int], nn.Module]] = {
    "published": published_normalization,
    "banded": BandedNormalization,
}


def network(kernels: Mapping[str, tuple[int, ...]], normalization: str = "published") -> nn.Sequential:
    """AlexNet of two towers: pixels, floats `(n, 3, 227, 227)`, to logits, `(n, classes)`.

    `kernels` are the shapes of Keras' kernels, by layer: `(height, width, in, out)` and `(in, out)`.
    """
    maps = 3
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for name in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        size, _, into, out = kernels[name]
        stride, padding = (4, 0) if name == "conv1" else (1, size // 2)
        parts[name] = nn.Conv2d(maps, out, size, stride, padding, groups=maps // into)
        parts[f"relu{name[-1]}"] = nn.ReLU(inplace=True)
        if name in ("conv1", "conv2"):
            parts[f"norm{name[-1]}"] = NORMALIZATIONS[normalization](out)
        if name in ("conv1", "conv2", "conv5"):
            parts[f"pool{name[-1]}"] = nn.MaxPool2d(3, 2)
        maps = out
    parts["flatten"] = nn.Flatten()
    for name in ("fc6", "fc7"):
        parts[name] = nn.Linear(*kernels[name])
        parts[f"relu{name[-1]}"] = nn.ReLU(inplace=True)
        parts[f"drop{name[-1]}"] = nn.Dropout(0.5)
    parts["fc8"] = nn.Linear(*kernels["fc8"])
    return nn.Sequential(parts)


def with_reference(path: Path, normalization: str = "published") -> nn.Sequential:
    """The network with the weights of the reference at `path`.

    Raises:
        NetworksDifferError: if its logits of the reference's pixels are not the reference's.
    """
    reference: Any = np.load(path)
    names = [name.partition("/")[0] for name in reference.files if name.endswith("/kernel")]
    built = network({name: reference[f"{name}/kernel"].shape for name in names}, normalization)
    for name in names:
        layer = built.get_submodule(name)
        with torch.no_grad():
            layer.weight.copy_(_transposed(name, reference[f"{name}/kernel"], built))
            layer.bias.copy_(torch.from_numpy(reference[f"{name}/bias"]))
    _require_equal(built, reference)
    return built


def _transposed(name: str, kernel: Any, built: nn.Sequential) -> Any:
    if kernel.ndim == 4:
        return torch.from_numpy(kernel).permute(3, 2, 0, 1)
    if name == "fc6":  # Keras flattens rows, columns, channels; PyTorch channels, rows, columns.
        maps = built.get_submodule("conv5").out_channels
        kernel = kernel.reshape(6, 6, maps, -1).transpose(2, 0, 1, 3).reshape(len(kernel), -1)
    return torch.from_numpy(kernel).T


def _require_equal(built: nn.Sequential, reference: Any) -> None:
    with torch.inference_mode():
        found = built.eval()(torch.from_numpy(reference["pixels"]).permute(0, 3, 1, 2)).numpy()
    built.train()
    expected = reference["logits"]
    difference = float(np.abs(found - expected).max() / np.abs(expected).max())
    if not difference <= TOLERANCE:
        raise NetworksDifferError(f"the networks differ: logits by {difference:.2g} of the largest")
