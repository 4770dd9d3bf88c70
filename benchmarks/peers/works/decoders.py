"""Photographs in memory to 256×256 RGB, on one core: Pillow, torchvision, OpenCV.

All scale the short side to 256 and cut out the middle; filters differ, and so pixels do.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.peers.program import Options, Work

SIDE = 256


def pillow(options: Options) -> Work:
    """As most would write it; with `draft`, JPEGs are reduced while they are decoded."""

    def prepared(content: bytes) -> Any:
        with Image.open(io.BytesIO(content)) as file:
            if options["reduced"]:
                file.draft("RGB", (SIDE, SIDE))
            image = file.convert("RGB")
        width, height = _scaled(image.width, image.height)
        return np.asarray(_middle(np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))))

    return _work(prepared, options, ("pillow",))


def torchvision(options: Options) -> Work:
    """`decode_image`, then `resize` with antialiasing."""
    import torch
    from torchvision.io import ImageReadMode, decode_image
    from torchvision.transforms.v2 import functional

    torch.set_num_threads(1)

    def prepared(content: bytes) -> Any:
        image = decode_image(torch.frombuffer(bytearray(content), dtype=torch.uint8), ImageReadMode.RGB)
        return functional.center_crop(functional.resize(image, [SIDE], antialias=True), [SIDE, SIDE])

    return _work(prepared, options, ("torch", "torchvision"))


def opencv(options: Options) -> Work:
    """`imdecode`, at a half to an eighth with `reduced`, then `resize` by areas."""
    import cv2

    cv2.setNumThreads(1)
    reduced = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}
    flags = {**reduced, 8: cv2.IMREAD_REDUCED_COLOR_8}

    def prepared(content: bytes) -> Any:
        scale = 1
        if options["reduced"]:
            with Image.open(io.BytesIO(content)) as file:
                scale = max(step for step in flags if step == 1 or min(file.size) >= step * SIDE)
        image: Any = cv2.imdecode(np.frombuffer(content, np.uint8), flags[scale])
        size = _scaled(image.shape[1], image.shape[0])
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return cv2.cvtColor(np.ascontiguousarray(_middle(image)), cv2.COLOR_BGR2RGB)

    return _work(prepared, options, ("opencv-python-headless",))


def _scaled(width: int, height: int) -> tuple[int, int]:
    scale = SIDE / min(width, height)
    return max(SIDE, round(width * scale)), max(SIDE, round(height * scale))


def _middle(image: Any) -> Any:
    top, left = (image.shape[0] - SIDE) // 2, (image.shape[1] - SIDE) // 2
    return image[top : top + SIDE, left : left + SIDE]


def _work(prepared: Callable[[bytes], Any], options: Options, packages: tuple[str, ...]) -> Work:
    contents = [path.read_bytes() for path in sorted(Path(options["folder"]).glob("*/*"))[: options["images"]]]

    def repeat() -> int:
        for content in contents:
            prepared(content)
        return len(contents)

    return Work(repeat, "1", packages)
