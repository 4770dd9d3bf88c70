"""What training on 1 to 512 GPUs would take, by arithmetic alone: `python -m benchmarks.on_paper` measures nothing.

Steps of data parallel training with one batch for all: each GPU computes its part, and the gradients are added up
around a ring. The two ends of a range are all of the adding hidden behind the computing, and none of it.
"""

from collections.abc import Iterator
from typing import NamedTuple

PARAMETERS = 60_965_224
"""Of the published network with 1,000 classes (tests/model/test_alexnet.py)."""
GRADIENTS = 4 * PARAMETERS
"""Bytes, float32."""
IMAGES, EPOCHS, BATCH = 1_281_167, 90, 32_768
"""ImageNet 2012's training set; the paper's epochs; the batch that You et al. trained AlexNet with."""
STORED = 256 * 256 * 3
"""Bytes of an image in the store."""
RATE = 50_000
"""Images a second on one GPU: a goal for an H100 in bfloat16, not a measurement."""
UPDATED = 5 * GRADIENTS
"""Bytes that SGD with momentum moves: weights, gradients and velocities read, weights and velocities written."""
MEMORY = 3.35e12
"""Bytes a second of an H100 SXM's memory: https://www.nvidia.com/en-us/data-center/h100/"""
GPUS_IN_A_NODE = 8
NVLINK = 450e9
"""Bytes a second, each way, between the GPUs of a node: half of the 900 GB/s that NVIDIA gives for both ways."""
NETWORKS = {"100 Gb/s": 12.5e9, "400 Gb/s": 50e9, "8 × 400 Gb/s": 400e9}
"""Bytes a second, each way, out of a node."""
NODES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Published(NamedTuple):
    """A training of AlexNet on ImageNet; the source is the abstract, or what the note says."""

    minutes: float
    epochs: int
    devices: int | None
    what: str
    source: str


PUBLISHED = (
    Published(24, 100, None, "Intel Xeon Phi; the abstract has no number", "You et al. 2017, first version"),
    Published(11, 100, 1024, "processors (2,048 Xeon Platinum 8160 in the published version)", "You et al. 2017, 2018"),
    Published(4, 95, 1024, "Tesla P40, mixed precision", "Jia et al. 2018"),
    Published(1.5, 95, 512, "Volta GPUs, 56 Gb/s, mixed precision", "Sun et al. 2019"),
)


def all_reduce(gpus: int, network: float) -> float:
    """Seconds of a ring's all-reduce: each GPU sends and receives 2(n-1)/n of the gradients over the slowest link.

    Source: https://github.com/NVIDIA/nccl-tests/blob/master/doc/PERFORMANCE.md; no latency, all of the bandwidth.
    """
    slowest = NVLINK if gpus <= GPUS_IN_A_NODE else min(NVLINK, network)
    return 2 * (gpus - 1) / gpus * GRADIENTS / slowest


def computing(gpus: int) -> float:
    """Seconds that one GPU computes in a step: its part of the batch, and the update of all weights."""
    return BATCH / gpus / RATE + UPDATED / MEMORY


def minutes(step: float) -> float:
    """Of the whole training, with so many seconds a step."""
    return EPOCHS * IMAGES / BATCH * step / 60


def span(low: float, high: float) -> str:
    """Two minutes that are printed as one where they are equal."""
    first, last = f"{low:.2g}", f"{high:.2g}"
    return first if first == last else f"{first}–{last}"


def rows() -> Iterator[list[str]]:
    """A row for each number of GPUs."""
    for gpus in NODES:
        computed = computing(gpus)
        times = [all_reduce(gpus, network) for network in NETWORKS.values()]
        read = BATCH / gpus / computed * STORED / 1e9
        yield [
            str(gpus),
            f"{BATCH // gpus:,}",
            f"{computed * 1e3:.1f}",
            *[f"{time * 1e3:.1f}" for time in times],
            *[span(minutes(max(computed, time)), minutes(computed + time)) for time in times],
            f"{read * min(gpus, GPUS_IN_A_NODE):.0f}",
            f"{read * gpus:,.0f}",
        ]


def table(heads: list[str], lines: Iterator[list[str]]) -> str:
    """In Markdown."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, ["---"] * len(heads), *lines])


def main() -> None:
    """Print both tables."""
    heads = ["GPUs", "images each", "computing, ms", *[f"all-reduce, {name}, ms" for name in NETWORKS]]
    heads += [f"minutes, {name}" for name in NETWORKS]
    print(table([*heads, "store, GB/s a node", "all nodes"], rows()), end="\n\n")
    published = (
        [f"{run.minutes:g}", str(run.epochs), str(run.devices or ""), run.what, run.source, *speed(run)]
        for run in PUBLISHED
    )
    print(table(["minutes", "epochs", "devices", "of", "source", "images/s", "each"], published))


def speed(run: Published) -> list[str]:
    """Images a second, of all devices and of one."""
    total = run.epochs * IMAGES / run.minutes / 60
    return [f"{total:,.0f}", f"{total / run.devices:,.0f}" if run.devices else ""]


if __name__ == "__main__":
    main()
