"""What a person should look at: photographs whose label looks wrong."""

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
