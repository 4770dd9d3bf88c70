"""Colours, uneven surfaces, light and camera: what the object and its background are made of."""

import numpy as np
from PIL import Image, ImageFilter

from alexnet_pipe.datasets.sample.difficulty import Difficulty

Colour = tuple[int, int, int]

_LUMA = (0.299, 0.587, 0.114)


def colours(difficulty: Difficulty, rng: np.random.Generator) -> tuple[list[Colour], list[Colour]]:
    """Two dark and two bright colours of any hue, which stay apart when the picture turns grey."""
    dividing = rng.uniform(*difficulty.dividing_luma)
    dark = [_with_luma(any_colour(rng), max(dividing - rng.uniform(*difficulty.luma_gap), 10)) for _ in range(2)]
    bright = [_with_luma(any_colour(rng), min(dividing + rng.uniform(*difficulty.luma_gap), 245)) for _ in range(2)]
    return dark, bright


def any_colour(rng: np.random.Generator) -> Colour:
    """Red, green and blue, 0 to 255, each drawn by itself."""
    red, green, blue = rng.integers(0, 256, 3).tolist()
    return red, green, blue


def _with_luma(colour: Colour, luma: float) -> Colour:
    """`colour` mixed with black or with white until it has this luma."""
    own = sum(weight * channel for weight, channel in zip(_LUMA, colour, strict=True))
    if own > luma:
        red, green, blue = (round(channel * luma / own) for channel in colour)
    else:
        share = (luma - own) / (255 - own)
        red, green, blue = (round(channel + (255 - channel) * share) for channel in colour)
    return red, green, blue


def smooth_field(size: tuple[int, int], cells: int, rng: np.random.Generator) -> Image.Image:
    """A mask of `size` (width, height), mode L, that runs smoothly between `cells`×`cells` random values."""
    values = rng.integers(0, 256, (cells, cells), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


def surface(
    size: tuple[int, int], colours: list[Colour], difficulty: Difficulty, rng: np.random.Generator
) -> Image.Image:
    """An RGB picture of `size` (width, height) that runs between two colours, as a gradient or in blotches."""
    cells = difficulty.surface_cells[rng.integers(len(difficulty.surface_cells))]
    first, second = (Image.new("RGB", size, colour) for colour in colours)
    return Image.composite(first, second, smooth_field(size, cells, rng))


def exposed(picture: Image.Image, difficulty: Difficulty, rng: np.random.Generator) -> Image.Image:
    """`picture` as a camera sees it: lit from one side, more or less exposed, perhaps blurred, with grain."""
    if rng.random() < difficulty.blurred:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(*difficulty.blur) * min(picture.size) / 100))
    light = np.asarray(smooth_field(picture.size, 2, rng), dtype=np.float32)
    light = np.float32(rng.uniform(*difficulty.exposure)) * (1 - np.float32(difficulty.light_fall / 255) * light)
    level = int(rng.integers(*difficulty.grain, endpoint=True))
    grain = rng.integers(-level, level, light.shape, dtype=np.int8, endpoint=True)
    pixels = np.asarray(picture, dtype=np.float32) * light[..., None] + grain[..., None]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
