"""What can be seen of a file that may be broken."""

import io
import warnings

from PIL import Image, ImageFile

from alexnet_pipe.preparation.formats import FORMATS
from alexnet_pipe.preparation.refusals import RefusedError

SMALL = 96
"""Height and width that a small picture has at most, in pixels."""


def glimpse_of(content: bytes, max_pixels: int) -> Image.Image:
    """A small RGB picture of what there is of the first frame. For a process that decodes nothing else meanwhile.

    Raises:
        RefusedError: "unreadable", and "too many pixels" if it has more than `max_pixels`.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > max_pixels:
                raise RefusedError("too many pixels", f"{image.width * image.height:,}")
            image.draft(None, (SMALL, SMALL))
            image.thumbnail((SMALL, SMALL))
            return image.convert("RGB")
    except (RefusedError, MemoryError):
        raise
    except Exception as error:
        raise RefusedError("unreadable", f"{type(error).__name__}: {error}") from None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
