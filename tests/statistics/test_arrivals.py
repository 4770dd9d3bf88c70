"""Alarms are as rare as they are said to be where nothing has changed, and come where something has."""

import numpy as np
import pytest
from numpy.typing import NDArray

from alexnet_pipe.portable.training_summary import QUANTITIES, Summary
from alexnet_pipe.statistics.arrivals import (
    ALPHA,
    FEWEST,
    LEAST,
    WINDOW,
    Arrivals,
    arrived,
    compared,
    joined,
    of_pixels,
    summarised,
)


class World:
    """Photographs as numbers: pixels of any law, fc7 and answers of a network; `shift` moves what it names."""

    def __init__(self, seed: int, classes: int = 10) -> None:
        self.draws = np.random.default_rng(seed)
        self.classes = classes
        self.loads = self.draws.normal(size=(3, 100))

    def pixels(self, count: int) -> dict[str, NDArray[np.float64]]:
        laws = {name: self.draws.lognormal(4, 0.5, count) for name in ("brightness", "contrast", "colour", "detail")}
        # Sizes have ties: most files are of a few cameras.
        return {**laws, "short_side": self.draws.choice([480.0, 600, 768, 1024], count, p=[0.1, 0.6, 0.2, 0.1])}

    def said(self, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        features = np.maximum(self.draws.normal(size=(count, 3)) @ self.loads + self.draws.normal(size=(count, 100)), 0)
        logits = 4 * self.draws.normal(size=(count, self.classes))
        shares = np.exp(logits)
        return features, shares / shares.sum(axis=1, keepdims=True)

    def summary(self, images: int = 1000, held_out: int = 400) -> Summary:
        return summarised(self.pixels(images), *self.said(held_out))

    def arrivals(self, summary: Summary, count: int = WINDOW) -> Arrivals:
        blank = np.zeros((count, 256, 256, 3), np.uint8)[:, :8, :8]
        pixels = self.pixels(count)
        found = arrived(summary, blank, pixels["short_side"].tolist(), *self.said(count))
        return Arrivals({**found.quantities, **pixels}, found.guesses)


def alarms(worlds: int, windows: int, **how: float) -> float:
    """The share of windows of unchanged worlds that raise an alarm; each world has a training of its own."""
    raised = []
    for seed in range(worlds):
        world = World(seed)
        summary = world.summary()
        raised += [bool(compared(summary, world.arrivals(summary), **how).unlike) for _ in range(windows)]
    return float(np.mean(raised))


def test_false_alarms_are_as_rare_as_the_bound_says() -> None:
    # Without a least difference that matters: 1,200 windows at 5 %, of which 60 may be false, and by chance 83.
    assert 0.005 < alarms(60, 20, alpha=0.05, least=0.0) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1200)


def test_at_the_bound_that_is_used_none_is_seen_in_many_windows() -> None:
    assert alarms(50, 20) <= 2 / 1000
    assert (ALPHA, LEAST) == (0.001, 0.15)


@pytest.mark.parametrize("name", QUANTITIES)
def test_a_quantity_that_has_moved_is_found_and_named(name: str) -> None:
    world = World(1)
    summary = world.summary()
    found = world.arrivals(summary)
    moved = {
        **found.quantities,
        name: found.quantities[name] * 1.5 if name != "margin" else found.quantities[name] / 2,
    }
    unlike = compared(summary, Arrivals(moved, found.guesses)).unlike
    assert [each.name for each in unlike] == [name]
    assert unlike[0].p_value < ALPHA / 8
    assert unlike[0].distance >= LEAST
    assert unlike[0].before == summary.quantiles[name][32]
    assert unlike[0].now == pytest.approx(np.median(moved[name]))


def test_guesses_of_another_mixture_are_found_unless_any_may_come() -> None:
    world = World(2)
    summary = world.summary()
    found = world.arrivals(summary)
    one_class = found._replace(guesses=np.full(WINDOW, 3))
    (unlike,) = compared(summary, one_class).unlike
    assert (unlike.name, unlike.distance > 0.7) == ("guesses", True)
    assert compared(summary, one_class, guesses=False).unlike == []


