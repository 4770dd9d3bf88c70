"""From photographs to statistics: resize, mean and pca beside plain loops."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from PIL import Image

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.cluster.connect import SCHEDULER, local_cluster
from alexnet_pipe.cluster.mapping import map_shards
from alexnet_pipe.datasets.place import Container, Place, container_path
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.decode import decode, resize
from alexnet_pipe.preparation.store_writer import write_store
from alexnet_pipe.stages.mean import image_sum
from alexnet_pipe.statistics.over_shards import StoredShard
from alexnet_pipe.statistics.pca import colour_products
from alexnet_pipe.store.image_store import ImageStore
from benchmarks.measure import Times, by_turns

WORKERS = 2
PHOTOGRAPHS = 4096
PASSES = 8


def show(artifacts: Artifacts, repeats: int) -> None:
    """All ratios, measured on the data set in `artifacts`."""
    with workers():
        _show_resize(artifacts, repeats)
        _show_statistics(artifacts, repeats)
    _show_large(artifacts, repeats)


@contextmanager
def workers() -> Iterator[list[psutil.Process]]:
    """Workers that are there already, so that their start is not counted."""
    with local_cluster(WORKERS) as cluster:
        os.environ[SCHEDULER] = cluster.scheduler_address
        try:
            yield [psutil.Process(worker.pid) for worker in cluster.workers.values()]
        finally:
            del os.environ[SCHEDULER]


def _show_resize(artifacts: Artifacts, repeats: int) -> None:
    manifest = pd.read_parquet(artifacts.manifest)
    manifest = manifest[manifest["split"] == "train"].head(PHOTOGRAPHS)
    contents = _contents(artifacts, manifest)

    def ours() -> None:
        with tempfile.TemporaryDirectory(dir=artifacts.root) as folder:
            write_store(manifest, artifacts.source, Path(folder) / "store", ResizeParams(), Path(folder))

    times = by_turns({"ours": ours, "plain": lambda: [_plain(content) for content in contents]}, repeats, warm_up=1)
    rates = {name: len(manifest) / value.median for name, value in times.items()}
    print(f"resize of {len(manifest):,} photographs, {WORKERS} workers; a plain loop of Pillow, one core")
    print(f"  {rates['ours']:,.0f} images/s; {rates['plain']:,.0f} images/s")
    print(f"  {'resize on 2 workers over a plain loop':44} {rates['ours'] / rates['plain']:.2f} (at least 1.7)")


def _plain(content: bytes) -> Image.Image:
    """Open, convert, resize, crop: what a user would write."""
    with Image.open(io.BytesIO(content)) as file:
        image = file.convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)
    left, top = (image.width - 256) // 2, (image.height - 256) // 2
    return image.crop((left, top, left + 256, top + 256))


def _contents(artifacts: Artifacts, manifest: pd.DataFrame) -> list[bytes]:
    rows = manifest[["member", *Place._fields]].itertuples(index=False, name=None)
    with Container(container_path(artifacts.source, manifest["container"].iloc[0])) as container:
        return [container.read(member, Place._make(place)) for member, *place in rows]


def _show_large(artifacts: Artifacts, repeats: int) -> None:
    """4,000×3,000 JPEGs: photographs enlarged, without and with the grain of a camera, which makes the files larger."""
    photographs = _contents(artifacts, pd.read_parquet(artifacts.manifest).head(4))
    for grain in (0.0, 4.0):
        contents = [enlarged(content, grain) for content in photographs]
        works = {
            "ours": lambda large=contents: [resize(decode(content, ResizeParams()).image, "crop") for content in large],
            "plain": lambda large=contents: [_plain(content) for content in large],
        }
        times = by_turns(works, repeats)
        size = np.mean([len(content) for content in contents]) / 1e6
        print(f"4,000×3,000 JPEGs of {size:.1f} MB, one core: {_each(times, len(contents))}")
        ratio = times["plain"].median / times["ours"].median
        print(f"  {f'resize over a plain loop, grain {grain:.0f}':44} {ratio:.1f} (at least 8)")
        off = np.mean([_difference(content) for content in contents])
        print(f"  {'difference from the full decode':44} {off:.2f} grey levels (at most 2)")


def enlarged(content: bytes, grain: float) -> bytes:
    """The photograph as a JPEG of 4,000×3,000, with the noise of a camera of `grain` grey levels."""
    with Image.open(io.BytesIO(content)) as file:
        image = np.asarray(file.convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC), np.int16)
    noise = np.random.default_rng(0).normal(0, grain, (*image.shape[:2], 1)).astype(np.int16)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(image + noise, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _difference(content: bytes) -> float:
    ours = resize(decode(content, ResizeParams()).image, "crop").astype(int)
    return float(np.abs(ours - np.asarray(_plain(content)).astype(int)).mean())


def _each(times: dict[str, Times], images: int) -> str:
    return ", ".join(f"{name} {1000 * value.median / images:.0f} ms an image" for name, value in times.items())


def _show_statistics(artifacts: Artifacts, repeats: int) -> None:
    files = ImageStore.open(artifacts.images, "train").files(artifacts.images)
    with tempfile.TemporaryDirectory(dir=artifacts.root) as folder:
        works = _linked(files, Path(folder))
        _show_sums(works, repeats)


def _linked(files: list[tuple[Path, int]], folder: Path) -> list[StoredShard]:
    """The same shards several times under other names, so that there is enough to do."""
    works = []
    for turn in range(PASSES):
        for path, images in files:
            link = folder / f"{turn}-{path.name}"
            link.hardlink_to(path.resolve())
            works.append(StoredShard(link.resolve(), images))
    return works


def _show_sums(works: list[StoredShard], repeats: int) -> None:
    size = sum(work.path.stat().st_size for work in works) / 1e9
    one = max(works, key=lambda work: work.images).path

    def over_all(function: object) -> None:
        with tempfile.TemporaryDirectory(dir=one.parent) as folder:
            list(map_shards("statistics", function, works, Path(folder)))  # type: ignore[arg-type]

    times = by_turns(
        {
            "mean": lambda: over_all(image_sum),
            "pca": lambda: over_all(colour_products),
            "sum": lambda: np.load(one, mmap_mode="r").sum(),
        },
        repeats,
        warm_up=1,
    )
    plain = one.stat().st_size / 1e9 / times["sum"].median
    print(
        f"statistics of {size:.2f} GB in {len(works)} shards, {WORKERS} workers; NumPy sums a shard at {plain:.2f} GB/s"
    )
    for name in ("mean", "pca"):
        rate = size / times[name].median
        print(f"  {f'{name}, {rate:.2f} GB/s, over the sum':44} {rate / plain:.2f}")
    together = 2 * size / (times["mean"].median + times["pca"].median)
    print(f"  {f'both together, {together:.2f} GB/s, over the sum':44} {together / plain:.2f} (at least 1)")
