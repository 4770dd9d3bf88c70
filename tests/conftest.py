"""Set-up that every test shares."""

import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture
def accelerated() -> Iterator[None]:
    """The backend's faster forms, in this test alone."""
    from alexnet_pipe.model.preprocessing import Preprocessing
    from alexnet_pipe.model.response_normalization import ResponseNormalization
    from alexnet_pipe.training.backend import use_faster_forms
    from alexnet_pipe.training.paper_sgd import PaperSGD

    before = ResponseNormalization.form, Preprocessing.form, PaperSGD.compiled
    use_faster_forms()
    yield
    ResponseNormalization.form, Preprocessing.form, PaperSGD.compiled = map(staticmethod, before)
