"""Pictures that look alike are found, whatever was done to them, and others are not."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from alexnet_pipe.preparation.copies import ALIKE, HASH_BYTES, difference_hash, near_duplicates


def picture(seed: int) -> Image.Image:
    """Soft blobs, as photographs have at the size of the hash."""
    blobs = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(blobs).resize((256, 256), Image.Resampling.BICUBIC)


def hash_of(image: Image.Image) -> np.ndarray:
    return difference_hash(np.asarray(image))


def compressed(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=30)
    return Image.open(buffer).convert("RGB")


def distance(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.bitwise_count(a ^ b).sum())


@pytest.mark.parametrize(
    "change",
    [
        compressed,
        lambda image: image.resize((100, 100)).resize((256, 256)),
        lambda image: ImageEnhance.Brightness(image).enhance(0.8),
        lambda image: ImageEnhance.Contrast(image).enhance(0.7),
        lambda image: image.convert("L").convert("RGB"),
    ],
)
def test_a_changed_copy_is_near(change: Callable[[Image.Image], Image.Image]) -> None:
    assert distance(hash_of(picture(1)), hash_of(change(picture(1)))) <= ALIKE


def test_two_pictures_are_far_apart() -> None:
    hashes = [hash_of(picture(seed)) for seed in range(20)]
    distances = [distance(a, b) for n, a in enumerate(hashes) for b in hashes[:n]]
    assert min(distances) > 4 * ALIKE


def test_the_hash_is_whether_each_place_is_darker_than_its_right_neighbour() -> None:
    rising = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], 256, axis=0).repeat(3, axis=2)
    assert (difference_hash(rising) == 255).all()
    assert (difference_hash(rising[:, ::-1].copy()) == 0).all()


def brute_force(hashes: np.ndarray) -> list[list[int]]:
    return [[a, b] for b in range(len(hashes)) for a in range(b) if distance(hashes[a], hashes[b]) <= ALIKE]


def test_exactly_the_pairs_that_differ_in_few_bits_are_found() -> None:
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 256, (60, HASH_BYTES), dtype=np.uint8)
    for number in range(40):  # Copies of the first twenty, with 0 to 15 bits flipped: on both sides of the border.
        bits = np.unpackbits(hashes[number % 20])
        bits[generator.choice(256, generator.integers(0, 16), replace=False)] ^= 1
        hashes[20 + number] = np.packbits(bits)
    expected = sorted(brute_force(hashes))
    assert 10 < len(expected) < 200
    assert near_duplicates(hashes).tolist() == expected


def test_plain_surfaces_say_nothing() -> None:
    plain = np.zeros((3, HASH_BYTES), np.uint8)
    plain[1] = 255
    assert near_duplicates(plain).shape == (0, 2)
    assert near_duplicates(plain[:0]).shape == (0, 2)
