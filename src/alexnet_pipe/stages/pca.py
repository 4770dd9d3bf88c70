"""Stage `pca`: the principal colour directions of all training pixels (paper, section 4.1)."""

from alexnet_pipe.base.files import save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.statistics.over_shards import over_shards
from alexnet_pipe.statistics.pca import colour_products, rgb_pca
from alexnet_pipe.store.image_store import ImageStore


def run(artifacts: Artifacts) -> None:
    store = ImageStore.open(artifacts.images, "train")
    pca = rgb_pca(over_shards("pca", colour_products, store, artifacts))
    save_json(
        artifacts.pca,
        {
            "unit": "pixels in [0, 1]",
            "eigenvalues": pca.eigenvalues.tolist(),
            "eigenvectors": pca.eigenvectors.tolist(),
            "pixels": pca.pixels,
        },
    )
