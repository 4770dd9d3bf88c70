"""Files as every large collection has them: named like photographs, but to be refused."""

import io

import numpy as np
from PIL import Image

from alexnet_pipe.datasets.sample.difficulty import SEED
from alexnet_pipe.datasets.sample.encodings import File, encode
from alexnet_pipe.datasets.sample.scene import CLASSES, draw_scene

TRAINING, TEST = "training_set", "test_set"


def broken_files() -> list[tuple[str, str, File]]:
    """Split, class and file of each; no two in the same class."""
    files = [
        (TRAINING, _cut_off("jpeg")),
        (TRAINING, (".jpg", b"The photograph is missing; see the other folder.\n")),
        (TRAINING, (".jpg", b"")),
        (TRAINING, _single_pixel(".png", "PNG")),
        (TRAINING, _cut_off("png")),
        (TEST, _cut_off("webp")),
        (TEST, _single_pixel(".jpg", "JPEG")),
        (TEST, (".jpg", b"<!DOCTYPE html>\n<title>404 Not Found</title>\n")),
    ]
    return [(split, name, file) for name, (split, file) in zip(CLASSES, files, strict=False)]


def _cut_off(kind: str) -> File:
    """The first half of a photograph, as an interrupted download leaves it."""
    rng = np.random.default_rng(SEED)
    suffix, content = encode(draw_scene(CLASSES[0], rng), kind, rng)
    return suffix, content[: len(content) // 2]


def _single_pixel(suffix: str, kind: str) -> File:
    content = io.BytesIO()
    Image.new("RGB", (1, 1), (128, 128, 128)).save(content, kind)
    return suffix, content.getvalue()
