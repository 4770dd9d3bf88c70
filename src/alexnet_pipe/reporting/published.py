"""Errors that others have published for the same data, to be read beside one's own."""

from collections.abc import Mapping
from typing import Any, NamedTuple

CAT_AND_DOG = "tongpython/cat-and-dog"


class Published(NamedTuple):
    """
    Attributes:
        network: What was trained.
        data: What it was tested on.
        views: How many views of each image were averaged; None if the source does not say.
        top1_error: A share.
        top5_error: A share, or None where it says nothing.
        source: Where it stands.
    """

    network: str
    data: str
    views: int | None
    top1_error: float
    top5_error: float | None
    source: str


_PAPER = "Krizhevsky, Sutskever, Hinton 2012"
_IMAGENET = (
    Published("AlexNet", "LSVRC-2010 test", 10, 0.375, 0.170, f"{_PAPER}, table 1"),
    Published("AlexNet, one network", "LSVRC-2012 validation", 10, 0.407, 0.182, f"{_PAPER}, table 2"),
    Published("bvlc_alexnet", "LSVRC-2012 validation", 1, 0.429, 0.198, "Caffe, models/bvlc_alexnet"),
)
_CATS_AND_DOGS = (
    Published("AlexNet, from scratch", "test_set: 1,760 of 2,023 right", None, 0.130, None, "users of the data set"),
    Published("AlexNet, fine-tuned from ImageNet weights", "test_set", None, 0.042, None, "users of the data set"),
)


def published_errors(dataset: Mapping[str, Any]) -> tuple[Published, ...]:
    """What is known of the data that the section `dataset` names; often nothing."""
    if dataset["source"] == "imagenet":
        return _IMAGENET
    if dataset["source"] == "kaggle" and (dataset["location"] or "").startswith(CAT_AND_DOG):
        return _CATS_AND_DOGS
    return ()
