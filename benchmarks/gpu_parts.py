"""What `benchmarks.gpu` measures on a card, each part in a process of its own: JAX by itself, PyTorch by itself."""

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.gpu_profile import layer_times

BLOCKS = 5
"""How often the images a second of a work are measured: their median counts, and lowest and highest are told."""

Row = dict[str, Any]
"""What was measured; `images` or `operations` a second is a list, an entry a block."""
Call = Callable[[], object]


PRECISIONS = {
    # By name: Keras' policy, and JAX's precision of products.
    "bf16": ("mixed_bfloat16", "default"),
    "TF32": ("float32", "tensorfloat32"),
    "float32": ("float32", "highest"),
}


@dataclass(frozen=True)
class Size:
    """How large a measurement is; the small one shows on any processor that all of it works."""

    width: float = 1.0
    batches: tuple[int, ...] = (1024, 128, 2048, 512, 256)
    matrix: int = 8192
    block_seconds: float = 0.4
    images: int = 2048
    steps: int = 40


CLASSES = 1000
SIZES = {"full": Size(), "small": Size(0.05, (2,), 256, 0.01, 8, 2)}


def timed(call: Call, wait: Callable[[object], object], size: Size) -> tuple[list[float], float | None]:
    """Calls a second of each block, and the card's mean power in watts if `nvidia-smi` tells it.

    `wait` returns when what a call gave has been computed. No call waits for the one before it.
    """
    for _ in range(2):
        wait(call())
    started = time.perf_counter()
    wait(call())
    calls = max(1, round(size.block_seconds / (time.perf_counter() - started)))
    rates = []
    with power() as watts:
        for _ in range(BLOCKS):
            started = time.perf_counter()
            for _ in range(calls):
                last = call()
            wait(last)
            rates.append(calls / (time.perf_counter() - started))
    return rates, sum(watts) / len(watts) if watts else None


@contextmanager
def power() -> Iterator[list[float]]:
    """Gives a list that has, once the block has ended, what the card drew meanwhile, in watts, every 50 ms."""
    command = ["nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits", "--loop-ms=50", "--id=0"]
    watts: list[float] = []
    try:
        asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except FileNotFoundError:
        yield watts
        return
    try:
        yield watts
    finally:
        asked.terminate()
        said = asked.communicate()[0].splitlines()
        watts.extend(float(line) for line in said if line.strip().replace(".", "", 1).isdigit())


def jax_works(
    precisions: Sequence[str], size: Size, photographs: Path | None
) -> Iterator[tuple[Row, Callable[[], Row]]]:
    """What is measured with JAX, the most telling first: what is said of a work, and what does it."""
    for precision in precisions:
        yield {"work": "matmul", "engine": "JAX", "precision": precision}, partial(_matmul, precision, size)
    for number, batch in enumerate(size.batches):
        for precision in precisions:
            said = {"work": "step", "engine": "JAX", "precision": precision, "batch": batch}
            yield said, partial(_step, precision, batch, size)
        if number == 0 and "bf16" in precisions:
            said = {"work": "profile", "engine": "JAX", "precision": "bf16", "batch": batch}
            yield said, partial(_profile, "bf16", batch, size)
            said = {**said, "work": "step"}
            sources = {"the drawn sample": None, **({"photographs": photographs} if photographs else {})}
            for name, source in sources.items():
                for held in (True, False):
                    where = "on the card" if held else "in the host's memory"
                    told = {**said, "work": f"training, {name} {where}"}
                    yield told, partial(_end_to_end, source, held, batch, size)


def _matmul(precision: str, size: Size) -> Row:
    import jax
    import jax.numpy as jnp

    dtype = jnp.bfloat16 if precision == "bf16" else jnp.float32
    left, right = jax.random.normal(jax.random.key(0), (2, size.matrix, size.matrix), dtype)
    with jax.default_matmul_precision(PRECISIONS[precision][1]):
        rates, watts = timed(lambda: jax.jit(jnp.matmul)(left, right), jax.block_until_ready, size)
    return {"operations": [2.0 * size.matrix**3 * rate for rate in rates], "watts": watts}


def _model(precision: str, size: Size, classes: Sequence[str]) -> Any:
    import keras

    from alexnet_pipe.model.classifier import Classifier
    from alexnet_pipe.model.forms import fastest_forms

    keras.config.set_dtype_policy(PRECISIONS[precision][0])
    return Classifier(classes, forms=fastest_forms(), width=size.width, initialisation="bvlc", seed=0)


