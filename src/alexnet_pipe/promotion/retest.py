"""The champion's model on test images that came after it, in a process of its own, because it needs TensorFlow.

    python -m alexnet_pipe.promotion.retest REVISION FILE

FILE has the SHA-256 of test images of the checkout as a JSON list; it becomes an object with the class that the
revision's model sees in each, from ten views. It becomes an empty one if the model takes images made in another way.
"""

import json
import sys
from pathlib import Path

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.ten_views import BATCH, Network, ten_view_softmax
from alexnet_pipe.portable.network import open_network
from alexnet_pipe.serving.named_files import model_file
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import RESIZE_FILE


def classes_of(network: Network, store: ImageStore, photographs: list[str]) -> dict[str, str]:
    """The SHA-256 of each of `photographs` that `store` has, with the name of its most probable class, ten views."""
    rows = store.rows[store.rows["sha256"].isin(photographs)].drop_duplicates("sha256")
    found: dict[str, str] = {}
    for start in range(0, len(rows), BATCH):
        batch = rows.iloc[start : start + BATCH]
        softmax, _ = ten_view_softmax(network, store.gather(batch.index.to_numpy()))
        best = softmax.mean(axis=0).argmax(axis=1)
        found |= {sha256: network.classes[label] for sha256, label in zip(batch["sha256"], best, strict=True)}
    return found


def main(revision: str, file: Path) -> None:
    """As the module says."""
    photographs = json.loads(file.read_text(encoding="utf-8"))
    images = Artifacts().images
    with model_file(revision) as path:
        network = open_network(path)
    same = network.resize == load_json(images / RESIZE_FILE)
    save_json(file, classes_of(network, ImageStore.open(images, "test"), photographs) if same else {})


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]))
    except UserError as error:
        sys.exit(str(error))
