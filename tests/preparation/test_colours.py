"""Every mode and every colour profile ends in the sRGB colours that it stands for."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.preparation.photographs import decoded, encoded, noise, photograph
from tests.preparation.profiles import ADOBE_TO_D50, SRGB_TO_D50, adobe_rgb, grey_profile, srgb_profile, to_srgb


def plain(mode: str, colour: Any) -> Image.Image:
    return Image.new(mode, (32, 32), colour)


def middle(content: bytes, **params: Any) -> list[int]:
    return list(decoded(content, **params)[16, 16])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P"])
def test_grey_becomes_three_equal_channels(mode: str) -> None:
    grey = Image.fromarray(noise(32, 32))
    pixels = decoded(encoded(grey.convert(mode), "PNG"))
    np.testing.assert_array_equal(pixels, np.asarray(grey.convert(mode).convert("RGB")))
    assert (pixels[..., 0] == pixels[..., 2]).all()


def test_sixteen_bits_of_grey_are_scaled_not_clipped() -> None:
    levels = np.full((20, 20), 32768, np.uint16)
    levels[0] = [0] * 10 + [65535] * 10
    pixels = decoded(encoded(Image.fromarray(levels), "PNG"))
    assert pixels[5, 5].tolist() == [128, 128, 128]
    assert (pixels[0, 0, 0], pixels[0, -1, 0]) == (0, 255)


def test_floats_are_scaled_by_their_largest_value_if_it_is_more_than_one() -> None:
    levels = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    for scale in (1, 1000):
        pixels = decoded(encoded(Image.fromarray(levels * np.float32(scale)), "TIFF"))
        assert np.abs(pixels[..., 1] - 255 * levels).max() <= 0.51


def test_floats_that_are_no_numbers_are_no_crash() -> None:
    levels = np.full((20, 20), 0.5, np.float32)
    levels[0, 0], levels[0, 1] = np.nan, -np.inf
    assert decoded(encoded(Image.fromarray(levels), "TIFF"))[10, 10, 0] == 128


def test_transparent_pixels_show_the_background() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    image.paste((0, 0, 200, 255), (0, 0, 10, 20))
    image.paste((0, 0, 0, 51), (10, 0, 20, 10))
    pixels = decoded(encoded(image, "PNG"), background="#00ff00")
    assert pixels[15, 15].tolist() == [0, 255, 0]
    assert pixels[15, 5].tolist() == [0, 0, 200]
    # One fifth of black over green.
    assert pixels[5, 15].tolist() == [0, 204, 0]


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"])
def test_a_palette_with_a_transparent_colour_shows_the_background(transparency: Any) -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.paste(0, (0, 0, 10, 20))
    pixels = decoded(encoded(image, "PNG", transparency=transparency))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 15].tolist() == [200, 100, 50]


@pytest.mark.parametrize(("mode", "colour"), [("RGB", (9, 8, 7)), ("L", 9)])
def test_one_colour_that_is_declared_transparent_shows_the_background(mode: str, colour: Any) -> None:
    assert middle(encoded(plain(mode, colour), "PNG", transparency=colour), background="red") == [255, 0, 0]


def test_grey_with_alpha_shows_the_background() -> None:
    assert middle(encoded(plain("LA", (100, 51)), "PNG")) == [224, 224, 224]


def test_the_inverted_cmyk_of_adobe_becomes_rgb() -> None:
    content = encoded(plain("CMYK", (0, 255, 255, 0)), "JPEG", quality=95)
    assert b"Adobe" in content
    assert np.abs(np.subtract(middle(content), [254, 0, 0])).max() < 8


def test_cmyk_without_adobes_mark_is_not_inverted() -> None:
    content = encoded(plain("CMYK", (0, 255, 255, 0)), "JPEG", quality=95)
    mark = content.index(b"\xff\xee")
    size = int.from_bytes(content[mark + 2 : mark + 4], "big")
    # Without the mark the same numbers say: full cyan, no magenta, no yellow, full black.
    assert max(middle(content[:mark] + content[mark + 2 + size :])) < 8


def test_cmyk_in_a_tiff_is_not_inverted() -> None:
    assert middle(encoded(plain("CMYK", (0, 255, 255, 0)), "TIFF")) == [255, 0, 0]


def test_lab_becomes_rgb() -> None:
    # sRGB red is L* 54.3, a* 80.8, b* 69.9 at D50; Pillow adds 128 to a* and b*.
    assert np.abs(np.subtract(middle(encoded(plain("LAB", (138, 209, 198)), "TIFF")), [255, 0, 0])).max() < 6


@pytest.mark.parametrize("colour", [(128, 128, 128), (200, 100, 50), (90, 160, 70), (20, 60, 200), (255, 255, 255)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_adobe_rgb_becomes_srgb(kind: str, colour: tuple[int, int, int]) -> None:
    linear = np.linalg.inv(SRGB_TO_D50) @ ADOBE_TO_D50 @ (np.array(colour) / 255) ** 2.19921875
    options = {"JPEG": {"quality": 100}, "WEBP": {"lossless": True}}.get(kind, {})
    found = middle(encoded(plain("RGB", colour), kind, icc_profile=adobe_rgb(), **options))
    assert np.abs(found - to_srgb(linear)).max() <= 4
    assert photograph(encoded(plain("RGB", colour), kind, icc_profile=adobe_rgb())).remarks == {}


def test_a_profile_holds_below_alpha_and_in_a_palette() -> None:
    opaque = middle(encoded(plain("RGB", (200, 100, 50)), "PNG", icc_profile=adobe_rgb()))
    assert opaque != [200, 100, 50]
    assert middle(encoded(plain("RGBA", (200, 100, 50, 255)), "PNG", icc_profile=adobe_rgb())) == opaque
    palette = plain("RGB", (200, 100, 50)).quantize(2)
    assert middle(encoded(palette, "PNG", icc_profile=adobe_rgb())) == opaque


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_holds_for_grey(mode: str) -> None:
    colour = 100 if mode == "L" else (100, 255)
    content = encoded(plain(mode, colour), "PNG", icc_profile=grey_profile(1.0))
    assert np.abs(middle(content) - to_srgb(np.full(3, 100 / 255))).max() <= 1
    assert photograph(content).remarks == {}


def test_srgb_changes_nothing_and_what_is_only_called_so_does() -> None:
    standard = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert middle(encoded(plain("RGB", (200, 100, 50)), "PNG", icc_profile=standard)) == [200, 100, 50]
    linear = encoded(plain("RGB", (200, 100, 50)), "PNG", icc_profile=srgb_profile("linear sRGB"))
    assert np.abs(middle(linear) - to_srgb(np.array([200, 100, 50]) / 255)).max() <= 1


@pytest.mark.parametrize(
    "damaged", [b"no profile", adobe_rgb()[:200], grey_profile(2.2), adobe_rgb()[:300] + bytes(300)]
)
def test_a_profile_that_cannot_be_used_is_remarked_on_and_ignored(damaged: bytes) -> None:
    content = encoded(plain("RGB", (200, 100, 50)), "PNG", icc_profile=damaged)
    assert photograph(content).remarks["colour profile"].startswith("colour profile ignored: ")
    assert middle(content) == [200, 100, 50]


def test_pillow_reads_the_profiles_made_here() -> None:
    for made in (adobe_rgb(), grey_profile(2.2), srgb_profile("x")):
        ImageCms.ImageCmsProfile(io.BytesIO(made))
