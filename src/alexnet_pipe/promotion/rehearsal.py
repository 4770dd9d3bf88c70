"""A candidate is loaded and asked as it will be served, in a process of its own, before it becomes the champion."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.project.checkout import Checkout, call, digests, locked_stages
from alexnet_pipe.project.damage import md5_of
from alexnet_pipe.promotion.contest import REHEARSE
from alexnet_pipe.promotion.decision import Decision, Verdict

TOLERANCE = 1e-3
"""How far a probability may be from that of the evaluation, which another library has computed."""


class Seen(NamedTuple):
    """What the process has seen.

    Attributes:
        places: The test images that were asked for, as rows of the evaluation's table.
        shares: Of each of them the probability of every class, from ten views.
        start: Seconds from the start of the process to the first answer.
        each: Seconds that a further image takes, from ten views: the median.
        memory: MiB, at most.
    """

    places: list[int]
    shares: list[list[float]]
    start: float
    each: float
    memory: float


def rehearsed(copy: Checkout, decision: Decision, promotion: PromotionParams) -> Decision:
    """`decision`, or if that is to promote the candidate in `copy` and it fails its rehearsal, to refuse it."""
    if decision.verdict is Verdict.PROMOTED and (reason := failure(copy, promotion)):
        return replace(decision, verdict=Verdict.REFUSED, reason=reason, remedy="")
    return decision


def failure(copy: Checkout, promotion: PromotionParams) -> str | None:
    """Why the candidate in `copy`, in which all stages have run, cannot be served, in one line; nothing if it can."""
    artifacts = Artifacts(copy.root)
    model = artifacts.model
    if md5_of(model) != digests(locked_stages(copy))[str(model.relative_to(copy.root))]:
        return f"{model.name} has other bytes than its training has left"
    try:
        seen = _asked(copy, model)
    except UserError as error:
        return f"{model.name} does not answer in a process of its own: {error}"
    return _difference(artifacts, seen) or _beyond(seen, promotion)


def _asked(copy: Checkout, model: Path) -> Seen:
    with TemporaryDirectory() as folder:
        served, file = Path(folder, model.name), Path(folder, "seen.json")
        shutil.copyfile(model, served)
        command = [sys.executable, "-m", "alexnet_pipe.promotion.retest", REHEARSE, str(served), str(file)]
        done = call(copy, command, {"PYTHONPATH": "src"})
        if done.returncode != 0:
            raise UserError((done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1])
        return Seen(**load_json(file))


def _difference(artifacts: Artifacts, seen: Seen) -> str | None:
    rows = pd.read_parquet(artifacts.predictions, columns=["top5_ten_view", "top5_probability_ten_view"])
    rows = rows.iloc[seen.places]
    differences = [
        abs(shares[label] - expected)
        for shares, labels, probabilities in zip(seen.shares, *(rows[name] for name in rows), strict=True)
        for label, expected in zip(labels, probabilities, strict=True)
    ]
    if all(difference <= TOLERANCE for difference in differences):
        return None
    return f"its probabilities are up to {max(differences):.2g} from those of its evaluation, more than {TOLERANCE:g}"


def _beyond(seen: Seen, promotion: PromotionParams) -> str | None:
    limits = {
        "max_start_seconds": (seen.start, promotion.max_start_seconds, "its first answer takes {:.3g} s"),
        "max_answer_seconds": (seen.each, promotion.max_answer_seconds, "an answer takes {:.3g} s"),
        "max_memory_mib": (seen.memory, promotion.max_memory_mib, "it takes {:,.0f} MiB of memory"),
    }
    for name, (found, limit, told) in limits.items():
        if limit is not None and found > limit:
            return f"{told.format(found)}, more than promotion.{name} ({limit:g})"
    return None
