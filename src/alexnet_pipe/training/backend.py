"""What differs between Keras' backends and devices."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import keras

from alexnet_pipe.base.errors import UserError


def devices() -> list[str]:
    """What the backend computes on, as `cpu:0` or `gpu:0`."""
    return [str(device).lower() for device in keras.distribution.list_devices()]


def require_gpu() -> None:
    """
    Raises:
        UserError: if the backend sees no GPU.
    """
    if not any(device.startswith(("gpu", "cuda", "tpu")) for device in devices()):
        raise UserError(
            f"train.require_gpu is set, and {keras.backend.backend()} sees {', '.join(devices())} only: run "
            "`make setup GPU=1`, and `alexnet-pipe doctor` to see what is wrong"
        )


def make_deterministic(seed: int) -> None:
    """Have the backend use operations that repeat to the bit; call it before the first computation."""
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    if keras.backend.backend() == "jax":
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_gpu_deterministic_ops=true"


@contextmanager
def memory_for(batch_size: int) -> Iterator[None]:
    """Name the batch size if the device's memory does not hold what the block computes.

    Raises:
        UserError: in that case.
    """
    try:
        yield
    except Exception as error:
        named = (type(error).__name__, str(error))
        if any(word in text for text in named for word in ("ResourceExhausted", "RESOURCE_EXHAUSTED", "MemoryError")):
            raise UserError(f"out of memory with train.batch_size {batch_size}: lower it") from error
        raise