def _step(precision: str, batch: int, size: Size) -> Row:
    """The trainer's own step on one batch that lies on the card, again and again; the last loss of a block is read."""
    import jax

    from benchmarks.step import operations

    step, inputs, labels = _step_and_batch(precision, batch, size)
    with jax.default_matmul_precision(PRECISIONS[precision][1]):
        rates, watts = timed(lambda: step(inputs, labels, 0.001)["loss"], _number, size)
    work = operations("paper", batch, size.width)
    return _images(rates, batch, watts) | {"operations": [work * rate for rate in rates]}


def _profile(precision: str, batch: int, size: Size) -> Row:
    """Where the time of such a step goes, in milliseconds by layer."""
    import jax

    step, inputs, labels = _step_and_batch(precision, batch, size)
    with jax.default_matmul_precision(PRECISIONS[precision][1]):
        for _ in range(2):
            step(inputs, labels, 0.001)
        text = step.compiled_text(inputs, labels)
        return {"layers": layer_times(lambda: step(inputs, labels, 0.001)["loss"], text, size.steps)}


def _step_and_batch(precision: str, batch: int, size: Size) -> tuple[Any, Any, Any]:
    import jax
    import numpy as np
    import pandas as pd

    from alexnet_pipe.inputs.stream import TrainingStream
    from alexnet_pipe.params.train import TrainParams
    from alexnet_pipe.store.image_store import ImageStore
    from alexnet_pipe.training.optimizers import compile_for_training, training_step
    from benchmarks.step import constant_batch

    train = TrainParams(backend="jax", batch_size=batch, devices=1, store_on_device=False)
    classes = [f"{n}" for n in range(CLASSES)]
    unread = ImageStore(classes, pd.DataFrame({"label": np.zeros(batch, int)}), [])
    learner = compile_for_training(_model(precision, size, classes), train)
    step = training_step(learner, TrainingStream(unread, np.eye(3), train))
    return step, *jax.device_put(constant_batch(batch))


def _end_to_end(photographs: Path | None, held: bool, batch: int, size: Size) -> Row:
    """The trainer's loop on images that were made 256×256 beforehand; validation and checkpoints are not counted."""
    import numpy as np

    from alexnet_pipe.base.paths import Artifacts
    from alexnet_pipe.inputs.stream import TrainingStream
    from alexnet_pipe.params.train import TrainParams
    from alexnet_pipe.training.checkpoints import Checkpoints
    from alexnet_pipe.training.records import Records
    from alexnet_pipe.training.state import Validation
    from alexnet_pipe.training.trainer import Trainer

    class Epochs(TrainingStream):
        def first_step(self, epoch: float) -> int:
            return int(size.steps * epoch)

    class WithoutValidation(Trainer):
        def validate(self, between: Call) -> Validation:
            return Validation(1.0, 1.0)

    images = image_store(photographs, size.images)
    epochs = BLOCKS + 1  # The first one compiles.
    train = TrainParams(
        backend="jax",
        batch_size=min(batch, len(images)),
        devices=1,
        store_on_device=held,
        learning_rate=0.001,
        max_epochs=epochs,
        patience=epochs,
        on_flat_loss="warn",
    )
    model = _model("bf16", size, images.classes)
    with tempfile.TemporaryDirectory() as folder:
        records = Records(Artifacts(Path(folder)), Checkpoints(Path(folder) / "kept"))
        trainer = WithoutValidation(model, Epochs(images, np.eye(3), train), images, records, train)
        rates = [epoch.images_per_second for epoch in trainer.run().history[1:]]
    return {"images": rates, "watts": None, "batch": train.batch_size}


