"""A model on test images of the checkout, in a process of its own.

    python -m alexnet_pipe.promotion.retest retest REVISION FILE

FILE has the SHA-256 of test images as a JSON list; it becomes an object with the class that the revision's model sees
in each, from ten views. It becomes an empty one if the model takes images made in another way.

    python -m alexnet_pipe.promotion.retest rehearse MODEL FILE

FILE becomes what `promotion.rehearsal.Seen` has.
"""

import json
import re
import resource
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.examples import spread
from alexnet_pipe.evaluation.ten_views import BATCH, Network, ten_view_answers
from alexnet_pipe.portable.network import open_network
from alexnet_pipe.promotion.contest import REHEARSE, RETEST
from alexnet_pipe.serving.named_files import model_file
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.store.store_files import RESIZE_FILE

ASKED = 32
"""Images of a rehearsal, evenly spread over the classes."""


def classes_of(network: Network, store: ImageStore, photographs: list[str]) -> dict[str, str]:
    """The SHA-256 of each of `photographs` that `store` has, with the name of its most probable class, ten views."""
    rows = store.rows[store.rows["sha256"].isin(photographs)].drop_duplicates("sha256")
    found: dict[str, str] = {}
    for start in range(0, len(rows), BATCH):
        batch = rows.iloc[start : start + BATCH]
        best = ten_view_answers(network, store.gather(batch.index.to_numpy())).argmax(axis=1)
        found |= {sha256: network.classes[label] for sha256, label in zip(batch["sha256"], best, strict=True)}
    return found


def retest(revision: str, file: Path) -> None:
    """As the module says."""
    photographs = json.loads(file.read_text(encoding="utf-8"))
    images = Artifacts().images
    with model_file(revision) as path:
        network = open_network(path)
    same = network.resize == load_json(images / RESIZE_FILE)
    save_json(file, classes_of(network, ImageStore.open(images, "test"), photographs) if same else {})


def rehearse(model: str, file: Path) -> None:
    """As the module says.

    Raises:
        UserError: if the model cannot be used, or has other classes than the images.
    """
    network = open_network(Path(model))
    store = ImageStore.open(Artifacts().images, "test")
    if network.classes != store.classes:
        raise UserError("it has other classes than the images that it was tested on")
    places = spread(len(store), ASKED)
    shares, times = [], []
    for place in places:
        shares.append(ten_view_answers(network, store.gather(np.array([place])))[0].tolist())
        times.append(time.time())
    start = times[0] - psutil.Process().create_time()
    each = median(np.diff(times).tolist() or [start])
    save_json(file, {"places": places, "shares": shares, "start": start, "each": each, "memory": most_memory()})


def most_memory() -> float:
    """MiB that this process has had at once."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux' own count (getrusage) begins with what the process had that started this one.
        (kibibytes,) = re.findall(r"^VmHWM:\s*(\d+) kB$", status.read_text(), re.MULTILINE)
        return int(kibibytes) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    try:
        {RETEST: retest, REHEARSE: rehearse}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
    except UserError as error:
        sys.exit(str(error))
