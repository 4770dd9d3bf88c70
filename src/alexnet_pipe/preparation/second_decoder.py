"""What Pillow's decoders of AVIF and TIFF do not tell: libvips stops at what they only warn of.

Pillow decodes AVIF with dav1d, which takes damaged files for others, and silences libtiff.
"""

from alexnet_pipe.preparation.formats import ends_early
from alexnet_pipe.preparation.refusals import RefusedError


def require_undamaged(content: bytes) -> None:
    """Decode it once more, strictly.

    Raises:
        RefusedError: "damaged", or "truncated" if it should go on.
    """
    import pyvips  # Only a decoder process needs it.

    try:
        picture = pyvips.Image.new_from_buffer(content, "", access="sequential", fail_on="warning")
        pixels = picture.LabQ2Lab() if picture.coding == "labq" else picture
        pixels.cast("uchar").avg()  # So all of them are made, and none is kept.
    except pyvips.Error as error:
        said = " ".join(line for line in str(error).splitlines()[1:2] if line.strip())
        if "memory" in said:
            raise MemoryError from None
        if ends_early(content):
            raise RefusedError("truncated", f"{len(content):,} bytes are not all of it") from None
        raise RefusedError("damaged", said or "its decoder warns of damage") from None
