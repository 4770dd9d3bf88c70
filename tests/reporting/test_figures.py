"""Pictures have the same bytes each time, and drawings belong to the page that they stand on."""

import base64

from matplotlib.figure import Figure

from alexnet_pipe.reporting.templates import INK, drawing, plot


def figure() -> Figure:
    """One line of text in the ink of the page."""
    one = Figure()
    one.text(0.5, 0.5, "a & b", color=INK)
    return one


def test_a_plot_has_no_date() -> None:
    svg = base64.b64decode(plot(figure()).split(",")[1]).decode()
    assert svg.startswith("<?xml")
    assert "dc:date" not in svg


def test_a_drawing_is_text_in_the_ink_of_the_page() -> None:
    svg = drawing(figure(), "one")
    assert svg.startswith("<svg")
    assert "a &amp; b" in svg
    assert "currentColor" in svg
    assert INK not in svg
    assert "metadata" not in svg
