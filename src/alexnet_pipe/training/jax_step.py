"""A training step on JAX: one compiled function on all devices, on which its state, and perhaps all images, stay."""

from collections.abc import Iterator
from typing import Any

import jax
import keras
import numpy as np
from jax import numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.progress import say
from alexnet_pipe.inputs.stream import TrainingStream
from alexnet_pipe.paper import CROP, SIDE
from alexnet_pipe.params.train import TrainParams
from alexnet_pipe.store.image_store import ImageStore
from alexnet_pipe.training.processes import Processes

Values = tuple[list[Any], ...]
"""Of trained weights, other weights, and the optimizer's variables."""

ROOM = 0.5
"""The share of a device's free memory that the images may take; the rest is for activations and gradients."""


class JaxStep:
    """The step of a compiled model, which nothing waits for: what it gives is read when it is needed.

    Each device has all weights and a part of each batch; the compiler adds up the gradients. From the first step until
    `settle` the state lies here, and Keras' variables have nothing: a step takes the memory of the one before.
    """

    LAG = 1
    """Steps that may be started before the loss of one is read, so that the device has always something to do."""

    def __init__(self, learner: keras.Model, stream: TrainingStream, processes: Processes) -> None:
        """
        Raises:
            UserError: if there are not as many devices as `train.devices`, or the batch cannot be shared evenly.
        """
        self._learner, self._stream, self._processes = learner, stream, processes
        mesh = Mesh(np.array(_devices(stream.train, processes)), ("batch",))
        self.devices = mesh.size
        share = stream.batch_size // processes.count
        self._rows = slice(processes.number * share, (processes.number + 1) * share)
        self._everywhere = NamedSharding(mesh, PartitionSpec())  # type: ignore[no-untyped-call]
        self._shared = NamedSharding(mesh, PartitionSpec("batch"))  # type: ignore[no-untyped-call]
        optimizer = learner.optimizer
        # The one that scales losses has another inside, which has the rate.
        rate = getattr(optimizer, "inner_optimizer", optimizer).learning_rate
        self._rate = [variable is rate for variable in optimizer.variables].index(True)
        self._compiled = jax.jit(self._step, donate_argnums=0)
        self._values: Values | None = None
        held = bool(processes.gathered(np.array(_fits(stream.store, stream.train))).all())
        self._images = on_devices(stream.store, self._everywhere) if held else None

    def batches(self, first: int, end: int) -> Iterator[Any]:
        """Those of the stream, which lie on the devices when they are wanted."""
        return self._stream.batches(first, end, self._on_devices)

    def __call__(self, inputs: Any, labels: Any, rate: float) -> dict[str, Any]:
        """`loss` and `accuracy` of one batch, before its update by `rate`: scalars that may still be computed.

        Of several processes, with `stop_signal` of them all.
        """
        if self._values is None:
            values = tuple([variable.value for variable in each] for each in self._variables())
            self._values = _put(values, self._everywhere)
        if self._processes.count > 1:
            come = np.full(self.devices // self._processes.count, self._processes.stop_signal(), np.int32)
            inputs = {**inputs, "stop_signal": _put(come, self._shared)}
        logs, self._values = self._compiled(self._values, self._images, inputs, labels, rate)
        return logs

    def compiled_text(self, inputs: Any, labels: Any) -> str:
        """What XLA has made of the step, once one has been taken: each operation with the layer that it comes from."""
        compiled = self._compiled.lower(self._values, self._images, inputs, labels, 0.0).compile()
        return compiled.as_text() or ""

    def settle(self) -> None:
        """Let Keras' variables have what the steps have made of them."""
        if self._values is not None:
            for variables, values in zip(self._variables(), self._values, strict=True):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value.addressable_data(0))
            self._values = None

    def _step(
        self, values: Values, images: Any, inputs: dict[str, Any], labels: Any, rate: Any
    ) -> tuple[dict[str, Any], Values]:
        trained, others, optimizing = values
        stop_signal = inputs.pop("stop_signal", None)
        optimizing[self._rate] = jnp.asarray(rate, optimizing[self._rate].dtype)
        if images is not None:
            inputs = with_pixels(inputs, images)
        gradients_of = jax.value_and_grad(self._loss, has_aux=True)
        (_, (loss, logits, others)), gradients = gradients_of(trained, others, optimizing, inputs, labels)
        trained, optimizing = self._learner.optimizer.stateless_apply(optimizing, gradients, trained)
        most_likely = labels if labels.ndim == 1 else labels.argmax(axis=1)
        logs = {"loss": loss, "accuracy": (logits.argmax(axis=1) == most_likely).mean()}
        if stop_signal is not None:
            logs["stop_signal"] = stop_signal.max()
        return logs, (trained, others, optimizing)

    def _loss(self, trained: list[Any], others: list[Any], optimizing: list[Any], inputs: Any, labels: Any) -> Any:
        """The loss, scaled as the optimizer wants it; and beside it as it is, the logits, and the other weights."""
        logits, others = self._learner.stateless_call(trained, others, inputs, training=True)
        loss = self._learner.loss(labels, logits)
        optimizer = self._learner.optimizer
        with keras.StatelessScope(state_mapping=zip(optimizer.variables, optimizing, strict=True)):
            scaled = optimizer.scale_loss(loss)
        return scaled, (loss, logits, others)

    def _on_devices(self, step: int) -> Any:
        return _put(self._stream.batch(step, self._images is None, self._rows), self._shared)

    def _variables(self) -> tuple[list[keras.Variable], ...]:
        learner = self._learner
        return learner.trainable_variables, learner.non_trainable_variables, learner.optimizer.variables


