"""Whatever happens to the bytes of a photograph, it is refused with a reason, or becomes what is in these bytes."""

import gzip
import io
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import RefusedError, decode
from tests.hostile.mutations import Mutation, mutations
from tests.preparation.photographs import KINDS, encoded, noise, of_kind
from tests.preparation.tiffs import tiff

PARAMS = ResizeParams(max_pixels=1 << 20)
REASONS = {
    *("empty", "not an image", "unsupported", "truncated", "damaged", "unreadable"),
    *("too small", "too many pixels", "too many bytes", "too much memory", "took too long"),
}


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def _originals() -> dict[str, bytes]:
    pixels, profile = noise(36, 24, 4), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    colours, alpha = Image.fromarray(pixels[..., :3]), Image.fromarray(pixels)
    frames = {"save_all": True, "append_images": [colours.rotate(180)]}
    return {kind: of_kind(kind, colours) for kind in KINDS} | {
        "JPEG with EXIF and profile": encoded(colours, "JPEG", exif=_exif(6), icc_profile=profile),
        "grey JPEG": encoded(colours.convert("L"), "JPEG"),
        "CMYK JPEG": encoded(colours.convert("CMYK"), "JPEG"),
        "MPO": encoded(colours, "MPO", **frames),
        "PNG with EXIF and profile": encoded(colours, "PNG", exif=_exif(8), icc_profile=profile),
        "PNG with alpha": encoded(alpha, "PNG"),
        "PNG of a palette": encoded(colours.quantize(16), "PNG", transparency=3),
        "PNG of 16 bits": encoded(Image.fromarray(pixels[..., 0] * np.uint16(257)), "PNG"),
        "animated PNG": encoded(colours, "PNG", **frames),
        "animated GIF": encoded(colours, "GIF", **frames),
        "animated WebP": encoded(colours, "WEBP", **frames),
        "TIFF of floats": encoded(Image.fromarray(pixels[..., 0].astype(np.float32)), "TIFF"),
        "TIFF of CMYK": encoded(colours.convert("CMYK"), "TIFF", compression="tiff_lzw"),
        "TIFF of a fax": encoded(colours.convert("1"), "TIFF", compression="group4"),
        "TIFF of runs": encoded(colours.quantize(4).convert("RGB"), "TIFF", compression="packbits"),
        "TIFF in planes": tiff(pixels[..., :3], planes=True),
        "TIFF of two pages": encoded(alpha, "TIFF", save_all=True, append_images=[alpha.rotate(180)]),
        "lossy JPEG 2000": encoded(colours, "JPEG2000", irreversible=True, quality_layers=[20]),
        "TIFF of JPEG": encoded(colours, "TIFF", compression="jpeg", exif=_exif(5)),
        "gzip": gzip.compress(of_kind("PNG", colours), mtime=0),
    }


ORIGINALS = _originals()


def plainly_decoded(content: bytes) -> np.ndarray | None:
    """What Pillow alone makes of a file without alpha, profiles and unusual modes; None for others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            unusual = image.has_transparency_data or "icc_profile" in image.info or image.mode not in ("RGB", "L", "P")
            return None if unusual else np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def check_refusal(error: RefusedError) -> None:
    assert error.reason in REASONS
    assert len(str(error).splitlines()) == 1
    assert " at 0x" not in str(error)


def outcome(content: bytes) -> tuple[str, np.ndarray | None]:
    """The reason why a file is refused, or its pixels."""
    try:
        photograph = decode(content, PARAMS)
    except RefusedError as error:
        check_refusal(error)
        return str(error), None
    pixels = np.asarray(photograph.image)
    assert pixels.dtype == np.uint8
    assert pixels.shape[2:] == (3,)
    assert PARAMS.min_side <= min(photograph.size)
    assert np.prod(photograph.size) <= PARAMS.max_pixels
    if min(photograph.size) < 512:
        assert pixels.shape[1::-1] == photograph.size
    return "", pixels


@pytest.mark.parametrize("kind", sorted(ORIGINALS))
def test_every_original_is_accepted(kind: str) -> None:
    assert outcome(ORIGINALS[kind])[1] is not None


@given(st.sampled_from(sorted(ORIGINALS)), mutations)
def test_a_mutated_image_is_refused_or_is_what_its_bytes_say(kind: str, mutation: Mutation) -> None:
    content = mutation(ORIGINALS[kind])
    reason, pixels = outcome(content)
    again = outcome(content)
    assert reason == again[0]
    if pixels is not None:
        np.testing.assert_array_equal(pixels, again[1])
    if pixels is not None and min(pixels.shape[:2]) < 256 and kind != "gzip":
        expected = plainly_decoded(content)
        assert expected is None or np.array_equal(pixels, expected)
