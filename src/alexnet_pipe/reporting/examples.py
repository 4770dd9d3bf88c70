"""Single test images: what the network says of them, its mistakes, and the training images that it finds like them."""

from typing import Any

import pandas as pd

from alexnet_pipe.reporting.pictures import picture
from alexnet_pipe.reporting.results import Results


def example(results: Results, index: int) -> dict[str, Any]:
    """One test image with its five most probable classes, ten views."""
    row = results.predictions.iloc[index]
    names = results.test.classes
    pairs = zip(row["top5_ten_view"], row["top5_probability_ten_view"], strict=True)
    return {
        "picture": picture(results.test[index], 144),
        "actual": names[row["label"]],
        "member": row["member"],
        "top": [{"name": names[label], "share": float(p), "right": label == row["label"]} for label, p in pairs],
    }


def confident_mistakes(predictions: pd.DataFrame) -> list[int]:
    """Images whose most probable class is wrong, the most confident first."""
    best = predictions["top5_ten_view"].map(lambda top: top[0])
    confidence = predictions["top5_probability_ten_view"].map(lambda top: top[0])
    wrong = confidence[best != predictions["label"]].sort_values(ascending=False, kind="stable")
    return [int(index) for index in wrong.index]


def near_ties(predictions: pd.DataFrame) -> list[int]:
    """All images, those first whose two most probable classes are nearly as probable as each other."""
    margin = predictions["top5_probability_ten_view"].map(lambda top: top[0] - top[1])
    return [int(index) for index in margin.sort_values(kind="stable").index]


def neighbour_rows(results: Results) -> list[dict[str, Any]]:
    """Some test images, each with the nearest training images by fc7, the nearest first."""
    queries = sorted(set(results.neighbours["query"].tolist()))
    return [_neighbours(results, query, results.neighbours[results.neighbours["query"] == query]) for query in queries]


def _neighbours(results: Results, query: int, near: pd.DataFrame) -> dict[str, Any]:
    train, test = results.train, results.test
    return {
        "picture": picture(test[query], 112),
        "actual": test.classes[test.labels[query]],
        "near": [
            {"picture": picture(train[int(place)], 112), "actual": train.classes[train.labels[int(place)]]}
            for place in near.sort_values("distance", kind="stable")["train"]
        ],
    }
