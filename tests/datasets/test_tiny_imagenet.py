"""Tiny ImageNet as it is published: labels of the validation images in a list, none of the test images."""

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.datasets.labelling.choice import chosen_labels
from alexnet_pipe.datasets.labelling.tiny_imagenet import tiny_imagenet_labels
from tests.datasets.labelled_files import files, shown

ROOT = "tiny-imagenet-200"
PHOTOGRAPHS = [
    f"{ROOT}/train/n01443537/images/n01443537_0.JPEG",
    f"{ROOT}/train/n02099601/images/n02099601_0.JPEG",
    f"{ROOT}/val/images/val_0.JPEG",
    f"{ROOT}/test/images/test_0.JPEG",
]
LISTS = {
    f"{ROOT}/val/val_annotations.txt": "val_0.JPEG\tn02099601\t0\t32\t44\t62\n",
    f"{ROOT}/words.txt": "n01443537\tgoldfish, Carassius auratus\nn02099601\tgolden retriever\n",
    f"{ROOT}/train/n01443537/n01443537_boxes.txt": "n01443537_0.JPEG\t0\t10\t63\t58\n",
    f"{ROOT}/wnids.txt": "n01443537\nn02099601\n",
}


def test_the_published_data_set_is_understood() -> None:
    found = chosen_labels(files(PHOTOGRAPHS, LISTS))
    assert [line.removeprefix(f"{ROOT}/") for line in shown(found)] == [
        "train/n01443537/images/n01443537_0.JPEG n01443537 goldfish, Carassius auratus train",
        "train/n02099601/images/n02099601_0.JPEG n02099601 golden retriever train",
        "val/images/val_0.JPEG n02099601 golden retriever validation",
    ]
    assert found.origin == f"class folders and {ROOT}/val/val_annotations.txt"
    assert found.remarks == ["photographs of the test split without a label, left out: 1"]


def test_a_photograph_that_the_list_does_not_name_is_an_error() -> None:
    with pytest.raises(UserError, match=r"has no label for '.*val_1\.JPEG': fetch the data set again"):
        tiny_imagenet_labels(files([*PHOTOGRAPHS, f"{ROOT}/val/images/val_1.JPEG"], LISTS))


def test_a_list_of_another_kind_is_an_error_of_one_line() -> None:
    broken = LISTS | {f"{ROOT}/val/val_annotations.txt": b"val_0.JPEG \xff n01443537\n"}
    with pytest.raises(UserError, match="without a tab"):
        tiny_imagenet_labels(files(PHOTOGRAPHS, broken))
