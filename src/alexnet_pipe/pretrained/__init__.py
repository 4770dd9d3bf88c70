"""Weights that others have published, as models of this project."""

from enum import StrEnum


class Preparation(StrEnum):
    """How photographs were prepared for a network when it was trained, where its file does not say."""

    CAFFE = "caffe"
    TORCHVISION = "torchvision"
