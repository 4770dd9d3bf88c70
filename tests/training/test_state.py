"""The rate is divided by 10 when the error stops falling, three times, then training stops."""

import pytest

from alexnet_pipe.training.state import Plateau


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
