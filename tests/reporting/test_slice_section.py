"""The page names the worst slice first, and lists of many classes those that look worst."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from alexnet_pipe.evaluation.slice_errors import errors_by_slice
from alexnet_pipe.evaluation.slices import slices_of
from alexnet_pipe.reporting.page import render_report
from alexnet_pipe.reporting.slice_section import CLASSES, slice_section
from tests.reporting.results import HOSTILE, ORIGIN, PARAMETERS, made_up


def section(page: str) -> str:
    return page[page.index('<section id="slices"') : page.index('<section id="trust"')]


def test_the_worst_slice_stands_first_and_what_was_not_looked_at_is_said() -> None:
    shown = section(render_report(made_up(), PARAMETERS, ORIGIN))
    (first, *_) = re.findall(r"<p>(.*?)</p>", shown)
    assert first.startswith(
        "<b>Worst slice: class class 2, 2 of 40 wrong, 5.00% (1.00% to 40.00%) against 5.00% of the rest"
    )
    assert "Not looked at: split origin (not kept); sharpness (&lt;script&gt;" in shown
    assert HOSTILE not in shown


def test_classes_come_by_their_p_value_and_the_other_properties_in_order() -> None:
    found = slice_section(made_up(classes=CLASSES + 5))
    names = [row["name"] for row in found["rows"]]
    assert names[0] == f"class class {CLASSES + 4}"
    assert names[-2:] == ["mean grey up to 92 (darkest)", "mean grey over 92 (brightest)"]
    assert (len(names), found["more"]) == (CLASSES + 2, 5)


def test_a_test_set_that_is_too_small_for_slices_has_a_page() -> None:
    found = errors_by_slice(slices_of(pd.DataFrame({"actual": ["a", "b"]})), np.array([True, False]))
    shown = section(render_report(replace(made_up(), slices=found), PARAMETERS, ORIGIN))
    assert "No slice has 20 images" in shown
    assert "<table" not in shown
