"""The ten views are the corners, the centre, and their mirror images."""

import numpy as np

from alexnet_pipe.inputs.views import CENTRE_VIEW, VIEWS, view


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
