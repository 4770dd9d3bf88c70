"""Width, batch and epochs that suit a data set, a machine and the time that there is."""

from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import repeat
from typing import NamedTuple

import numpy as np

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.directory import Directory
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.load import Params
from alexnet_pipe.preparation.store_writer import PACE

WIDTHS = (1.0, 0.75, 0.5, 0.375, 0.25, 0.125)

GFLOP = (0.60, 3.53)
"""Of one image's step at full width: of conv1, which grows with the width, and of the rest, with its square."""

FORWARD = 1 / 3
"""The share of a step's arithmetic that a prediction takes."""

_REACHED = 0.45
"""Share of the rate of matmuls that training reaches; 0.76 of it were measured at full width, 0.40 at a quarter."""

_BFLOAT16 = 1.6
"""How much sooner a step is done in bfloat16 on a processor that has it; 1.62 and 2.30 were measured."""

_STARTS = 60.0
"""Seconds that the stages need to start, and the report to be made."""

_STEPS, _EPOCHS = 3000, 20
"""What training from scratch needs at least, whatever the size of the data set."""

_MOST = 90
"""Epochs of the paper."""


class Machine(NamedTuple):
    """
    Attributes:
        rate: GFLOP a second that a training step reaches here.
        bfloat16: Whether that is in bfloat16.
        processes: That resize side by side.
    """

    rate: float
    bfloat16: bool
    processes: int


class Photographs(NamedTuple):
    """How many of each: `training`, `validation` and `test` images, and `classes`."""

    training: int
    validation: int
    test: int
    classes: int


def fitted(params: Params, found: Photographs, machine: Machine, minutes: float) -> tuple[Params, str]:
    """`params` with the widest network that has time to learn, and what was chosen, in one line.

    Args:
        params: All that is not chosen here.
        found: The data set.
        machine: What it is trained on.
        minutes: For the whole pipeline.
    """
    left = minutes * 60 - _STARTS - sum(found[:3]) / (PACE * machine.processes)
    batch = 32 if found.training < 5000 else 64 if found.training < 50_000 else 128
    needed = max(_EPOCHS, ceil(_STEPS * batch / found.training))
    enough = [width for width in WIDTHS if needed <= _epochs(width, found, machine, left)]
    width = enough[0] if enough else WIDTHS[-1]
    epochs = min(_epochs(width, found, machine, left), max(needed, _MOST))
    if epochs < 1:
        raise UserError(f"--minutes {minutes:g}: too few for start, preparation and one epoch; name more")
    train = params.train.model_copy(
        update={
            "batch_size": batch,
            "max_epochs": epochs,
            "precision": "mixed_bfloat16" if machine.bfloat16 else "float32",
        }
    )
    chosen = (
        f"About {found.training:,} training images of {found.classes} classes, {minutes:g} minutes here: "
        f"width {width:g}, batches of {batch}, at most {epochs} epochs"
    )
    if not enough:
        chosen += f"; {needed} would be better: name more minutes"
    return params.model_copy(update={"model": params.model.model_copy(update={"width": width}), "train": train}), chosen


def photographs_of(dataset: DatasetParams) -> Photographs:
    """Count what the section `dataset` names, a folder, an archive or a list, without reading the photographs."""
    location, labels = dataset.location or "", dataset.labels
    try:
        rows = Directory(location, copy=False, labels=labels).index(Path())
    except UserError:  # Not readable in place.
        with TemporaryDirectory() as folder:
            source = Directory(location, copy=True, labels=labels)
            source.fetch(Path(folder))
            rows = source.index(Path(folder))
    counts = rows["split"].value_counts()
    training, validation, test = (int(counts.get(split, 0)) for split in ("train", "validation", "test"))
    if not test:
        test = round(training * dataset.test_share)
        training -= test
    if not validation:
        validation = round(training * dataset.validation_share)
        training -= validation
    return Photographs(training, validation, test, rows["label"].nunique())


def this_machine() -> Machine:
    """What large matmuls reach here; the fastest of many, because other programs may be at work now."""
    from dask.system import CPU_COUNT

    size = 512
    matrix = np.ones((size, size), np.float32)
    rate = 2 * size**3 / min(repeat(lambda: matrix @ matrix, number=1, repeat=150)) / 1e9
    bfloat16 = has_fast_bfloat16()
    return Machine(rate * _REACHED * (_BFLOAT16 if bfloat16 else 1), bfloat16, CPU_COUNT)


def _epochs(width: float, found: Photographs, machine: Machine, seconds: float) -> int:
    """How many epochs of a network of this width there is time for, when the ten views have been computed."""
    step = GFLOP[0] * width + GFLOP[1] * width**2
    left = seconds - 11 * found.test * step * FORWARD / machine.rate
    return int(left * machine.rate / (step * (found.training + FORWARD * found.validation)))


def has_fast_bfloat16() -> bool:
    """Whether it multiplies in bfloat16; elsewhere that is slower than float32."""
    flags = Path("/proc/cpuinfo")
    return flags.exists() and any(name in flags.read_text() for name in ("avx512_bf16", "amx_bf16"))
