"""The paper's rule divides the rate by 10 three times, then stops; a planned rate is a function of the step."""

import math

import pytest

from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.training.schedule import Plateau, learning_rate

STEPS_AN_EPOCH = 10


def run(plateau: Plateau, errors: list[float]) -> Plateau:
    for error in errors:
        plateau = plateau.after(error)
    return plateau


def test_a_falling_error_keeps_the_rate() -> None:
    assert run(Plateau(0.01, 2, 3), [0.9, 0.8, 0.7, 0.6]).rate == 0.01


def test_an_error_that_stops_falling_divides_the_rate_by_ten() -> None:
    plateau = run(Plateau(0.01, 2, 3), [0.5, 0.6, 0.5])
    assert plateau.rate == pytest.approx(0.001)
    assert plateau.cuts_left == 2


def test_one_bad_epoch_is_forgiven_by_patience() -> None:
    assert run(Plateau(0.01, 2, 3), [0.5, 0.6, 0.4, 0.5]).rate == 0.01


def test_it_stops_after_the_third_cut_brings_nothing() -> None:
    plateau = Plateau(0.01, 1, 3).after(0.5)
    rates = []
    while not plateau.finished:
        plateau = plateau.after(0.5)
        rates.append(plateau.rate)
    assert rates == pytest.approx([1e-3, 1e-4, 1e-5, 1e-5])


def test_an_improvement_after_the_third_cut_goes_on() -> None:
    plateau = run(Plateau(0.01, 1, 3), [0.5, 0.5, 0.5, 0.5])
    assert plateau.cuts_left == 0
    assert not plateau.after(0.4).finished


def rates(schedule: str, plateau: Plateau | None = None, **train: object) -> list[float]:
    """Of all steps of four epochs."""
    chosen = TrainParams(learning_rate=0.4, schedule=schedule, max_epochs=4, **train)
    rule = plateau or Plateau.start(chosen)
    steps = range(4 * STEPS_AN_EPOCH)
    return [learning_rate(step, rule, chosen, lambda epoch: math.ceil(epoch * STEPS_AN_EPOCH)) for step in steps]


def test_a_linear_rate_falls_evenly_and_would_be_zero_in_the_step_after_the_last() -> None:
    found = rates("linear")
    assert found[0] == 0.4
    assert found == pytest.approx([0.4 - 0.01 * step for step in range(40)])


def test_a_cosine_is_half_way_down_in_the_middle_and_flat_at_both_ends() -> None:
    found = rates("cosine")
    assert (found[0], found[20]) == (0.4, pytest.approx(0.2))
    assert found[0] - found[1] < 0.001 > found[-1]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("schedule", ["plateau", "constant", "linear", "cosine"])
def test_a_warm_up_rises_evenly_to_the_rate_from_which_the_schedule_starts(schedule: str) -> None:
    found = rates(schedule, warmup_epochs=0.75)
    assert found[:8] == pytest.approx([0.05 * step for step in range(1, 9)])
    assert found[8] == 0.4


def test_only_the_papers_rule_is_cut_by_the_validation_error() -> None:
    cut = Plateau(0.04, 1, 0)
    assert set(rates("plateau", cut)) == {0.04}
    assert set(rates("constant", cut)) == {0.4}
    assert rates("linear", cut) == rates("linear")
