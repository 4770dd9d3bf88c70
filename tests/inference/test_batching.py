"""Photographs that wait together are computed together, each gets its own answer, and no more wait than may."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from alexnet_pipe.inference.batching import TOGETHER, Batches, FullError
from alexnet_pipe.inference.measures import Measures
from alexnet_pipe.preparation.formats import RefusedError
from tests.inference.services import photograph
from tests.patience import HANGS

FAULT = 13


class Gated:
    """A network that says how bright an image is, as soon as it may, and notes how many it was given at a time."""

    classes = ("dark", "bright")
    weights_digest = "0" * 64
    temperatures = (1.0, 1.0)
    summary = None

    def __init__(self) -> None:
        self.resize = {"policy": "crop", "background": "white"}
        self.gate = threading.Event()
        self.given: list[int] = []

    def outputs(self, images: NDArray[np.uint8], views: Sequence[object]) -> tuple[NDArray[np.float32], ...]:
        self.given.append(len(images))
        assert self.gate.wait(HANGS)
        if (images[:, 0, 0, 0] == FAULT).any():
            raise ValueError("thirteen")
        brightness = images[:, 0, 0, 0].astype(np.float32) / 255
        logits = np.stack([np.zeros_like(brightness), brightness], axis=1)
        return np.stack([logits] * len(views)), np.zeros((len(views), len(images), 1), np.float32)


def image(brightness: int) -> NDArray[np.uint8]:
    return np.full((256, 256, 3), brightness, np.uint8)


def expected(brightness: int) -> list[float]:
    odds = np.exp(brightness / 255)
    return [1 / (1 + odds), odds / (1 + odds)]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(HANGS):
        while not condition():
            await asyncio.sleep(0.001)


def run(work: Callable[[Batches, Gated], Awaitable[None]], queue: int = 100) -> None:
    async def inside() -> None:
        batches, network = Batches(queue, HANGS, Measures()), Gated()
        async with batches.working():
            try:
                await work(batches, network)
            finally:
                network.gate.set()

    asyncio.run(inside())


def test_what_comes_while_a_batch_is_computed_is_the_next_batch() -> None:
    async def work(batches: Batches, network: Gated) -> None:
        first = asyncio.create_task(batches.answers(network, [image(1)]))
        await until(lambda: network.given)
        others = [asyncio.create_task(batches.answers(network, [image(n), image(n + 1)])) for n in (20, 40, 60)]
        await until(lambda: len(batches._ready) == 6)
        network.gate.set()
        found = np.concatenate([await task for task in (first, *others)])
        assert network.given == [1, 6]
        np.testing.assert_allclose(found, [expected(n) for n in (1, 20, 21, 40, 41, 60, 61)], rtol=1e-6)

    run(work)


def test_a_batch_has_a_bound_and_one_network() -> None:
    async def work(batches: Batches, network: Gated) -> None:
        other = Gated()
        other.gate.set()
        asked = [(network, 100 + n) for n in range(TOGETHER + 4)] + [(other, 20), (network, 21)]
        tasks = [asyncio.create_task(batches.answers(of, [image(n)])) for of, n in asked]
        await until(lambda: sum(network.given) + len(batches._ready) == len(asked))
        network.gate.set()
        found = [(await task)[0] for task in tasks]
        assert max(network.given) <= TOGETHER
        assert sum(network.given) == TOGETHER + 5
        assert other.given == [1]
        np.testing.assert_allclose(found, [expected(n) for _, n in asked], rtol=1e-6)

    run(work)


def test_more_than_may_wait_are_refused_and_no_answer_is_lost_or_wrong() -> None:
    async def work(batches: Batches, network: Gated) -> None:
        held = [asyncio.create_task(batches.answers(network, [image(n)])) for n in (1, 2, 3)]
        await until(lambda: network.given)
        for photographs in ([image(4)], [image(4), image(5)]):
            with pytest.raises(FullError) as full:
                await batches.answers(network, photographs)
            assert 1 <= full.value.seconds <= 60
        network.gate.set()
        np.testing.assert_allclose([(await task)[0] for task in held], [expected(n) for n in (1, 2, 3)], rtol=1e-6)
        # As soon as they are answered there is room for as many again.
        assert len(await batches.answers(network, [image(4), image(5), image(6)])) == 3

    run(work, queue=3)


def test_a_network_that_has_become_slow_lets_one_in_at_a_time_until_it_is_fast_again() -> None:
    async def work(batches: Batches, network: Gated) -> None:
        batches._pace = HANGS
        first = asyncio.create_task(batches.answers(network, [image(1)]))
        await until(lambda: network.given)
        with pytest.raises(FullError) as full:
            await batches.answers(network, [image(2)])
        assert full.value.seconds == 60
        network.gate.set()
        await first
        while batches._pace > 1:
            await batches.answers(network, [image(3)])
        assert len(await asyncio.gather(*(batches.answers(network, [image(n)]) for n in (4, 5, 6)))) == 3

    run(work)


def test_who_gives_up_waits_no_longer_and_is_not_computed() -> None:
    async def work(batches: Batches, network: Gated) -> None:
        first = asyncio.create_task(batches.answers(network, [image(1)]))
        await until(lambda: network.given)
        gone = asyncio.create_task(batches.answers(network, [image(2), image(3)]))
        never_began = asyncio.create_task(batches.answers(network, [image(4)]))
        await until(lambda: len(batches._ready) == 3)
        for task in (gone, never_began):
            task.cancel()
        await asyncio.wait([gone, never_began])
        last = asyncio.create_task(batches.answers(network, [image(5), image(6), image(7)]))
        await until(lambda: len(batches._ready) == 6)
        network.gate.set()
        np.testing.assert_allclose([*await first, *await last], [expected(n) for n in (1, 5, 6, 7)], rtol=1e-6)
        assert network.given == [1, 3]

    run(work, queue=4)


def test_a_request_that_is_cancelled_before_it_begins_leaves_its_place() -> None:
    async def work(batches: Batches, network: Gated) -> None:
        network.gate.set()
        for _ in range(3):
            task = asyncio.create_task(batches.answers(network, [image(1), image(2)]))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        assert len(await batches.answers(network, [image(1), image(2)])) == 2

    run(work, queue=2)


def test_one_that_the_network_fails_on_is_no_error_of_the_others() -> None:
    async def work(batches: Batches, network: Gated) -> None:
        first = asyncio.create_task(batches.answers(network, [image(1)]))
        await until(lambda: network.given)
        good = asyncio.create_task(batches.answers(network, [image(2)]))
        bad = asyncio.create_task(batches.answers(network, [image(FAULT), image(3)]))
        await until(lambda: len(batches._ready) == 3)
        network.gate.set()
        np.testing.assert_allclose([*await first, *await good], [expected(1), expected(2)], rtol=1e-6)
        with pytest.raises(ValueError, match="thirteen"):
            await bad
        np.testing.assert_allclose(await batches.answers(network, [image(9)]), [expected(9)], rtol=1e-6)

    run(work)


def test_a_photograph_that_is_refused_is_an_answer() -> None:
    async def work(batches: Batches, network: Gated) -> None:
        network.gate.set()
        found = await batches.answers(network, [b"nothing", photograph(1), b""])
        assert [isinstance(answer, RefusedError) for answer in found] == [True, False, True]
        assert str(found[0]) == "not an image: no decoder knows it"

    run(work)
