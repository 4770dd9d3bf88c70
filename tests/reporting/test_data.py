"""What the page says of the photographs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from alexnet_pipe.reporting.data import CLASSES, class_counts
from alexnet_pipe.reporting.sizes import describe_sizes
from tests.reporting.results import made_up
from tests.stores import random_store


def test_classes_are_counted_from_usable_files_only() -> None:
    # Four files of classes 0, 1, 2, 0; the fifth, of class 0, was refused.
    np.testing.assert_array_equal(class_counts(made_up())["train"], [2, 1, 1])


def test_of_many_classes_the_largest_and_the_smallest_are_listed() -> None:
    results, classes = made_up(), 2 * CLASSES + 1
    names = [f"class {n}" for n in range(classes) for _ in range(n)]
    manifest = pd.DataFrame({"container": "a", "member": map(str, range(len(names))), "label": names, "split": "train"})
    counts = class_counts(
        replace(results, manifest=manifest, rejected=results.rejected.head(0), train=random_store(classes, classes))
    )
    assert counts["train"].tolist() == [n for n in range(classes - 1, -1, -1) if n != CLASSES]


def test_sizes_are_described_by_their_middle_their_ends_and_their_shape() -> None:
    # 100×120, 300×200, 640×480, 256×256.
    sizes = describe_sizes(made_up().index)
    assert (sizes["median_width"], sizes["median_height"]) == (278, 228)
    assert (sizes["smallest"], sizes["largest"]) == (100, 640)
    assert sizes["enlarged"] == 0.5
    assert (sizes["wide"], sizes["tall"], sizes["square"]) == pytest.approx((0.5, 0.25, 0.25))
