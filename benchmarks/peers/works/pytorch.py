"""PyTorch: a training step, inference, and training from its loader."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.peers.program import Options, Work
from benchmarks.peers.torch_network import with_reference
from benchmarks.peers.works.torchvision_loaders import loader

PACKAGES = ("torch",)
GREY = 128.0
"""Subtracted from each pixel."""


def step(options: Options) -> Work:
    """One step on a constant batch of float32 pixels, which are there already.

    Options: `reference`, a path; `batch`; `normalization`; and those of `_trained`.
    """
    train = _trained(options)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (options["batch"], 3, 227, 227)).astype(np.float32) - GREY
    labels = torch.from_numpy(generator.integers(0, options["classes"], options["batch"]))
    batch = _laid_out(torch.from_numpy(pixels), options)

    def repeat() -> int:
        train(batch, labels)
        return len(labels)

    return Work(repeat, _threads(), PACKAGES)


def end_to_end(options: Options) -> Work:
    """Steps on batches of torchvision's loader: the options of `step` and of `loader`, and `batches`."""
    train, batches = _trained(options), loader(options)

    def repeat() -> int:
        for _ in range(options["batches"]):
            images, labels = next(batches)
            train(_laid_out(images.float() - GREY, options), labels)
        return int(options["batches"] * options["batch"])

    return Work(repeat, f"{_threads()}, 2 loading processes", (*PACKAGES, "torchvision"))


def inference(options: Options) -> Work:
    """Probabilities of whole images, uint8 `(batch, 256, 256, 3)`, as the exported file computes them.

    Options: `reference`, `batch`, `calls` a repetition, and the layout and compilation as of `_trained`.
    """
    torch.manual_seed(0)
    classifier = _CentreView(with_reference(Path(options["reference"]), options["normalization"]).eval())
    if options["channels_last"]:
        classifier = classifier.to(memory_format=torch.channels_last)
    called: Any = torch.compile(classifier) if options["compiled"] else classifier
    images = torch.randint(0, 256, (options["batch"], 256, 256, 3), dtype=torch.uint8)

    def repeat() -> int:
        with torch.inference_mode():
            for _ in range(options["calls"]):
                called(images).numpy()
        return int(options["calls"] * options["batch"])

    return Work(repeat, _threads(), PACKAGES)


class _CentreView(nn.Module):
    """From images to probabilities."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Any) -> Any:
        # The permuted bytes are in channels_last already.
        pixels = images[:, 14:241, 14:241].permute(0, 3, 1, 2).float() - GREY
        return torch.softmax(self.network(pixels), dim=1)


def _trained(options: Options) -> Callable[[Any, Any], None]:
    """A step of gradient descent on pixels and labels.

    Options: `channels_last`, `bfloat16` (by autocast) and `compiled`, each true or false; `tuned`: the update as one
    operation.
    """
    torch.manual_seed(0)
    network = with_reference(Path(options["reference"]), options["normalization"])
    if options["channels_last"]:
        network = network.to(memory_format=torch.channels_last)
    optimizer = _optimizer(network, options["tuned"])
    called: Any = torch.compile(network) if options["compiled"] else network

    def train(pixels: Any, labels: Any) -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=options["bfloat16"]):
            loss = nn.functional.cross_entropy(called(pixels), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if not isfinite(loss.item()):
            raise ValueError("the loss is not a number")

    return train


def _optimizer(network: nn.Module, fused: bool) -> Any:
    """Descent as in the paper; kernels alone decay."""
    kernels = [weight for name, weight in network.named_parameters() if name.endswith("weight")]
    biases = [bias for name, bias in network.named_parameters() if name.endswith("bias")]
    groups = [{"params": kernels, "weight_decay": 0.0005}, {"params": biases, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=0.001, momentum=0.9, fused=fused or None)


def _laid_out(pixels: Any, options: Options) -> Any:
    return pixels.contiguous(memory_format=torch.channels_last) if options["channels_last"] else pixels.contiguous()


def _threads() -> str:
    return str(torch.get_num_threads())
