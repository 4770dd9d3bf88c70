"""Large photographs are shrunk while they are decoded: nearly the same picture, for less time and memory."""

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from alexnet_pipe.preparation.decode import resize
from tests.preparation.photographs import KINDS, decoded, encoded, landscape, of_kind, photograph


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"GIF"}))
def test_large_photographs_of_all_kinds_are_close_to_the_full_decode(kind: str) -> None:
    content = of_kind(kind, landscape(1100, 1040))
    assert_close_to_the_full_decode(content)


@pytest.mark.parametrize("quality", [75, 90])
def test_a_jpeg_of_twelve_megapixels_is_close_to_the_full_decode(quality: int) -> None:
    assert_close_to_the_full_decode(encoded(landscape(4000, 3000), "JPEG", quality=quality))


def assert_close_to_the_full_decode(content: bytes) -> None:
    with Image.open(io.BytesIO(content)) as image:
        expected = resize(image.convert("RGB"), "crop").astype(int)
        size = image.size
    shrunk = photograph(content)
    assert shrunk.size == size
    assert min(shrunk.image.size) < 1024
    difference = np.abs(resize(shrunk.image, "crop") - expected)
    assert difference.mean() < 2


@pytest.mark.parametrize("size", [(2000, 1537), (1030, 1201), (5000, 300)])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16", "F", "CMYK"])
def test_bands_give_what_the_whole_image_gives(mode: str, size: tuple[int, int]) -> None:
    picture = landscape(*size)
    if mode in ("I;16", "F"):
        grey = np.asarray(picture.convert("L"))
        content = encoded(Image.fromarray(grey * np.uint16(257) if mode == "I;16" else grey / np.float32(255)), "TIFF")
        whole = Image.fromarray(grey).convert("RGB")
    else:
        image = picture.convert(mode)
        if mode in ("RGBA", "LA"):
            image.putalpha(picture.getchannel("R").transpose(Image.Transpose.ROTATE_180))
        content = encoded(
            image, "TIFF" if mode == "CMYK" else "PNG", **({} if mode == "CMYK" else {"compress_level": 1})
        )
        white = Image.new("RGBA", size, "white")
        whole = (Image.alpha_composite(white, image.convert("RGBA")) if "A" in mode else image).convert("RGB")
    factor = max(1, min(size) // 512)
    difference = np.abs(decoded(content) - np.asarray(whole.reduce(factor)))
    assert difference.max() <= 2


_MEASURED = """
import sys
import pandas, pyarrow.parquet
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation import decoder_process
from alexnet_pipe.preparation.store_writer import decode, resize
content = open(sys.argv[1], "rb").read()
photograph = decode(content, ResizeParams(max_pixels=1 << 26))
resize(photograph.image, "crop")
# What getrusage calls the peak is also that of the process which started this one.
decoder = decoder_process._decoder._process
peaks = [
    int(line.split()[1]) // 1024
    for process in ("self", decoder.pid)
    for line in open(f"/proc/{process}/status")
    if line.startswith("VmHWM")
]
print(max(peaks), *photograph.size)
"""


@pytest.mark.slow
def test_a_png_of_sixty_megapixels_with_alpha_needs_little_more_than_its_pixels(tmp_path: Any) -> None:
    # 229 MiB of pixels; a worker has Python, NumPy and pandas beside them.
    tile = landscape(500, 375).convert("RGBA")
    tile.putalpha(landscape(500, 375).convert("L"))
    image = Image.new("RGBA", (9000, 6667))
    for place in range(18 * 18):
        image.paste(tile, (place % 18 * 500, place // 18 * 375))
    image.save(tmp_path / "large.png", compress_level=1)
    script = [sys.executable, "-c", _MEASURED, str(tmp_path / "large.png")]
    measured = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    mebibytes, *size = map(int, measured.split())
    assert size == [9000, 6667]
    assert mebibytes < 600
