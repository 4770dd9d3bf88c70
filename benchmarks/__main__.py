"""All benchmarks, one after the other, on the images in `data/images`."""

from pathlib import Path

from alexnet_pipe.startup import without_notices

REPEATS = 9
SIZE = 128


def main() -> None:
    with without_notices():
        from alexnet_pipe.artifacts import Artifacts
        from alexnet_pipe.store.image_store import ImageStore
        from benchmarks import data_path, memory, shares, step
    images = ImageStore.open(Artifacts(Path()).images, "train")
    two_towers = step.show(SIZE)
    shares.show(SIZE, REPEATS, two_towers)
    data_path.show_pipeline(images, REPEATS)
    data_path.show_end_to_end(images, 3)
    memory.show()


if __name__ == "__main__":
    main()
