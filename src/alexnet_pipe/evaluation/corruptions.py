"""The fifteen corruptions of Hendrycks and Dietterich (2019), written anew from their descriptions.

Strengths are those that they published for photographs of this size. What falls onto a photograph (noise, flakes,
crystals) is drawn here, from the photograph's own bytes: the same photograph is corrupted the same way on every run.
Snow and frost are made of noise, not of photographs of others, so figures compare within this project alone.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.signal import fftconvolve

SEVERITIES = (1, 2, 3, 4, 5)

Pixels = NDArray[np.floating]
"""`(height, width, 3)`, of 0 to 1."""

_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def gaussian_noise(x: Pixels, draws: np.random.Generator, deviation: float) -> Pixels:
    return x + deviation * draws.standard_normal(x.shape, np.float32)


def shot_noise(x: Pixels, draws: np.random.Generator, photons: float) -> Pixels:
    return (draws.poisson(x * photons) / photons).astype(np.float32)


def impulse_noise(x: Pixels, draws: np.random.Generator, share: float) -> Pixels:
    """Black or white in place of so many values."""
    lot = draws.random(x.shape, np.float32)
    return np.where(lot < share / 2, 0, np.where(lot < share, 1, x)).astype(np.float32)


def defocus_blur(x: Pixels, _: np.random.Generator, radius: float, softness: float) -> Pixels:
    """A point becomes a disk, whose edge is a little soft."""
    reach = int(radius) + 3
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return _convolved(x, gaussian_filter((rows**2 + columns**2 <= radius**2).astype(np.float32), softness))


def glass_blur(x: Pixels, draws: np.random.Generator, sigma: float, reach: int, times: int) -> Pixels:
    """Pixels change places with near ones, as behind frosted glass."""
    x = _blurred(x, sigma)
    rows, columns = np.mgrid[: x.shape[0], : x.shape[1]]
    for _ in range(times):
        down, right = draws.integers(-reach, reach + 1, (2, *rows.shape))
        x = x[np.clip(rows + down, 0, x.shape[0] - 1), np.clip(columns + right, 0, x.shape[1] - 1)]
    return _blurred(x, sigma)


def motion_blur(x: Pixels, draws: np.random.Generator, radius: int, sigma: float) -> Pixels:
    return _convolved(x, _trace(radius, sigma, draws.uniform(-45, 45)))


def zoom_blur(x: Pixels, _: np.random.Generator, end: float, step: float) -> Pixels:
    """The mean of what a lens sees on its way from 1 to `end`."""
    zooms = np.arange(1, end, step)
    return (x + sum(_enlarged(x, zoom) for zoom in zooms)) / (len(zooms) + 1)


def snow(
    x: Pixels, draws: np.random.Generator, mean: float, zoom: float, least: float, far: int, sigma: float, kept: float
) -> Pixels:
    """Flakes that fall, some nearer than others, before a photograph that has become paler."""
    flakes = _enlarged(draws.normal(mean, 0.3, x.shape[:2]).astype(np.float32), zoom)
    flakes = np.clip(np.where(flakes < least, 0, flakes), 0, 1)[..., None]
    layer = _convolved(flakes, _trace(far, sigma, draws.uniform(-135, -45)))
    pale = np.maximum(x, 1.5 * (x @ _GREY)[..., None] + 0.5)
    return kept * x + (1 - kept) * pale + layer + layer[::-1, ::-1]


def frost(x: Pixels, draws: np.random.Generator, kept: float, ice: float) -> Pixels:
    """Ice on a pane: bright veins, which are the ridges of a landscape, and a bluish haze between them."""
    veins = 1 - np.abs(2 * _landscape(x.shape[0], draws, 1.6) - 1)
    layer = np.clip(0.25 + veins**4 + 0.3 * _landscape(x.shape[0], draws, 2.0), 0, 1)
    return kept * x + ice * layer[..., None] * np.array([0.85, 0.93, 1.0], np.float32)


def fog(x: Pixels, draws: np.random.Generator, thickness: float, decay: float) -> Pixels:
    brightest = float(x.max())
    return (x + thickness * _landscape(x.shape[0], draws, decay)[..., None]) * brightest / (brightest + thickness)


def brightness(x: Pixels, _: np.random.Generator, more: float) -> Pixels:
    """The value of hue, saturation and value is raised, and the two others stay."""
    value = x.max(axis=2, keepdims=True)
    raised = np.minimum(value + more, 1)
    return np.where(value > 0, x * raised / np.maximum(value, 1e-6), raised)


def contrast(x: Pixels, _: np.random.Generator, kept: float) -> Pixels:
    mean = x.mean(axis=(0, 1), keepdims=True)
    return (x - mean) * kept + mean


def elastic_transform(x: Pixels, draws: np.random.Generator, far: float, smooth: float, corners: float) -> Pixels:
    """Stretched as a sheet of rubber is: by a slant of the whole, and by parts.

    The three are shares of the side: how far pixels are moved, over what distance alike, and how far corners go.
    """
    side = x.shape[0]
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    slant = draws.uniform(-corners, corners, (2, 3)).astype(np.float32)
    fields = draws.uniform(-1, 1, (2, side, side)).astype(np.float32)
    moved = [side * far * gaussian_filter(field, side * smooth, mode="reflect", truncate=3) for field in fields]
    across = np.stack([(rows / side - 0.5), (columns / side - 0.5), np.full_like(rows, 0.5)])
    places = np.stack([rows, columns]) + side * np.tensordot(slant, across, 1) + np.stack(moved)
    return np.stack([map_coordinates(x[..., c], places, order=1, mode="reflect") for c in range(3)], axis=2)


def pixelate(x: Pixels, _: np.random.Generator, share: float) -> Pixels:
    picture, (height, width) = Image.fromarray(_bytes(x)), x.shape[:2]
    small = picture.resize((int(width * share), int(height * share)), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.NEAREST), np.float32) / 255


def jpeg_compression(x: Pixels, _: np.random.Generator, quality: int) -> Pixels:
    packed = io.BytesIO()
    Image.fromarray(_bytes(x)).save(packed, "JPEG", quality=quality)
    with Image.open(packed) as picture:
        return np.asarray(picture, np.float32) / 255


class Corruption(NamedTuple):
    """
    Attributes:
        kind: Noise, blur, weather or digital.
        apply: Of a photograph, of draws, and of one of `strengths`.
        strengths: Arguments at each of `SEVERITIES`.
    """

    kind: str
    apply: Callable[..., Pixels]
    strengths: tuple[tuple[Any, ...], ...]


def _each(*strengths: float) -> tuple[tuple[float], ...]:
    return tuple(zip(strengths, strict=True))


CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "gaussian_noise": Corruption("noise", gaussian_noise, _each(0.08, 0.12, 0.18, 0.26, 0.38)),
        "shot_noise": Corruption("noise", shot_noise, _each(60, 25, 12, 5, 3)),
        "impulse_noise": Corruption("noise", impulse_noise, _each(0.03, 0.06, 0.09, 0.17, 0.27)),
        "defocus_blur": Corruption("blur", defocus_blur, ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))),
        "glass_blur": Corruption("blur", glass_blur, ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))),
        "motion_blur": Corruption("blur", motion_blur, ((10, 3.0), (15, 5.0), (15, 8.0), (15, 12.0), (20, 15.0))),
        "zoom_blur": Corruption(
            "blur", zoom_blur, ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))
        ),
        "snow": Corruption(
            "weather",
            snow,
            (
                (0.1, 3, 0.5, 10, 4, 0.8),
                (0.2, 2, 0.5, 12, 4, 0.7),
                (0.55, 4, 0.9, 12, 8, 0.7),
                (0.55, 4.5, 0.85, 12, 8, 0.65),
                (0.55, 2.5, 0.85, 12, 12, 0.55),
            ),
        ),
        "frost": Corruption("weather", frost, ((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))),
        "fog": Corruption("weather", fog, ((1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4))),
        "brightness": Corruption("weather", brightness, _each(0.1, 0.2, 0.3, 0.4, 0.5)),
        "contrast": Corruption("digital", contrast, _each(0.4, 0.3, 0.2, 0.1, 0.05)),
        "elastic_transform": Corruption(
            "digital",
            elastic_transform,
            ((2.0, 0.7, 0.1), (2.0, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)),
        ),
        "pixelate": Corruption("digital", pixelate, _each(0.6, 0.5, 0.4, 0.3, 0.25)),
        "jpeg_compression": Corruption("digital", jpeg_compression, _each(25, 18, 15, 10, 7)),
    }
)
"""In the order of the paper."""


def corrupted(image: NDArray[np.uint8], name: str, severity: int) -> NDArray[np.uint8]:
    """A photograph, uint8 `(side, side, 3)`, under one of `CORRUPTIONS`; with severity 0 it stays as it is.

    What is drawn is the same at all severities, so that the next one is the same accident and worse.
    """
    if severity == 0:
        return image
    seed = [list(CORRUPTIONS).index(name), zlib.crc32(image.tobytes())]
    corruption = CORRUPTIONS[name]
    return _bytes(
        corruption.apply(
            image.astype(np.float32) / 255, np.random.default_rng(seed), *corruption.strengths[severity - 1]
        )
    )


def _bytes(x: Pixels) -> NDArray[np.uint8]:
    return np.asarray(np.rint(255 * np.clip(x, 0, 1)), np.uint8)


def _blurred(x: Pixels, sigma: float) -> Pixels:
    return np.asarray(gaussian_filter(x, (sigma, sigma, 0)), np.float32)


def _convolved(x: Pixels, kernel: NDArray[np.floating]) -> Pixels:
    """With a kernel that is made to sum to 1; beyond its edges the photograph is its own mirror image."""
    reach = kernel.shape[0] // 2
    padded = np.pad(x, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    return np.asarray(fftconvolve(padded, (kernel / kernel.sum())[..., None], mode="valid", axes=(0, 1)), np.float32)


def _trace(radius: int, sigma: float, degrees: float) -> NDArray[np.float32]:
    """The kernel of a movement: from the middle in one direction, fading as a normal distribution."""
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    for way in np.arange(0, radius, 0.5):
        row, column = (round(radius + way * turn(np.radians(degrees))) for turn in (np.sin, np.cos))
        kernel[row, column] += np.exp(-((way / sigma) ** 2) / 2)
    return kernel


def _enlarged(x: NDArray[np.floating], zoom: float) -> NDArray[np.floating]:
    """The middle, enlarged to the size of the whole."""
    height, width = x.shape[:2]
    cut = [side * (1 - 1 / zoom) / 2 for side in (width, height)]
    box = (cut[0], cut[1], width - cut[0], height - cut[1])
    planes = [x] if x.ndim == 2 else [x[..., c] for c in range(x.shape[2])]
    grown = [
        np.asarray(Image.fromarray(p.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR, box))
        for p in planes
    ]
    return grown[0] if x.ndim == 2 else np.stack(grown, axis=2)


def _landscape(side: int, draws: np.random.Generator, decay: float) -> NDArray[np.float32]:
    """A fractal, `(side, side)`, of 0 to 1: noise of half the width counts 1/`decay` as much."""
    total, height, cells = np.zeros((side, side), np.float32), 1.0, 2
    while cells <= side:
        noise = draws.uniform(-1, 1, (cells, cells)).astype(np.float32)
        total += height * np.asarray(Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC))
        height, cells = height / decay, 2 * cells
    low, high = total.min(), total.max()
    return np.asarray((total - low) / (high - low), np.float32)
