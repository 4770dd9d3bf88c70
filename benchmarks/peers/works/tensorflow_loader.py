"""`tf.data`, decoding of JPEGs only what is cropped."""

import os
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks.peers.program import Options, Work


def load(options: Options) -> Work:
    """Batches of 227×227 bytes: `folder`, `batch`, and `batches` a repetition."""
    files = sorted(map(str, Path(options["folder"]).glob("*/*.jpg")))
    data = tf.data.Dataset.from_tensor_slices(files).shuffle(len(files), seed=0).repeat()
    data = data.map(_decoded, num_parallel_calls=tf.data.AUTOTUNE).batch(options["batch"]).prefetch(2)
    batches = iter(data)

    def repeat() -> int:
        for _ in range(options["batches"]):
            next(batches)
        return int(options["batches"] * options["batch"])

    return Work(repeat, f"{len(os.sched_getaffinity(0))} threads", ("tensorflow",))


def _decoded(path: Any) -> Any:
    offset = tf.random.uniform((2,), 0, 30, tf.int32)
    crop = tf.io.decode_and_crop_jpeg(tf.io.read_file(path), tf.concat([offset, [227, 227]], 0))
    return tf.image.random_flip_left_right(crop)
