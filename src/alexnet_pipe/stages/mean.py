"""Stage `mean`: the average of the 256×256 training images (paper, section 2)."""

from alexnet_pipe.artifacts import Artifacts
from alexnet_pipe.statistics.mean import mean_image
from alexnet_pipe.store.arrays import save_array
from alexnet_pipe.store.image_store import ImageStore


def run(artifacts: Artifacts) -> None:
    save_array(artifacts.mean, mean_image(ImageStore.open(artifacts.images, "train")))
