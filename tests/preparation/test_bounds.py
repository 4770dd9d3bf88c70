"""No file takes more memory or time than it may, and one that would is a refusal like any other."""

import io
import os
import struct
import subprocess
import sys
import threading

import numpy as np
import psutil
import pytest
from PIL import Image

from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation import decoder_process, formats
from alexnet_pipe.preparation.decode import RefusedError, decode
from alexnet_pipe.preparation.jpeg_file import MOST_SCANS
from alexnet_pipe.preparation.png_file import MOST_CHUNKS
from tests.preparation.photographs import decoded, encoded, landscape, noise
from tests.preparation.test_damage import chunk, refusal, with_chunks

PICTURE = landscape(96, 64)


PEAK = """
import resource, sys
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation import decode, decoder_process
try:
    decode.decode(sys.stdin.buffer.read(), ResizeParams())
except decode.RefusedError as refused:
    print(refused.reason)
decoder_process._decoder.close()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_is_not() -> None:
    slow = encoded(landscape(1100, 1040), "GIF")
    assert refusal(slow, max_seconds=0.02) == "took too long: more than resize.max_seconds = 0.02"
    assert decoded(encoded(PICTURE, "BMP")).shape == (64, 96, 3)


def hungry(precinct: int) -> bytes:
    """A few hundred bytes that make a decoder build trees of gigabytes."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(
        buffer, "JPEG2000", no_jp2=True, precinct_size=(precinct,) * 2, codeblock_size=(4, 4), num_resolutions=5
    )
    content = bytearray(buffer.getvalue())
    size = content.index(b"\xff\x51")
    for at in (size + 6, size + 22):
        struct.pack_into(">II", content, at, 7200, 7200)
    return bytes(content)


def test_a_file_that_takes_too_much_memory_is_refused() -> None:
    run = subprocess.run([sys.executable, "-c", PEAK], input=hungry(16), capture_output=True, check=True)
    reason, peak = run.stdout.decode().splitlines()
    assert reason in ("unreadable", "too much memory")
    assert int(peak) < 600


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much data a process has")
def test_the_next_file_lacks_nothing_that_a_library_kept_for_the_last_one() -> None:
    decoder_process._decoder.close()
    refusal(hungry(32))
    process = decoder_process._decoder._process
    assert process is None or psutil.Process(process.pid).memory_info().data < 128 << 20
    assert decoded(encoded(PICTURE, "TIFF")).shape == (64, 96, 3)


def test_a_decoder_that_was_ended_while_it_waited_is_replaced() -> None:
    content = encoded(PICTURE, "BMP")
    expected = decoded(content)
    process = decoder_process._decoder._process
    assert process
    process.kill()
    process.wait()
    np.testing.assert_array_equal(decoded(content), expected)


def test_threads_share_the_decoder() -> None:
    pictures = [Image.fromarray(noise(20 + n, 30, 3)) for n in range(8)]
    found: dict[int, np.ndarray] = {}

    def look(number: int) -> None:
        found[number] = decoded(encoded(pictures[number], "BMP"))

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, picture in enumerate(pictures):
        np.testing.assert_array_equal(found[number], np.asarray(picture))


def test_a_forked_process_has_a_decoder_of_its_own() -> None:
    content = encoded(PICTURE, "BMP")
    decoded(content)
    mine = decoder_process._decoder._process
    child = os.fork()
    if not child:
        os._exit(0 if decoder_process._decoder._process is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert decoded(content).shape == (64, 96, 3)
    assert decoder_process._decoder._process is mine


def test_scans_of_a_jpeg_are_counted_but_not_those_behind_it() -> None:
    content = encoded(PICTURE, "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    many = content[:last] + content[last:-2] * MOST_SCANS + content[-2:]
    assert refusal(many) == f"unreadable: more than {MOST_SCANS} scans"
    np.testing.assert_array_equal(decoded(content + b"\xff\xda" * 2 * MOST_SCANS), decoded(content))


def test_segments_and_chunks_are_counted() -> None:
    jpeg = encoded(PICTURE, "JPEG")
    comment = b"\xff\xfe\0\2"
    np.testing.assert_array_equal(decoded(jpeg[:2] + comment * 9000 + jpeg[2:]), decoded(jpeg))
    assert refusal(jpeg[:2] + comment * 10_001 + jpeg[2:]) == "unreadable: its header has more than 10,000 segments"
    png = encoded(PICTURE, "PNG")
    many = with_chunks(png, chunk(b"teSt", b"") * MOST_CHUNKS)
    assert refusal(many) == f"unreadable: more than {MOST_CHUNKS:,} chunks"


def test_large_files_are_refused_before_they_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MOST_BYTES", 1000)
    with pytest.raises(RefusedError, match="too many bytes: 1,001, more than 1,000"):
        decode(bytes(1001), ResizeParams())


def test_a_jpeg_2000_is_halved_while_it_is_decoded() -> None:
    content = encoded(landscape(1100, 1040), "JPEG2000")
    # Four times the memory of others for each pixel that is decoded, of which there are a quarter.
    assert decode(content, ResizeParams(max_pixels=1100 * 1040)).size == (1100, 1040)
    assert refusal(content, max_pixels=1100 * 1039).startswith("too many pixels")


def test_a_portable_pixmap_begins_with_its_sizes() -> None:
    pixels = noise(30, 20, 3)
    rest = b"30 20\n255\n" + pixels.tobytes()
    np.testing.assert_array_equal(decoded(b"P6\n# a comment\n" + rest), pixels)
    assert refusal(b"P6\n" + b"#\n" * (1 << 15) + rest).startswith("unreadable: its header is damaged: no size")
