"""What grows with the data and what does not: a worker's memory, and time."""

import io
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.stages import download, resize
from benchmarks.preparation import workers

SMALL, MANY = 10_000, 100_000
LARGE: tuple[tuple[str, str, tuple[int, int], dict[str, Any]], ...] = (
    ("RGBA", "PNG", (8000, 6500), {"compress_level": 1}),
    ("I;16", "PNG", (8000, 6500), {"compress_level": 1}),
    ("RGB", "JPEG", (8000, 6500), {"progressive": True}),
    ("RGB", "JPEG", (52000, 1000), {}),
    ("CMYK", "TIFF", (8000, 6500), {"compression": "tiff_lzw", "tiffinfo": {274: 6}}),
    ("F", "TIFF", (8000, 6500), {}),
    ("RGB", "WEBP", (5100, 5100), {"quality": 50, "method": 0}),
    ("RGB", "AVIF", (5100, 5100), {"speed": 10}),
)
"""Mode, format, size and options of some of the largest photographs that are accepted."""


def show(artifacts: Artifacts) -> None:
    """Memory on the photographs of `artifacts` and some of the largest that are accepted; time on generated ones."""
    with workers() as processes:
        _show_memory(artifacts, processes)
    _show_growth()


def _show_memory(artifacts: Artifacts, processes: list[psutil.Process]) -> None:
    with tempfile.TemporaryDirectory(dir=artifacts.root) as folder:
        large = Artifacts(Path(folder))
        with zipfile.ZipFile(large.root / "large.zip", "w") as archive:
            for number, kind in enumerate(LARGE):
                for label in "ab":
                    archive.writestr(
                        f"{label}/{number}", _large(*kind, turn=90 * number + (180 if label == "b" else 0))
                    )
        download.run(large, DatasetParams(source="directory", location=str(large.root / "large.zip")))
        resize.run(large, ResizeParams())
    peak = max(_peak(process) for process in processes)
    formats = ", ".join(sorted({f"{mode} {kind}" for mode, kind, _, _ in LARGE}))
    print(f"memory of a worker, photographs of up to 52 megapixels among them: {formats}")
    print(f"  {'peak of the larger worker':44} {peak / 2**20:,.0f} MiB (at most 600)")


def _large(mode: str, kind: str, size: tuple[int, int], options: dict[str, Any], turn: int) -> bytes:
    image = Image.linear_gradient("L").rotate(turn).resize(size)
    buffer = io.BytesIO()
    (image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode)).save(buffer, kind, **options)
    return buffer.getvalue()


def _peak(process: psutil.Process) -> int:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


def _show_growth() -> None:
    few, many = _prepare(SMALL), _prepare(MANY)
    print(f"download and resize of one archive: {SMALL:,} images {few:.1f} s, {MANY:,} images {many:.1f} s")
    print(f"  {'ten times the images, time':44} {many / few:.1f} (at most 10.5)")


def _prepare(count: int) -> float:
    """Seconds of both stages on `count` small images in one zip archive."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        artifacts = Artifacts(Path(folder))
        archive = artifacts.root / "small.zip"
        generator = np.random.default_rng(0)
        with zipfile.ZipFile(archive, "w") as target:
            for number in range(count):
                buffer = io.BytesIO()
                Image.fromarray(generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(buffer, "JPEG")
                target.writestr(f"{number % 10}/{number}.jpg", buffer.getvalue())
        started = time.perf_counter()
        download.run(artifacts, DatasetParams(source="directory", location=str(archive)))
        resize.run(artifacts, ResizeParams())
        return time.perf_counter() - started