@pytest.mark.parametrize("classes", [1, 2, 1000])
def test_guesses_of_any_number_of_classes_can_be_compared(classes: int) -> None:
    world = World(3, classes)
    summary = world.summary()
    found = world.arrivals(summary)
    assert compared(summary, found).unlike == []
    shifted = compared(summary, found._replace(guesses=found.guesses // 4)).unlike
    assert [each.name for each in shifted] == ([] if classes == 1 else ["guesses"])


def test_a_difference_that_does_not_matter_is_none_however_many_prove_it() -> None:
    world = World(4)
    summary = world.summary(images=100_000, held_out=400)
    many = world.arrivals(summary, 20_000)
    moved = Arrivals({**many.quantities, "brightness": many.quantities["brightness"] * 1.1}, many.guesses)
    (finding,) = [each for each in compared(summary, moved).findings if each.name == "brightness"]
    assert finding.p_value < 1e-20
    assert not finding.differs


def test_of_few_photographs_and_of_what_is_not_known_nothing_is_said() -> None:
    world = World(5)
    summary = world.summary()
    few = world.arrivals(summary, FEWEST - 1)
    assert compared(summary, few).findings == []
    unknown = joined([few, world.arrivals(summary, 40)])
    sides = np.where(np.arange(89) < 45, np.nan, unknown.quantities["short_side"])
    found = compared(summary, Arrivals({**unknown.quantities, "short_side": sides}, unknown.guesses))
    assert [each.name for each in found.findings] == [*(name for name in QUANTITIES if name != "short_side"), "guesses"]


def test_what_all_files_share_is_no_difference_and_another_size_is() -> None:
    world = World(6)
    same = {**world.pixels(500), "short_side": np.full(500, 256.0)}
    summary = summarised(same, *world.said(400))
    found = world.arrivals(summary)
    for side, unlike in ((256.0, []), (255.0, ["short_side"]), (257.0, ["short_side"])):
        quantities = {**found.quantities, "short_side": np.full(WINDOW, side)}
        assert [each.name for each in compared(summary, Arrivals(quantities, found.guesses)).unlike] == unlike


def test_quantities_are_what_they_are_called() -> None:
    images = np.zeros((3, 256, 256, 3), np.uint8)
    images[1] = 200
    images[2, :, ::2] = [90, 60, 0]
    found = of_pixels(images)
    assert found["brightness"][:2].tolist() == [0, 200]
    assert found["contrast"][:2].tolist() == [0, 0]
    assert found["colour"].tolist() == [0, 0, 90]
    # Columns take turns between 50 and 0; those that are looked at for brightness are the even ones.
    assert found["detail"].tolist() == [0, 0, 50]


def test_a_unit_of_fc7_that_was_never_on_does_not_decide_the_distance() -> None:
    world = World(7)
    features, shares = world.said(400)
    features[:, 0] = 0
    summary = summarised(world.pixels(400), features, shares)
    assert min(summary.fc7_deviation) > 0.05 * float(np.mean(summary.fc7_deviation))
    assert np.isfinite(summary.quantiles["fc7_distance"]).all()


def test_a_network_that_is_sure_of_everything_raises_no_alarm_by_its_last_digits() -> None:
    world = World(8)
    features, _ = world.said(400)

    def sure(count: int) -> NDArray[np.float64]:
        others = 10.0 ** world.draws.normal(-7, 1.5, count)
        return np.stack([1 - others, others], axis=1)

    summary = summarised(world.pixels(1000), features, sure(400))
    for _ in range(20):
        found = arrived(
            summary, np.zeros((WINDOW, 8, 8, 3), np.uint8), [500.0] * WINDOW, world.said(WINDOW)[0], sure(WINDOW)
        )
        assert [each.name for each in compared(summary, found).findings if each.differs and each.name == "margin"] == []
