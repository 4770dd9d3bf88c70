"""torchvision's `ImageFolder` behind PyTorch's `DataLoader` of two processes."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms import v2

from benchmarks.peers.program import Options, Work

WORKERS = 2


def load(options: Options) -> Work:
    """Batches of 227×227 bytes: the options of `loader`, and `batches` a repetition."""
    batches = loader(options)

    def repeat() -> int:
        for _ in range(options["batches"]):
            images, _ = next(batches)
        return int(options["batches"] * len(images))

    return Work(repeat, f"{WORKERS} processes", ("torch", "torchvision"))


def loader(options: Options) -> Iterator[Any]:
    """Shuffled batches without an end: uint8 `(batch, 3, 227, 227)` and int64 labels.

    Options: `folder`, with a folder a class; `batch`; `resize`: whether its photographs are still to be made 256×256;
    `decoder`: `pillow`, which is the default of `ImageFolder`, or `torchvision`.
    """
    resized = [v2.Resize(256, antialias=True), v2.CenterCrop(256)] if options["resize"] else []
    last = [v2.PILToTensor()] if options["decoder"] == "pillow" else []
    transform = v2.Compose([*resized, v2.RandomCrop(227), v2.RandomHorizontalFlip(), *last])
    # Its own name of this argument is `loader`.
    decoder = {"loader": _decoded} if options["decoder"] == "torchvision" else {}
    data = ImageFolder(options["folder"], transform, **decoder)
    return _endless(
        DataLoader(data, options["batch"], shuffle=True, num_workers=WORKERS, drop_last=True, persistent_workers=True)
    )


def _decoded(path: str) -> Any:
    return decode_image(path, ImageReadMode.RGB)


def _endless(batches: Any) -> Iterator[Any]:
    torch.manual_seed(0)
    while True:
        yield from batches