@cache
def image_store(photographs: Path | None, most: int) -> Any:
    """At most so many JPEGs as the pipeline makes them 256×256: of the drawn sample, or below a folder of classes."""
    import numpy as np
    import pandas as pd

    from alexnet_pipe.cluster.pool import process_pool
    from alexnet_pipe.datasets.sample.sample_source import CLASSES, format_of
    from alexnet_pipe.store.image_store import ImageStore

    if photographs:
        paths = [path for path in sorted(photographs.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg")]
        paths = paths[:: max(1, len(paths) // most)][:most]
        classes = sorted({path.parent.name for path in paths})
        works: list[Any] = [(path.parent.name, path) for path in paths]
    else:
        classes = list(CLASSES)
        numbers = [(name, index) for index in range(1, 1 + most) for name in classes]
        works = [work for work in numbers if format_of(classes.index(work[0]), work[1]) == "jpeg"][:most]
    with process_pool(len(works)) as pool:
        made = _made(pool, works)
    labels = [classes.index(name) for (name, _), image in zip(works, made, strict=True) if image is not None]
    images = np.stack([image for image in made if image is not None])
    return ImageStore(classes, pd.DataFrame({"label": labels}), [images])


def _made(pool: Executor, works: Sequence[Any]) -> list[Any]:
    return list(pool.map(_small, works, chunksize=8))


def _small(work: tuple[str, Any]) -> Any:
    """uint8 `(256, 256, 3)`; None for a file that is refused."""
    from alexnet_pipe.datasets.sample.sample_source import photograph
    from alexnet_pipe.params.resize import ResizeParams
    from alexnet_pipe.preparation.decode import decode, resize
    from alexnet_pipe.preparation.formats import RefusedError

    name, which = work
    content = which.read_bytes() if isinstance(which, Path) else photograph(name, which)[1]
    try:
        return resize(decode(content, ResizeParams()).image, "crop")
    except RefusedError:
        return None


def _images(rates: list[float], batch: int, watts: float | None) -> Row:
    return {"images": [batch * rate for rate in rates], "watts": watts}


def torch_works(size: Size) -> Iterator[tuple[Row, Callable[[], Row]]]:
    """The same for PyTorch, all in the layout that its convolutions like best: how it comes, and compiled."""
    for batch in size.batches[:2]:
        for precision in ("bf16", "TF32"):
            for how, mode in (("compiled", "default"), ("compiled, CUDA graphs", "reduce-overhead"), ("eager", None)):
                said = {"work": f"step, {how}", "engine": "PyTorch", "precision": precision, "batch": batch}
                yield said, partial(_torch_step, precision, mode, batch, size)


def _torch_step(precision: str, mode: str | None, batch: int, size: Size) -> Row:
    import torch

    from alexnet_pipe.params.model import kernel_shapes
    from benchmarks.peers.torch_network import network as torch_network

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
    network = torch_network(kernel_shapes("paper", size.width, CLASSES), "banded").to(
        device, memory_format=torch.channels_last
    )
    optimizer = torch.optim.SGD(network.parameters(), 0.001, momentum=0.9, weight_decay=0.0005, fused=True)
    images = torch.randint(256, (batch, 3, 227, 227), dtype=torch.uint8, device=device)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(CLASSES, (batch,), device=device)

    def loss_of(images: Any) -> Any:
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
            return torch.nn.functional.cross_entropy(network(images.float() - 128), labels)

    forward = loss_of if mode is None else torch.compile(loss_of, mode=mode)

    def call() -> Any:
        optimizer.zero_grad()
        loss = forward(images)
        loss.backward()
        optimizer.step()
        return loss

    rates, watts = timed(call, _number, size)
    return _images(rates, batch, watts)


def _number(loss: Any) -> float:
    return float(loss)


def settle_torch() -> Row:
    """What PyTorch computes on.

    Raises:
        ImportError: if there is none.
    """
    import torch

    card = torch.cuda.is_available()
    name = torch.cuda.get_device_name() if card else "cpu"
    return {"work": "card", "engine": "PyTorch", "name": name, "by": f"PyTorch {torch.__version__}"}


def tidy() -> None:
    """Forget what the last work has compiled, and give its memory back."""
    if "jax" in sys.modules:
        import keras

        jax: Any = sys.modules["jax"]
        keras.utils.clear_session()
        jax.clear_caches()
    gc.collect()
    if "torch" in sys.modules:
        import torch

        torch.compiler.reset()
        torch.cuda.empty_cache()


def settle_jax(compiled: str) -> Row:
    """Before anything is computed: the backend, and a folder for what is compiled, which two works may have in common.

    Returns:
        What the card is.
    """
    os.environ["KERAS_BACKEND"] = "jax"
    jax: Any = import_module("jax")
    keras: Any = import_module("keras")
    jax.config.update("jax_compilation_cache_dir", compiled)
    device = jax.devices()[0]
    return {
        "work": "card",
        "engine": "JAX",
        "name": device.device_kind,
        "by": f"JAX {jax.__version__}, Keras {keras.version()}",
    }
