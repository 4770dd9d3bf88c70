"""How often a promotion's gates refuse a model that deserves no refusal, and one that does: planted truths, many times.

    python -m benchmarks.gates --runs 200

A test set has so many classes with so many images each, and four properties that have nothing to do with them. The
champion is wrong on a tenth of every class. The challenger keeps nine in ten of those mistakes, or fewer where it is
better, and is wrong on some that the champion has right; on the last class it may be wrong on more.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from alexnet_pipe.params.promotion import PromotionParams
from alexnet_pipe.promotion.gates import lost_slice, low_recall

WRONG = 0.1
"""The champion's share, in each class."""

SIZES = ((10, 48), (10, 100), (50, 50), (2, 500))
"""Classes, and test images of each."""

Contested = Callable[[np.random.Generator], pd.DataFrame]


def contested(classes: int, images: int, better: float = 0.0, ruined: float = 0.0) -> Contested:
    """Draws what `Contest.images` has.

    Args:
        classes: How many.
        images: Of each.
        better: What share of its errors the challenger has lost, in all classes but the last.
        ruined: By how much its error on the last class is above the champion's.
    """

    def draw(random: np.random.Generator) -> pd.DataFrame:
        total = classes * images
        label = np.repeat(np.arange(classes), images)
        first, last = random.random(total) < WRONG, label == classes - 1
        kept = np.where(last & (ruined > 0), 1.0, 0.9 * (1 - better))
        new = np.where(last & (ruined > 0), ruined / (1 - WRONG), 0.1 * (1 - better) * WRONG / (1 - WRONG))
        second = random.random(total) < np.where(first, kept, new)
        side = random.integers(100, 900, (2, total))
        looks = {"width": side[0], "height": side[1]}
        looks |= {name: random.normal(100, 30, total) for name in ("brightness", "sharpness")}
        names = [f"{n:03}" for n in range(classes)]
        table = pd.DataFrame({"actual": np.array(names)[label], "first": first, "second": second, **looks})
        return table.assign(predicted=table["actual"].where(~table["second"], "another"))

    return draw


def refusals(draw: Contested, promotion: PromotionParams, runs: int, seed: int = 2012) -> list[str]:
    """The reasons of those of `runs` contests in which a gate has refused."""
    random = np.random.default_rng(seed)
    tables = (draw(random) for _ in range(runs))
    return [reason for table in tables if (reason := low_recall(table, promotion) or lost_slice(table, promotion))]


def _rows(runs: int) -> Iterator[tuple[str, int, int, float]]:
    for classes, images in SIZES:
        for bound in (0.0, 0.05):
            losses = PromotionParams(max_slice_loss=bound)
            truths = {"no class differs": {}, "a third better": {"better": 1 / 3}}
            truths |= {
                f"better, the last class +{100 * more:.0f} points": {"better": 1 / 3, "ruined": more}
                for more in (bound, 0.1, 0.2, 0.3)
                if more
            }
            for name, truth in truths.items():
                share = len(refusals(contested(classes, images, **truth), losses, runs)) / runs
                yield f"max_slice_loss {bound:g}: {name}", classes, images, share
        recalls = PromotionParams(min_class_recall=1 - WRONG)
        for less in (0.0, 0.1, 0.2, 0.3):
            share = len(refusals(contested(classes, images, ruined=less), recalls, runs)) / runs
            yield (
                f"min_class_recall {1 - WRONG:g}: the last class {100 * less:.0f} points below",
                classes,
                images,
                share,
            )


def show(runs: int) -> None:
    """A line a truth: how often it is refused."""
    for name, classes, images, share in _rows(runs):
        print(f"{name:70} {classes:4} x {images:3}  {share:6.1%}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    show(parser.parse_args().runs)
