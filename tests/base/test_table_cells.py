"""A table of names runs nothing, wherever it is opened, and the names can be had back."""

import pytest

from alexnet_pipe.base.terminal import defused, original

NAMES = [
    "=1+1",
    "+1",
    "-cmd",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "'=1",
    "''=1",
    "</script>",
    "<\\/script>",
    "<!--<script>",
]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_spreadsheet_or_a_page_would_run_is_text(name: str) -> None:
    cell = defused(name)
    assert cell[0] not in "=+-@\t\r\n"
    assert "</" not in cell
    assert "<!" not in cell
    assert cell != name
    assert original(cell) == name


@pytest.mark.parametrize("name", ["cat", "a=b", "x-1", "'quoted'", "<b>", "3 < 4", "σ", ""])
def test_other_names_stay(name: str) -> None:
    assert defused(name) == original(name) == name
