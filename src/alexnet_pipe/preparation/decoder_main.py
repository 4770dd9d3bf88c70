"""What a decoder process does: it answers one question after another, until nobody asks, or one takes too much."""

import io
import json
import os
import resource
import signal
import sys
import warnings
from typing import Any, BinaryIO

import psutil
from PIL import Image, ImageFile

from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decoder_process import READY
from alexnet_pipe.preparation.formats import FORMATS, RefusedError
from alexnet_pipe.preparation.photograph import photograph

SMALL = 96
"""Height and width that a small picture has at most, in pixels."""

MEMORY = 540 << 20
"""Bytes of data; with the code of Python and its libraries, a process of less than 600 MiB."""

_IDLE = 128 << 20
"""Bytes of data between two questions: with all libraries, less than 100 MiB."""


def main() -> None:
    # Ctrl-C, which a terminal sends to all processes, is left to the one that asks.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What a library prints is no answer.
    answers.write(READY)
    answers.flush()
    while line := sys.stdin.buffer.readline():
        answer, pixels = _answer(json.loads(line), sys.stdin.buffer)
        # OpenJPEG keeps what it took for a file that it gives up, and the next file would lack it.
        last = getattr(psutil.Process().memory_info(), "data", 0) - len(pixels) > _IDLE
        answers.write(json.dumps({**answer, "bytes": len(pixels), "last": last}).encode() + b"\n" + pixels)
        answers.flush()
        if last:
            return


def _answer(question: dict[str, Any], contents: BinaryIO) -> tuple[dict[str, Any], bytes]:
    params = ResizeParams.model_validate(question["params"])
    # The default of SIGPROF is to end the process, whatever it does.
    signal.setitimer(signal.ITIMER_PROF, params.max_seconds)
    try:
        # What is read has no name here, so that it is gone when a cleaner file has been made of it.
        if question["task"] == "glimpse":
            image, rest = _seen(contents.read(question["bytes"]), params.max_pixels), {}
        else:
            image, (width, height), remarks = photograph(contents.read(question["bytes"]), params)
            rest = {"width": width, "height": height, "remarks": remarks}
        return {**rest, "shape": image.size}, image.tobytes()
    except RefusedError as error:
        return {"reason": error.reason, "detail": error.detail}, b""
    except MemoryError:
        return {"reason": "too much memory", "detail": f"decoding it takes more than {MEMORY >> 20} MiB"}, b""
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _seen(content: bytes, max_pixels: int) -> Image.Image:
    """A small RGB picture of what there is of the first frame of a file that may be broken."""
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


if __name__ == "__main__":
    main()
