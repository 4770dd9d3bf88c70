"""What peers read: photographs and what loaders want made of them; a network's weights and its answers.

    python -m benchmarks.peers.material FOLDER '{"needs": ["photographs"], …}'

| path | what |
|---|---|
| `photographs/LABEL/N.EXT` | the photographs as they are |
| `jpegs/LABEL/N.jpg` | the same as 256×256 JPEGs of quality 90 |
| `archives/N.tar` | these, as webdataset wants them |
| `store/` | the same photographs as this project stores them |
| `large/0/N.jpg` | four of them at 4,000×3,000, with the grain of a camera |
| `reference.npz` | weights by `layer/variable`, pixels and their logits, images and their probabilities |
| `alexnet.onnx` | the network of the reference, exported |
"""

import io
import json
import sys
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from alexnet_pipe.datasets.directory import Directory
from alexnet_pipe.datasets.manifest import hashed
from alexnet_pipe.datasets.place import Container, Place, container_path
from alexnet_pipe.datasets.sample.sample_source import encode
from alexnet_pipe.datasets.sample.scene import CLASSES, draw_scene
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.store_writer import write_store
from alexnet_pipe.store.image_store import ImageStore

ARCHIVES = 4
LARGE = 4
SPREAD = 2.0
"""Standard deviation of the reference's logits, so that its probabilities are not all alike."""


def write(folder: Path, options: dict[str, Any]) -> None:
    """Write what is needed into the existing `folder`.

    Args:
        folder: Where to.
        options: `needs`: `photographs`, `large`, `reference` or `onnx`, or several; `pictures`, how many photographs at
            most; `photographs`, where they lie, or None to draw them; `width` and `classes` of the network.
    """
    if "photographs" in options["needs"]:
        write_photographs(folder, options["photographs"], options["pictures"])
    if "large" in options["needs"]:
        write_large(folder)
    if "reference" in options["needs"]:
        write_reference(folder, options["width"], options["classes"], "onnx" in options["needs"])


def write_photographs(folder: Path, location: str | None, pictures: int) -> None:
    """At most `pictures` photographs in all the forms above."""
    if location is None:
        location = str(folder / "drawn")
        draw(Path(location), pictures)
    source = folder / "source"
    source.mkdir()
    directory = Directory(location, copy=False)
    directory.fetch(source)
    manifest = hashed(directory.index(source), source).assign(split="train")
    manifest = manifest.sample(min(pictures, len(manifest)), random_state=0).sort_values(["container", "member"])
    kept = write_store(manifest, source, folder / "store", ResizeParams(), folder / "results").kept
    store = ImageStore.open(folder / "store", "train")
    for number, content in enumerate(_contents(source, kept)):
        suffix = Path(kept["member"].iloc[number]).suffix.lower() or ".jpg"
        _in_class(folder / "photographs", store, number, suffix).write_bytes(content)
        Image.fromarray(np.asarray(store[number])).save(_in_class(folder / "jpegs", store, number, ".jpg"), quality=90)
    write_archives(folder)


def draw(folder: Path, pictures: int) -> None:
    """The pictures of the sample, all as JPEGs, a folder a class."""
    for number in range(pictures):
        name = CLASSES[number % len(CLASSES)]
        generator = np.random.default_rng([number])
        suffix, content = encode(draw_scene(name, generator), "jpeg", generator)
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{number:06}{suffix}").write_bytes(content)


def write_archives(folder: Path) -> None:
    """The JPEGs and their labels, dealt out to several archives."""
    (folder / "archives").mkdir()
    paths = sorted((folder / "jpegs").glob("*/*"))
    for number in range(ARCHIVES):
        with tarfile.open(folder / "archives" / f"{number}.tar", "w") as archive:
            for path in paths[number::ARCHIVES]:
                _add(archive, path.name, path.read_bytes())
                _add(archive, f"{path.stem}.cls", str(int(path.parent.name)).encode())


def write_large(folder: Path) -> None:
    """As `benchmarks.preparation` makes them."""
    from benchmarks.preparation import enlarged

    (folder / "large/0").mkdir(parents=True)
    for number, path in enumerate(sorted((folder / "photographs").glob("*/*"))[:LARGE]):
        (folder / f"large/0/{number}.jpg").write_bytes(enlarged(path.read_bytes(), grain=4.0))


def write_reference(folder: Path, width: float, classes: int, onnx: bool) -> None:
    """A new network of the variant `paper`, and its answers, which are unlike each other."""
    from scipy.special import softmax

    from alexnet_pipe.exporting import Format
    from alexnet_pipe.exporting.write_export import of_all_contrasts, write_export
    from alexnet_pipe.model.classifier import Classifier

    model = Classifier([str(n) for n in range(classes)], width=width, initialisation="bvlc")
    model.mean.assign(mean := np.full(model.mean.shape, 128, np.float32))
    images = of_all_contrasts(mean)
    pixels = images[:, 14:241, 14:241].astype(np.float32) - 128
    last = model.network.get_layer("fc8")
    last.kernel.assign(last.kernel * (SPREAD / np.std(np.asarray(model.network(pixels)))))
    logits = np.asarray(model.network(pixels))
    weights: dict[str, Any] = {
        f"{layer.name}/{name}": np.asarray(getattr(layer, name))
        for layer in model.network.layers
        if layer.weights
        for name in ("kernel", "bias")
    }
    answers: dict[str, Any] = {
        "pixels": pixels,
        "logits": logits,
        "images": images,
        "probabilities": softmax(logits, axis=1),
    }
    np.savez(folder / "reference.npz", **answers, **weights)
    if onnx:
        write_export(model, Format.ONNX, folder / "alexnet.onnx")


def _contents(source: Path, rows: pd.DataFrame) -> Iterator[bytes]:
    fields = rows[["container", "member", *Place._fields]].itertuples(index=False, name=None)
    for name, members in groupby(fields, key=lambda row: row[0]):
        with Container(container_path(source, name)) as container:
            yield from (container.read(member, Place._make(place)) for _, member, *place in members)


def _in_class(folder: Path, store: ImageStore, number: int, suffix: str) -> Path:
    path = folder / f"{store.labels[number]:04}" / f"{number:06}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


if __name__ == "__main__":
    write(Path(sys.argv[1]), json.loads(sys.argv[2]))
