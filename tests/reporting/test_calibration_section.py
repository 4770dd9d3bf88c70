"""What the page says of probabilities is what the predictions and the metrics hold."""

import re

import numpy as np
import pytest

from alexnet_pipe.reporting.calibration_section import calibration, coverage_figure, reliability_diagram
from tests.reporting.results import made_up
from tests.reporting.test_page import rendered


def test_before_and_with_the_temperature_are_of_the_same_first_guesses() -> None:
    # Nine images, of which every third is wrong: about 70 % sure with the temperature, 95 % without.
    found = calibration(made_up().predictions)
    assert found.right == pytest.approx(6 / 9)
    assert found.confidence == pytest.approx(0.7004)
    assert found.bins["confidence"].tolist() == pytest.approx([0.7004])
    assert found.before["confidence"].tolist() == pytest.approx([0.9504])
    assert found.bins["right"].tolist() == found.before["right"].tolist() == pytest.approx([6 / 9])


def test_the_diagram_has_both_and_the_price_falls_with_what_is_answered() -> None:
    found = calibration(made_up().predictions)
    above, below = reliability_diagram(found).axes
    _, before, now = (line.get_xydata() for line in above.lines)
    np.testing.assert_allclose(before, [[95.04, 600 / 9]])
    np.testing.assert_allclose(now, [[70.04, 600 / 9]])
    assert [bar.get_height() for bar in below.patches] == [9]
    (axes,) = coverage_figure(found.curve).axes
    # From the surest down: images 8, 7, 6 (wrong), …
    np.testing.assert_allclose(axes.lines[0].get_ydata()[:4], [0, 0, 100 / 3, 25])
    assert axes.lines[0].get_xdata()[-1] == 100


def cells(table: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def test_the_page_has_the_numbers_of_the_metrics_and_the_table_of_bounds() -> None:
    page = rendered(made_up())
    section = page[page.index('<section id="trust"') : page.index('<section id="robustness"')]
    assert "temperature is 1.25 for one view and 0.8 for ten" in section
    assert "calibration error is 3.3\u00a0% (1.0\u00a0% to 25.0\u00a0%), and was 13.3\u00a0% before" in section
    assert "Chance alone would show 4.0\u00a0%" in section
    (_, *believed), _, (_, *bounds) = map(cells, re.findall(r"<table.*?</table>", section, re.DOTALL))
    assert [row[::2] for row in believed[::2]] == [
        ["expected calibration error", "13.3\u00a0%", "3.3\u00a0%"],
        ["Brier score", "0.1667", "0.0667"],
        ["log loss, nats", "0.2000", "0.1000"],
    ]
    assert [row[1] for row in believed] == ["ten views", "one view"] * 3
    assert [row[:4] for row in bounds] == [
        ["100.0\u00a0%", "0.7000", "9", "3"],
        ["95.0\u00a0%", "0.7000", "9", "3"],
        ["90.0\u00a0%", "0.7000", "9", "3"],
        # As binary numbers, 0.7001 and 0.7004 lie below what they are written as.
        ["80.0\u00a0%", "0.7000", "9", "3"],
        ["50.0\u00a0%", "0.7003", "5", "1"],
    ]
