"""Of 40,000 mutated images none ends a decoder, none takes long or much, and hardly one is accepted that is damaged."""

import io
import logging
import random
import resource
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips
import simplejpeg
from PIL import Image

from alexnet_pipe.preparation import decoder_process
from alexnet_pipe.preparation.decode import RefusedError, decode
from tests.hostile.test_images import ORIGINALS, PARAMS, check_refusal
from tests.preparation.photographs import encoded, landscape

MUTANTS = 40_000

PHOTOGRAPHS = {
    "photograph as JPEG": encoded(landscape(96, 64), "JPEG"),
    "photograph as PNG": encoded(landscape(96, 64), "PNG"),
    "photograph as AVIF": encoded(landscape(96, 64), "AVIF"),
    "photograph as GIF": encoded(landscape(96, 64), "GIF"),
    "photograph as TIFF of a fax": encoded(landscape(96, 64).convert("1"), "TIFF", compression="group4"),
}
KINDS = {kind: content for kind, content in (ORIGINALS | PHOTOGRAPHS).items() if kind != "gzip"}


def mutant(content: bytes, generator: random.Random) -> bytes:
    """With up to four bytes changed; every second one with bytes missing, doubled, inserted, or cut off as well."""
    changed = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        changed[generator.randrange(len(changed))] ^= generator.randint(1, 255)
    first, second, size = (generator.randrange(len(changed)) for _ in range(3))
    piece = changed[second : second + min(size, 64)]
    forms: list[Callable[[], bytearray]] = [
        lambda: changed[:first] + changed[first + len(piece) :],
        lambda: changed[:first] + piece + changed[first:],
        lambda: changed[:first] + piece + changed[first + len(piece) :],
        lambda: changed[:first] + bytearray(generator.randbytes(4)) + changed[first:],
        lambda: changed[:first],
    ]
    return bytes(changed if generator.random() < 0.5 else generator.choice(forms)())


def by_jpeg(content: bytes) -> bool:
    try:
        simplejpeg.decode_jpeg(content, "GRAY")
    except ValueError as error:
        return "color" in str(error)  # Of CMYK.
    return True


def by_vips(content: bytes) -> bool:
    try:
        pyvips.Image.new_from_buffer(content, "", access="sequential", fail_on="warning").cast("uchar").avg()
    except pyvips.Error:
        return False
    return True


def by_opencv(content: bytes) -> bool:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED) is not None


STRICT = (by_jpeg, by_vips, by_opencv)


def worst_memory() -> float:
    """Of the decoder process, in MiB; 0 if there is none."""
    if not (process := decoder_process._decoder._process):
        return 0
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


@pytest.mark.long
def test_mutants_are_refused_or_whole(capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("pyvips").setLevel(logging.CRITICAL)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    strict = {kind: [reads for reads in STRICT if reads(content)] for kind, content in KINDS.items()}
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    seconds = memory = 0.0
    for number in range(MUTANTS):
        kind = list(KINDS)[number % len(KINDS)]
        content = mutant(KINDS[kind], random.Random(number))
        started = time.perf_counter()
        try:
            found = decode(content, PARAMS)
        except RefusedError as error:
            check_refusal(error)
            counts[kind]["refused"] += 1
            counts[kind]["ended"] += "its decoder ended" in error.detail
            continue
        finally:
            seconds, memory = max(seconds, time.perf_counter() - started), max(memory, worst_memory())
        counts[kind]["with a remark" if "JPEG" in found.remarks else "accepted"] += 1
        if "JPEG" not in found.remarks:
            counts[kind]["strictly refused"] += not all(reads(content) for reads in strict[kind])
    columns = ("accepted", "with a remark", "refused", "ended", "strictly refused")
    with capfd.disabled():
        print(f"\n{MUTANTS:,} mutants; at worst {seconds:.2f} s and {memory:.0f} MiB of the decoder process, ")
        print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB of the tests")
        print(f"{'':28}" + "".join(f"{name:>18}" for name in columns))
        for kind, count in counts.items():
            print(f"{kind:28}" + "".join(f"{count[name]:18,}" for name in columns))
    total = sum(counts.values(), Counter[str]())
    assert not total["ended"]
    assert memory < 600
    assert total["strictly refused"] <= 5 * MUTANTS / 10_000


def test_strict_decoders_are_strict() -> None:
    content = PHOTOGRAPHS["photograph as JPEG"]
    damaged = content[:-200] + bytes(100) + content[-100:]
    with Image.open(io.BytesIO(damaged)) as image:
        image.load()
    assert by_jpeg(content)
    assert not by_jpeg(damaged)
