"""All benchmarks, one after the other, on the images in `data/images`."""

from pathlib import Path

from alexnet_pipe.base.startup import without_notices

REPEATS = 9
SIZE = 128


def main() -> None:
    with without_notices():
        import tensorflow as tf

        from alexnet_pipe.base.paths import Artifacts
        from alexnet_pipe.store.image_store import ImageStore
        from benchmarks import data_path, frozen, memory, orchestration, preparation, scale, shares, start, step
    tf.get_logger().setLevel("ERROR")  # Every model that is measured is traced, and it warns of that.
    artifacts = Artifacts(Path())
    images = ImageStore.open(artifacts.images, "train")
    # First, while nothing else has claimed memory and threads.
    data_path.show_pipeline(images, REPEATS)
    two_towers = step.show(SIZE)
    shares.show(SIZE, REPEATS, two_towers)
    frozen.show(SIZE, REPEATS)
    data_path.show_end_to_end(images, 3)
    memory.show()
    preparation.show(artifacts, REPEATS)
    scale.show(artifacts)
    start.show(Artifacts(Path.cwd()), 3)
    orchestration.show(artifacts.root, 3)


if __name__ == "__main__":
    main()
