"""Draw the whole sample data set into one archive."""

from concurrent.futures import as_completed
from functools import partial
from pathlib import Path

from alexnet_pipe.base.progress import progress
from alexnet_pipe.cluster.pool import process_pool
from alexnet_pipe.datasets.pack import Content, pack
from alexnet_pipe.datasets.sample.difficulty import SAMPLE, Difficulty
from alexnet_pipe.datasets.sample.encodings import TEST, TRAINING, File, broken_files, photograph
from alexnet_pipe.datasets.sample.scene import CLASSES

_IMAGES_A_TASK = 20


def write_sample(
    archive: Path, images_per_class: int = 240, test_share: float = 0.2, difficulty: Difficulty = SAMPLE
) -> None:
    """Draw the sample data set into the zip file `archive`, in the layout of Kaggle's cats and dogs.

    Each class has `images_per_class` photographs, the last `test_share` of them for testing and the others for
    training; eight files that must be refused come on top. The bytes depend on nothing but these arguments.
    """
    training = images_per_class - round(images_per_class * test_share)
    files: dict[str, bytes] = {}
    for (name, index), file in _drawn(images_per_class, difficulty).items():
        files[_member(TRAINING if index <= training else TEST, name, index, file)] = file[1]
    for split, name, file in broken_files():
        files[_member(split, name, images_per_class + 1, file)] = file[1]
    pack(archive, {member: Content(len(data), partial(iter, [data])) for member, data in files.items()})


def _member(split: str, name: str, index: int, file: File) -> str:
    return f"{split}/{split}/{name}/{name}.{index}{file[0]}"


def _drawn(images_per_class: int, difficulty: Difficulty) -> dict[tuple[str, int], File]:
    """All photographs by class and number, drawn by as many processes as there are processors."""
    starts = range(1, images_per_class + 1, _IMAGES_A_TASK)
    tasks = [(name, start, min(start + _IMAGES_A_TASK, images_per_class + 1)) for name in CLASSES for start in starts]
    files: dict[tuple[str, int], File] = {}
    with (
        process_pool(len(tasks)) as pool,
        progress("download", len(CLASSES) * images_per_class, "images drawn") as advance,
    ):
        for done in as_completed([pool.submit(_draw, *task, difficulty) for task in tasks]):
            files.update(done.result())
            advance(len(done.result()))
    return files


def _draw(name: str, start: int, stop: int, difficulty: Difficulty) -> dict[tuple[str, int], File]:
    return {(name, index): photograph(name, index, difficulty) for index in range(start, stop)}
