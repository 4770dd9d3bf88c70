"""Loaders of 256×256 JPEGs besides torchvision's: grain and webdataset."""

import io
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.peers.program import Options, Work

WORKERS = 2
"""Processes, as torchvision's loader has."""


def grain(options: Options) -> Work:
    """grain, its transformations in processes or in threads: `folder`, `batch`, `batches`, `processes`."""
    import cv2
    from grain import python as pygrain

    cv2.setNumThreads(1)
    files = sorted(map(str, Path(options["folder"]).glob("*/*.jpg")))
    data = pygrain.MapDataset.source(files).seed(0).shuffle().repeat().random_map(_decoded_by_opencv)
    if options["processes"]:
        batches = data.to_iter_dataset(pygrain.ReadOptions(num_threads=1)).batch(options["batch"])
        batches = batches.mp_prefetch(pygrain.MultiprocessingOptions(num_workers=WORKERS))
        threads = f"{WORKERS} processes"
    else:
        batches = data.to_iter_dataset(pygrain.ReadOptions()).batch(options["batch"])
        threads = f"{pygrain.ReadOptions().num_threads} threads"
    return _taken(iter(batches), options, threads, ("grain", "opencv-python-headless"))


def _decoded_by_opencv(path: str, generator: np.random.Generator) -> Any:
    import cv2

    return _crop(cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB), generator)


def webdataset(options: Options) -> Work:
    """webdataset, from archives of JPEGs: `archives`, a pattern of paths; `batch`, `batches`."""
    import webdataset as web

    data = web.WebDataset(options["archives"], shardshuffle=100, seed=0, empty_check=False).shuffle(1000)
    data = data.repeat().to_tuple("jpg", "cls").map_tuple(_decoded_by_pillow, int).batched(options["batch"])
    batches = web.WebLoader(data, batch_size=None, num_workers=WORKERS)
    return _taken(iter(batches), options, f"{WORKERS} processes", ("webdataset", "pillow"))


def _decoded_by_pillow(content: bytes) -> Any:
    with Image.open(io.BytesIO(content)) as image:
        return _crop(np.asarray(image.convert("RGB")), np.random.default_rng())


def _crop(image: Any, generator: np.random.Generator) -> Any:
    row, column = generator.integers(0, 30, 2)
    crop = image[row : row + 227, column : column + 227]
    return np.ascontiguousarray(crop[:, ::-1] if generator.random() < 0.5 else crop)


def _taken(batches: Any, options: Options, threads: str, packages: tuple[str, ...]) -> Work:
    def repeat() -> int:
        taken = sum(1 for _ in islice(batches, options["batches"]))
        if taken < options["batches"]:
            raise ValueError(f"the loader ended after {taken} batches")
        return int(taken * options["batch"])

    return Work(repeat, threads, packages)
