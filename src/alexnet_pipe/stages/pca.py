"""Stage `pca`: the principal colour directions of all training pixels (paper, section 4.1)."""

from alexnet_pipe.artifacts import Artifacts, save_json
from alexnet_pipe.statistics.pca import rgb_pca
from alexnet_pipe.store.image_store import ImageStore


def run(artifacts: Artifacts) -> None:
    pca = rgb_pca(ImageStore.open(artifacts.images, "train"))
    save_json(
        artifacts.pca,
        {
            "unit": "pixels in [0, 1]",
            "eigenvalues": pca.eigenvalues.tolist(),
            "eigenvectors": pca.eigenvectors.tolist(),
            "pixels": pca.pixels,
        },
    )
