"""The files of the sample data set: every twentieth picture has a given rare format, and eight files are broken."""

import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from alexnet_pipe.datasets.sample.difficulty import SAMPLE, SEED, Difficulty
from alexnet_pipe.datasets.sample.scene import CLASSES, Scene, draw_scene
from alexnet_pipe.datasets.sample.surface import smooth_field

File = tuple[str, bytes]
"""A file's suffix, with its dot, and its content."""

_FAST = Image.Quantize.FASTOCTREE
_Flip = Image.Transpose
# How to store a picture so that the orientation of this number turns it upright again.
_STORED = {
    2: _Flip.FLIP_LEFT_RIGHT,
    3: _Flip.ROTATE_180,
    4: _Flip.FLIP_TOP_BOTTOM,
    5: _Flip.TRANSPOSE,
    6: _Flip.ROTATE_90,
    7: _Flip.TRANSVERSE,
    8: _Flip.ROTATE_270,
}


def encode(scene: Scene, kind: str, rng: np.random.Generator) -> File:
    """Write the picture in the format `kind`, one of `FORMATS`; `rng` decides on quality and the like."""
    return _ENCODERS[kind](scene, rng)


def _saved(picture: Image.Image, suffix: str, **options: Any) -> File:
    content = io.BytesIO()
    picture.save(content, {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}[suffix], **options)
    return suffix, content.getvalue()


def _jpeg(picture: Image.Image, rng: np.random.Generator, **options: Any) -> File:
    return _saved(picture, ".jpg", quality=int(rng.integers(55, 96)), **options)


def _png(picture: Image.Image) -> File:
    # Level 3 takes a third of the time of the usual 6, for files that are 2 % larger.
    return _saved(picture, ".png", compress_level=3)


def _rotated(scene: Scene, rng: np.random.Generator) -> File:
    exif = Image.Exif()
    orientation = exif[ExifTags.Base.Orientation] = int(rng.integers(2, 9))
    return _jpeg(scene.picture.transpose(_STORED[orientation]), rng, exif=exif)


def _transparent(scene: Scene, rng: np.random.Generator) -> File:
    """The background fades away towards a side, behind an object that stays."""
    picture = scene.picture.copy()
    fade = np.asarray(smooth_field(picture.size, 2, rng))
    picture.putalpha(Image.fromarray(np.maximum(fade, np.asarray(scene.cover))))
    return _png(picture)


def _sixteen_bit(scene: Scene, rng: np.random.Generator) -> File:
    grey = np.asarray(scene.picture.convert("L"), dtype=np.uint16)
    return _png(Image.fromarray(grey * 257))


_ENCODERS: Mapping[str, Callable[[Scene, np.random.Generator], File]] = {
    "jpeg": lambda scene, rng: _jpeg(scene.picture, rng),
    "jpeg-grey": lambda scene, rng: _jpeg(scene.picture.convert("L"), rng),
    "jpeg-cmyk": lambda scene, rng: _jpeg(scene.picture.convert("CMYK"), rng),
    "jpeg-progressive": lambda scene, rng: _jpeg(scene.picture, rng, progressive=True),
    "jpeg-rotated": _rotated,
    "png": lambda scene, rng: _png(scene.picture),
    "png-transparent": _transparent,
    "png-palette": lambda scene, rng: _png(scene.picture.quantize(int(rng.integers(48, 257)), _FAST)),
    "png-16-bit": _sixteen_bit,
    "webp": lambda scene, rng: _saved(scene.picture, ".webp", quality=int(rng.integers(55, 96)), method=2),
}

FORMATS = tuple(_ENCODERS)

_CYCLE = ("jpeg",) * (20 - len(FORMATS)) + FORMATS


def format_of(class_number: int, index: int) -> str:
    """The format of a picture: each class goes through the same cycle, from another start."""
    return _CYCLE[(3 * class_number + index) % len(_CYCLE)]


def photograph(name: str, index: int, difficulty: Difficulty = SAMPLE) -> File:
    """Draw and encode picture number `index`, from 1, of the class `name`."""
    class_number = CLASSES.index(name)
    rng = np.random.default_rng([SEED, class_number, index])
    kind = format_of(class_number, index)
    return encode(draw_scene(name, rng, on_white=kind == "png-transparent", difficulty=difficulty), kind, rng)


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
