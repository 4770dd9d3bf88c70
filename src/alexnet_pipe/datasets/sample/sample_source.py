"""Source `sample`: the embedded data set, ten classes of shapes and textures, drawn on the spot.

Every twentieth picture has a given rare format, and eight files are broken.
"""

import io
from collections.abc import Callable, Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import ExifTags, Image

from alexnet_pipe.base.progress import progress
from alexnet_pipe.cluster.pool import process_pool
from alexnet_pipe.datasets.index import index_archive
from alexnet_pipe.datasets.pack import Content, pack
from alexnet_pipe.datasets.sample.difficulty import HARD, SAMPLE, SEED, Difficulty
from alexnet_pipe.datasets.sample.scene import CLASSES, Scene, draw_scene
from alexnet_pipe.datasets.sample.textures import smooth_field

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


_VALIDATION = """
bricks: 4 7 10 19 23 34 40 47 60 73 79 102 107 125 143 155 169 171 183
checkerboard: 19 22 53 59 64 70 76 87 92 96 104 107 113 123 141 145 176 177 185
cross: 2 28 47 49 51 57 61 63 69 75 82 99 104 121 131 135 138 143 186
disc: 21 30 39 62 70 71 83 85 125 130 136 148 149 151 154 162 170 176 179
dots: 2 11 50 71 79 86 96 101 114 118 119 132 136 154 164 166 178 187 190
ring: 5 8 20 24 26 30 35 50 62 64 67 72 73 86 95 96 100 128 184
square: 19 25 37 44 47 55 58 66 68 94 97 103 108 131 161 162 180 184 191
star: 1 23 26 29 32 62 79 82 84 89 90 92 104 127 138 143 147 157 158
stripes: 1 8 12 23 30 55 73 74 106 113 118 129 147 157 159 165 175 177 183
triangle: 15 29 61 63 69 78 80 83 88 94 100 117 121 123 125 131 162 176 184
"""
"""The numbers of the training pictures of each class that are the embedded sample's validation split."""


@dataclass(frozen=True)
class Sample:
    """Ten classes of drawn objects.

    Attributes:
        images_per_class: Training and test images together.
        test_share: Share of them that are test images.
        difficulty: How hard they are to recognise.
    """

    images_per_class: int = 240
    test_share: float = 0.2
    difficulty: Difficulty = SAMPLE
    where: str = "sample"

    def fetch(self, folder: Path) -> str:
        """Draw the data set into an archive in `folder`, and give its version."""
        write_sample(folder / "sample.zip", self.images_per_class, self.test_share, self.difficulty)
        return self.version()

    def index(self, folder: Path) -> pd.DataFrame:
        """Label, split and place of each picture; columns as `datasets.index.index_archive`."""
        rows = index_archive(folder / "sample.zip", self.where)
        if self.difficulty != SAMPLE:
            return rows
        number = rows["member"].str.extract(r"\.(\d+)\.")[0]
        chosen = (rows["label"] + " " + number).isin(_validation_pictures())
        return rows.assign(split=rows["split"].mask(chosen & (rows["split"] == "train"), "validation"))

    def version(self) -> str:
        """Always the same: what is drawn changes with the code alone, on which the stage depends."""
        return f"{self.images_per_class} images a class"


SAMPLES = {None: Sample(), "hard": Sample(1000, 0.7, HARD)}
"""The drawn data sets, by `dataset.location`."""


def _validation_pictures() -> set[str]:
    lines = (line.split(": ") for line in _VALIDATION.split("\n") if line)
    return {f"{name} {number}" for name, numbers in lines for number in numbers.split()}


_IMAGES_A_TASK = 20


def write_sample(
    archive: Path, images_per_class: int = 240, test_share: float = 0.2, difficulty: Difficulty = SAMPLE
) -> None:
    """Draw the sample data set into the zip file `archive`, in the layout of Kaggle's cats and dogs.

    Each class has `images_per_class` photographs, the last `test_share` of them for testing and the others for
    training; eight files that must be refused come on top. The bytes depend on nothing but these arguments.
    """
    training = images_per_class - round(images_per_class * test_share)
    files: dict[str, bytes] = {}
    for (name, index), file in _drawn(images_per_class, difficulty).items():
        files[_member(TRAINING if index <= training else TEST, name, index, file)] = file[1]
    for split, name, file in broken_files():
        files[_member(split, name, images_per_class + 1, file)] = file[1]
    pack(archive, {member: Content(len(data), partial(iter, [data])) for member, data in files.items()})


def _member(split: str, name: str, index: int, file: File) -> str:
    return f"{split}/{split}/{name}/{name}.{index}{file[0]}"


def _drawn(images_per_class: int, difficulty: Difficulty) -> dict[tuple[str, int], File]:
    """All photographs by class and number, drawn by as many processes as there are processors."""
    starts = range(1, images_per_class + 1, _IMAGES_A_TASK)
    tasks = [(name, start, min(start + _IMAGES_A_TASK, images_per_class + 1)) for name in CLASSES for start in starts]
    files: dict[tuple[str, int], File] = {}
    with (
        process_pool(len(tasks)) as pool,
        progress("download", len(CLASSES) * images_per_class, "images drawn") as advance,
    ):
        for done in as_completed([pool.submit(_draw, *task, difficulty) for task in tasks]):
            files.update(done.result())
            advance(len(done.result()))
    return files


def _draw(name: str, start: int, stop: int, difficulty: Difficulty) -> dict[tuple[str, int], File]:
    return {(name, index): photograph(name, index, difficulty) for index in range(start, stop)}
