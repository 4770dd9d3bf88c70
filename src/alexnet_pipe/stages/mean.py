"""Stage `mean`: the average of the 256×256 training images (paper, section 2)."""

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.statistics.mean import image_sum, mean_image
from alexnet_pipe.statistics.over_shards import over_shards
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore


def run(artifacts: Artifacts) -> None:
    store = ImageStore.open(artifacts.images, "train")
    sums = over_shards("mean", image_sum, store, artifacts)
    save_array(artifacts.mean, mean_image(sums))