def with_pixels(inputs: dict[str, Any], images: Any) -> dict[str, Any]:
    """The inputs of a batch that has `index` with the pixels that it stands for, cut out of all `images`."""
    inputs = dict(inputs)
    index = inputs.pop("index")
    if "offset" not in inputs:
        return {**inputs, "image": images[index]}

    def crop(place: Any, offset: Any) -> Any:
        return jax.lax.dynamic_slice(images, (place, offset[0], offset[1], 0), (1, CROP, CROP, 3))[0]

    return {**inputs, "image": jax.vmap(crop)(index, inputs["offset"])}


def on_devices(store: ImageStore, everywhere: NamedSharding) -> Any:
    """All images of `store` on each device, uint8 `(images, 256, 256, 3)`, put there shard by shard."""
    shape = (len(store), SIDE, SIDE, 3)
    images = jax.jit(lambda: jnp.zeros(shape, jnp.uint8), out_shardings=everywhere)()
    put = jax.jit(
        lambda images, shard, start: jax.lax.dynamic_update_slice(images, shard, (start, 0, 0, 0)), donate_argnums=0
    )
    start = 0
    for shard in store.shards:
        images = put(images, _put(np.asarray(shard), everywhere), start)
        start += len(shard)
    say(f"train: all {len(store):,} images lie on the device, {images.nbytes / 1e9:.2f} GB")
    return images


def _put(values: Any, sharding: NamedSharding) -> Any:
    """The arrays of `values` on the devices of `sharding`; of several processes each has its rows, or all."""
    if sharding.is_fully_addressable:
        return jax.device_put(values, sharding)
    make: Any = jax.make_array_from_process_local_data
    return jax.tree.map(lambda each: make(sharding, np.asarray(each)), values)


def _fits(store: ImageStore, train: TrainParams) -> bool:
    device = jax.local_devices()[0]
    if train.store_on_device != "auto":
        return train.store_on_device
    memory = device.memory_stats() if device.platform != "cpu" else None
    free = memory["bytes_limit"] - memory["bytes_in_use"] if memory else 0
    return len(store) * SIDE * SIDE * 3 <= ROOM * free


def _devices(train: TrainParams, processes: Processes) -> list[Any]:
    """
    Raises:
        UserError: as `JaxStep`.
    """
    found, count = jax.devices(), processes.count
    own = [[device for device in found if device.process_index == number] for number in range(count)]
    wanted = train.devices or len(found)
    if wanted > len(found):
        raise UserError(f"train.devices is {wanted}, and JAX sees {len(found)} here: lower it, or leave it empty")
    if len({*map(len, own)}) > 1 or wanted % count:
        raise UserError(
            f"{count} processes have {' and '.join(str(len(each)) for each in own)} devices, of which {wanted} are "
            "wanted: each must have as many, and train.devices counts those of all"
        )
    if train.batch_size % wanted:
        raise UserError(
            f"{wanted} devices cannot share batches of {train.batch_size} evenly: set train.devices, or another "
            "train.batch_size"
        )
    return [device for each in own for device in each[: wanted // count]]
