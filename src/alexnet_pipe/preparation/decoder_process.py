"""A process that decodes for this one, and may need no more than so much memory and time; it is replaced if it ends."""

import atexit
import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import suppress
from typing import Any, BinaryIO

import psutil
from PIL import Image, ImageFile

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.formats import FORMATS, RefusedError
from alexnet_pipe.preparation.photograph import photograph

_MODULE = "alexnet_pipe.preparation.decoder_process"

_READY = b"ready\n"
"""What it says first."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1", "MALLOC_ARENA_MAX": "1"}
"""So that memory is used for pixels, and time is the same on every machine."""


def in_decoder_process(task: str, content: bytes, params: ResizeParams) -> tuple[Image.Image, dict[str, Any]]:
    """What the process answers: an RGB image, and the rest.

    Raises:
        RefusedError: if it refuses the file, or ends.
    """
    return _decoder.ask(task, content, params)


class _DecoderProcess:
    """Started by the first question, it ends with this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self.forget)

    def ask(self, task: str, content: bytes, params: ResizeParams) -> tuple[Image.Image, dict[str, Any]]:
        with self._lock:
            try:
                answer, pixels = self._asked(task, content, params)
                if answer["last"]:
                    self._status()
            except (BrokenPipeError, EOFError):
                raise _ended(self._status(), params) from None
            except BaseException:
                self.close()  # Whatever it would still answer is no answer to the next question.
                raise
        if "reason" in answer:
            raise RefusedError(answer["reason"], answer["detail"])
        return Image.frombytes("RGB", tuple(answer["shape"]), pixels), answer

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._status()

    def forget(self) -> None:
        """In a process that was forked: the decoder is its parent's."""
        self._lock = threading.Lock()
        if self._process and self._process.stdin and self._process.stdout:
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.returncode = 0
        self._process = None

    def _status(self) -> int:
        """The exit status of the process, which has ended or is about to."""
        assert self._process
        process, self._process = self._process, None
        # What was not written cannot be written any more.
        with suppress(BrokenPipeError), process:
            pass
        return process.wait()

    def _asked(self, task: str, content: bytes, params: ResizeParams) -> tuple[dict[str, Any], bytes]:
        if self._process and self._process.poll() is not None:
            self._status()  # It was ended while it had nothing to do.
        self._process = self._process or _started()
        question, answers = self._process.stdin, self._process.stdout
        assert question
        assert answers
        header = {"task": task, "bytes": len(content), "params": params.model_dump()}
        question.write(json.dumps(header).encode() + b"\n")
        question.write(content)
        question.flush()
        answer = json.loads(answers.readline() or "null")
        if answer is None:
            raise EOFError
        pixels = answers.read(answer["bytes"])
        if len(pixels) != answer["bytes"]:
            raise EOFError
        return answer, pixels


def _started() -> subprocess.Popen[bytes]:
    """A process that is ready.

    Raises:
        UserError: if it does not get ready, which is no photograph's fault.
    """
    # Decoders in C print what they think of a file.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ONE_THREAD},
    )
    assert process.stdout
    if process.stdout.readline() != _READY:
        with process:
            process.kill()
        raise UserError(
            f"no decoder process starts: see what `{sys.executable} -m {_MODULE}` says, or run `make setup`"
        )
    return process


def _ended(status: int, params: ResizeParams) -> RefusedError:
    if status == -signal.SIGPROF:
        return RefusedError("took too long", f"more than resize.max_seconds = {params.max_seconds:g}")
    if status == -signal.SIGKILL:
        return RefusedError("too much memory", "its decoder was killed")
    return RefusedError("unreadable", f"its decoder ended with status {status}")


_decoder = _DecoderProcess()


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
    answers.write(_READY)
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
