"""What a person should look at: labels that look wrong, and test images that are nearly training images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet_pipe.reporting.results import Results


def suspect_rows(results: Results) -> list[dict[str, Any]]:
    """What `alexnet-pipe suspects` found, the most suspicious first, each with its `pixels`, uint8 `(256, 256, 3)`.

    A photograph that is gone since, or has another label now, is left out.
    """
    stores = {"train": results.train, "validation": results.validation, "test": results.test}
    places = {
        split: dict(zip(zip(store.rows["sha256"], store.labels.tolist(), strict=True), range(len(store)), strict=True))
        for split, store in (stores.items() if results.suspects else ())
    }
    rows = []
    for row in results.suspects.get("suspects", []):
        store = stores[row["split"]]
        label = store.classes.index(row["given"]) if row["given"] in store.classes else None
        place = places[row["split"]].get((row["sha256"], label))
        if place is not None:
            pixels: NDArray[np.uint8] = store[place]
            rows.append({**row, "pixels": pixels})
    return rows


PAIRS = 24
"""Pairs that are shown of each kind."""


def copies_section(results: Results) -> dict[str, Any]:
    """Test images beside the training images that they nearly are, and the error with and without such images."""
    by_hash, test = _pairs_by_hash(results), results.test_metrics
    rows = [
        (
            f"{said} {what}",
            test[f"examples_{side}_{key}"],
            test[f"top1_error_ten_view_{side}_{key}"],
            test[f"top1_error_ten_view_{side}_{key}_interval"],
        )
        for key, what in (
            ("near_duplicate", "by difference hash"),
            ("near_copy", "by difference hash, or by fc7 and pixels"),
        )
        for side, said in (("with", "with a near copy"), ("without", "without one"))
    ]
    near = results.near_copies
    return {
        "errors": rows,
        "by_hash": [_pair(results, *pair) for pair in by_hash[:PAIRS]],
        "by_fc7": [
            _pair(results, *pair) for pair in near[["test", "train", "details"]].head(PAIRS).itertuples(index=False)
        ],
        "found": {"by_hash": len(by_hash), "by_fc7": len(near)},
    }


def _pairs_by_hash(results: Results) -> list[tuple[int, int, int]]:
    """Places in the test and training images of those that look alike, and how many bits of their hashes differ."""
    test, train = (
        dict(zip(store.rows["sha256"], range(len(store)), strict=True)) for store in (results.test, results.train)
    )
    found = []
    for row in results.near_duplicates.sort_values("bits", kind="stable").itertuples():
        digest = {row.split_first: row.sha256_first, row.split_second: row.sha256_second}
        if digest.get("test") in test and digest.get("train") in train:
            found.append((test[digest["test"]], train[digest["train"]], int(str(row.bits))))
    return found


def _pair(results: Results, place: int, other: int, measure: float) -> dict[str, Any]:
    sides = [
        {"pixels": store[at], "label": store.classes[store.labels[at]], "member": store.rows["member"][at]}
        for store, at in ((results.test, place), (results.train, other))
    ]
    return {"sides": sides, "measure": measure, "same": sides[0]["label"] == sides[1]["label"]}
