"""What fills outlines: colours that stay apart, uneven surfaces, and the four textures as masks between two tones.

Textures use only sums, products and roots of arrays: NumPy's sines differ in their last bits from one processor to the
next, and the pictures must not.
"""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageFilter

from alexnet_pipe.datasets.sample.difficulty import Difficulty
from alexnet_pipe.datasets.sample.shapes import direction

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


Field = np.ndarray
"""One float32 number a pixel, (height, width)."""


def texture(name: str, size: tuple[int, int], difficulty: Difficulty, rng: np.random.Generator) -> Image.Image:
    """A mask of `size` (width, height), mode L, full of the texture `name` at a random angle, period and phase."""
    period = min(size) / rng.uniform(*difficulty.periods)
    across, along = _plane(size, period, difficulty.perspective, rng)
    edge = period * TEXTURES[name](across, along, rng)
    return Image.fromarray((np.clip(edge + 0.5, 0, 1) * 255).astype(np.uint8))


def _plane(size: tuple[int, int], period: float, perspective: float, rng: np.random.Generator) -> tuple[Field, Field]:
    """Coordinates of every pixel on a turned, tilted plane, in periods."""
    width, height = size
    x = (np.arange(width, dtype=np.float32) - np.float32(width / 2))[None, :]
    y = (np.arange(height, dtype=np.float32) - np.float32(height / 2))[:, None]
    cosine, sine = direction(rng.random())
    tilt_x, tilt_y = rng.uniform(-perspective, perspective, 2) / max(size)
    scale = np.float32(1 / period) / (1 + np.float32(tilt_x) * x + np.float32(tilt_y) * y)
    shift_x, shift_y = rng.random(2).astype(np.float32)
    across = (x * np.float32(cosine) + y * np.float32(sine)) * scale + shift_x
    along = (y * np.float32(cosine) - x * np.float32(sine)) * scale + shift_y
    return across, along


def _from_middle(coordinate: Field) -> Field:
    """Distance from the middle of the unit cell: 0.5 at its borders, 0 in the middle."""
    return np.abs(coordinate - np.floor(coordinate) - np.float32(0.5))


# Each texture gives the distance, in periods, from a pixel to the nearest edge; positive within the first tone.


def stripes(across: Field, along: Field, rng: np.random.Generator) -> Field:
    """Parallel bars."""
    return np.float32(rng.uniform(0.15, 0.35)) - _from_middle(across)


def checkerboard(across: Field, along: Field, rng: np.random.Generator) -> Field:
    """Squares of two tones, two to a period."""
    across, along = _from_middle(across) - np.float32(0.25), _from_middle(along) - np.float32(0.25)
    return np.where(across * along > 0, 1, -1) * np.minimum(np.abs(across), np.abs(along))


def dots(across: Field, along: Field, rng: np.random.Generator) -> Field:
    """Discs on a square or a staggered grid."""
    if rng.random() < 0.5:
        across = across + np.float32(0.5) * (np.floor(along) % 2)
    across, along = _from_middle(across), _from_middle(along)
    return np.float32(rng.uniform(0.22, 0.36)) - np.sqrt(across * across + along * along)


def bricks(across: Field, along: Field, rng: np.random.Generator) -> Field:
    """Courses of bricks twice as long as high, each course shifted by half a brick, with mortar between."""
    joint = np.float32(rng.uniform(0.04, 0.08))
    courses = along * np.float32(1.4)
    lengths = across * np.float32(0.7) + np.float32(0.5) * (np.floor(courses) % 2)
    beds = (np.float32(0.5) - _from_middle(courses)) / np.float32(1.4)
    ends = (np.float32(0.5) - _from_middle(lengths)) / np.float32(0.7)
    return np.minimum(beds, ends) - joint


TEXTURES: Mapping[str, Callable[[Field, Field, np.random.Generator], Field]] = {
    pattern.__name__: pattern for pattern in (bricks, checkerboard, dots, stripes)
}
