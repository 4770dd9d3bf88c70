"""The page is one file, the same every time, and survives odd data."""

import re
import subprocess
import sys

import numpy as np
import pytest

from alexnet_pipe.reporting.learned import class_errors, confident_mistakes, confusion_matrix, kernel_grid, nearest
from alexnet_pipe.reporting.page import percent, render_report
from tests.reporting.results import HOSTILE, PARAMETERS, made_up


@pytest.fixture(scope="module")
def page() -> str:
    return render_report(made_up(), PARAMETERS)


def test_the_page_asks_for_no_other_file(page: str) -> None:
    addresses = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert addresses
    assert all(address.startswith(("data:", "#")) for address in addresses)
    assert "http" not in re.sub(r"data:[^\"]*", "", page)
    assert "url(" not in page


def test_every_picture_has_a_text(page: str) -> None:
    pictures = re.findall(r"<img[^>]*>", page)
    assert pictures
    assert all(re.search(r'alt="[^"]+"', picture) for picture in pictures)


def test_equal_results_make_equal_bytes(page: str) -> None:
    assert render_report(made_up(), PARAMETERS) == page


def test_names_from_the_world_are_text_not_markup(page: str) -> None:
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)" in page


def test_errors_digest_refused_files_and_parameters_are_shown(page: str) -> None:
    assert "33.3 %" in page
    assert "25.0 % to 45.0 %" in page
    assert "ab" * 32 in page
    assert "not an image" in page
    assert "train.seed" in page


def test_top5_error_of_few_classes_is_a_dash_with_an_explanation(page: str) -> None:
    assert "With five classes or fewer" in page
    assert percent(None) == "–"
    assert "With five classes or fewer" not in render_report(made_up(classes=6), PARAMETERS)


@pytest.mark.parametrize(
    "changes",
    [{"mistakes": False}, {"classes": 2, "images": 2}, {"epochs": 1}, {"kernels": 6}, {"classes": 7, "images": 3}],
)
def test_odd_results_make_a_page_too(changes: dict[str, int]) -> None:
    assert "</html>" in render_report(made_up(**changes), PARAMETERS)


def test_without_refused_files_it_says_so() -> None:
    results = made_up()
    empty = type(results)(**{**vars(results), "rejected": results.rejected.head(0)})
    assert "Refused, removed and noted files</h3>\n<p>None.</p>" in render_report(empty, PARAMETERS)


def test_a_thousand_classes_stay_small() -> None:
    page = render_report(made_up(classes=1000, images=300), PARAMETERS)
    assert len(page) < 10_000_000
    assert page.count("<tr>") < 250


def test_confusion_counts_actual_rows_and_predicted_columns() -> None:
    results = made_up(images=6)
    matrix = confusion_matrix(results)
    # Labels 0 1 2 0 1 2; images 0 and 3, both of class 0, are taken for class 1.
    np.testing.assert_array_equal(matrix, [[0, 2, 0], [0, 2, 0], [0, 0, 2]])
    worst = class_errors(matrix, ("a", "b", "c"))[0]
    assert worst == {"name": "a", "images": 2, "error": 1.0}


def test_the_most_confident_mistake_comes_first() -> None:
    assert confident_mistakes(made_up().predictions) == [6, 3, 0]


def test_the_nearest_images_are_by_distance_without_the_query() -> None:
    features = np.array([[0.0], [5], [1], [-2]], np.float32)
    assert nearest(features, 0, 2) == [2, 3]
    assert nearest(features, 0, 9) == [2, 3, 1]


def test_a_kernel_keeps_its_place_and_its_sign() -> None:
    filters = np.zeros((11, 11, 3, 9), np.float32)
    filters[0, 0, 0, 8] = 2
    filters[10, 10, 2, 8] = -1
    grid = kernel_grid(filters)
    assert grid.shape == (4 * (2 * 12 - 1), 4 * (8 * 12 - 1), 3)
    assert grid[4 * 12, 0].tolist() == [255, 127.5, 127.5]
    assert grid[4 * 22, 4 * 10].tolist() == [127.5, 127.5, 63.75]


def test_the_stage_needs_no_tensorflow() -> None:
    code = "import sys, alexnet_pipe.stages.report; print(*sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
