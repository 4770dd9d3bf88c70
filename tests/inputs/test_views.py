"""The ten views are the corners, the centre, and their mirror images."""

import numpy as np
import pytest
from scipy.special import softmax

from alexnet_pipe.inputs.views import CENTRE_VIEW, VIEWS, tempered, view
from alexnet_pipe.portable.description import TEMPERATURES


def test_the_ten_views_are_exactly_the_papers() -> None:
    crops = [(0, 0), (0, 29), (29, 0), (29, 29), (14, 14)]
    assert list(VIEWS) == [(offset, False) for offset in crops] + [(offset, True) for offset in crops]
    assert VIEWS[CENTRE_VIEW] == ((14, 14), False)


def test_a_view_holds_the_pixels_at_its_offset() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), dtype=np.uint8)
    inputs = view(images, (29, 0), mirror=True)
    np.testing.assert_array_equal(inputs["image"], images[:, 29:256, 0:227])
    np.testing.assert_array_equal(inputs["offset"], [[29, 0], [29, 0]])
    assert inputs["mirror"].all()
    assert not inputs["colour_shift"].any()


@pytest.mark.parametrize("temperature", [*TEMPERATURES, 0.5, 1.0, 3.0])
def test_a_temperature_leaves_the_order_of_all_classes_even_of_neighbours(temperature: float) -> None:
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.full(40, 0.05), 200).astype(np.float32)
    # The next number that a float32 has, from certainty down to the least.
    shares[:, 1::2] = np.nextafter(shares[:, ::2], np.float32(1))
    shares[0, :2] = 0, np.finfo(np.float32).smallest_subnormal
    order = np.argsort(-shares, axis=1, kind="stable")
    tempered_shares = tempered(shares, temperature)
    np.testing.assert_array_equal(np.argsort(-tempered_shares, axis=1, kind="stable"), order)
    assert ((tempered_shares > 0) == (shares > 0)).all()


def test_a_temperature_divides_the_logits_of_one_view_and_1_changes_no_bit() -> None:
    logits = np.random.default_rng(0).normal(0, 5, (20, 10)).astype(np.float32)
    shares = softmax(logits, axis=1)
    np.testing.assert_allclose(tempered(shares, 2.5), softmax(logits.astype(np.float64) / 2.5, axis=1), rtol=1e-5)
    assert tempered(shares, 1.0).tobytes() == shares.tobytes()
    np.testing.assert_allclose(tempered(shares, 0.3).sum(axis=1), 1)
