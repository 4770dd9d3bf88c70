"""The HTTP service under load, beside a plain loop of ONNX Runtime on the same model and photographs.

    python -m benchmarks.serving --model models/alexnet.keras
    python -m benchmarks.serving --model models/alexnet.keras --overload 10

The first takes turns: the loop, one photograph at a time and 16 together; then 1, 8 and 64 clients, each of which sends
one photograph and waits for its answer. The second asks for twice what 64 clients got, whatever comes back, and checks
every answer. Clients work on the same machine, and take of its processors what a request costs them.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from alexnet_pipe.datasets.folder import walk
from alexnet_pipe.datasets.sample.sample_source import photograph
from alexnet_pipe.evaluation.ten_views import Network, ten_view_answers
from alexnet_pipe.inference.batching import TOGETHER
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.portable.network import open_network
from alexnet_pipe.serving.named_files import pixels_of
from alexnet_pipe.serving.predictions import by_name
from benchmarks.measure import processor

CLIENTS = (1, 8, 64)
_DRAWN = 64
_OUTSTANDING = 1000
"""Requests that wait for an answer at most: beyond them the load is less than it should be, and says so."""

_TOLERANCE = 1e-5


@dataclass
class Load:
    """What came back."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: int = 0

    def line(self, elapsed: float) -> str:
        """Requests a second, and how long half and 99 of 100 took."""
        middle, late = (1000 * float(np.percentile(self.seconds, share)) for share in (50, 99))
        others = {status: count for status, count in self.statuses.items() if status != "200"}
        return f"{len(self.seconds) / elapsed:8.1f}/s   median {middle:8.1f} ms   99 % {late:8.1f} ms   {others or ''}"


class Client:
    """Asks a service for photographs, and knows what it must say."""

    def __init__(
        self, http: httpx.AsyncClient, contents: Sequence[bytes], expected: Sequence[dict[str, float]]
    ) -> None:
        self._http = http
        self._contents = contents
        self._expected = expected

    async def ask(self, number: int, load: Load) -> None:
        """Send one of the photographs, and note what comes."""
        number %= len(self._contents)
        started = time.perf_counter()
        try:
            answer = await self._http.post("/predict", params={"top": 10**5}, content=self._contents[number])
        except httpx.HTTPError as error:
            load.statuses[type(error).__name__] += 1
            return
        load.statuses[str(answer.status_code)] += 1
        if answer.status_code == 200:
            load.seconds.append(time.perf_counter() - started)
            load.wrong += not self._is_right(answer.json()["photographs"][0], number)
        elif answer.status_code == 429:
            load.wrong += int(answer.headers.get("Retry-After", 0)) < 1

    def _is_right(self, row: dict[str, Any], number: int) -> bool:
        told = dict(zip(row["classes"], row["probabilities"], strict=True))
        expected = self._expected[number]
        return told.keys() == expected.keys() and all(
            abs(told[name] - share) <= _TOLERANCE for name, share in expected.items()
        )


async def closed_loop(client: Client, clients: int, seconds: float) -> tuple[Load, float]:
    """So many clients, each of which asks again as soon as it is answered."""
    load, started = Load(), time.perf_counter()

    async def go_on(first: int) -> None:
        number = first
        while time.perf_counter() - started < seconds:
            await client.ask(number, load)
            number += clients

    await asyncio.gather(*map(go_on, range(clients)))
    return load, time.perf_counter() - started


async def open_loop(client: Client, rate: float, minutes: float, service: psutil.Process) -> tuple[Load, int]:
    """So many requests a second, answered or not; what came back, and how many could not be sent in time."""
    load, late, asked = Load(), 0, 0
    tasks: set[asyncio.Task[None]] = set()
    started, said = time.perf_counter(), 0.0
    while (now := time.perf_counter() - started) < 60 * minutes:
        if now >= said:
            say_memory(now, service, load)
            said += max(1.0, 60 * minutes / 20)
        due = int(now * rate)
        for number in range(asked, due):
            if len(tasks) >= _OUTSTANDING:
                late += 1
                continue
            task = asyncio.create_task(client.ask(number, load))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        asked = due
        await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    say_memory(time.perf_counter() - started, service, load)
    return load, late


def say_memory(seconds: float, service: psutil.Process, load: Load) -> None:
    """A line of how it is."""
    memory = service.memory_info().rss + sum(child.memory_info().rss for child in service.children())
    print(f"  {seconds:7.1f} s   {memory / 2**20:7.0f} MiB   {dict(load.statuses)}", flush=True)


def plain_loop(network: Network, contents: Sequence[bytes], together: int, seconds: float) -> float:
    """Photographs a second, decoded and computed in one thread after the other."""
    params, done, started = ResizeParams.model_validate(network.resize), 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        batch = [contents[(done + n) % len(contents)] for n in range(together)]
        ten_view_answers(network, np.stack([pixels_of(content, params) for content in batch]))
        done += together
    return done / (time.perf_counter() - started)


@contextmanager
def served(model: Path, queue: int) -> Iterator[tuple[str, psutil.Process]]:
    """The service's address and process, for this block."""
    command = [sys.executable, "-m", "alexnet_pipe", "serve-model", str(model), "--port", "0", "--queue", str(queue)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        while line and "(Ctrl-C ends it)" not in line:
            line = process.stdout.readline()
        assert line, "the service did not start"
        try:
            yield line.rpartition(" at ")[2].split()[0], psutil.Process(process.pid)
        finally:
            process.terminate()


@asynccontextmanager
async def asking(address: str, network: Network, contents: Sequence[bytes]) -> AsyncIterator[Client]:
    """Clients that know what a photograph's answer is."""
    params = ResizeParams.model_validate(network.resize)
    images = (pixels_of(content, params)[None] for content in contents)
    shares = [by_name(network.classes, ten_view_answers(network, each)[0]) for each in images]
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=None, trust_env=False) as http:
        yield Client(http, contents, shares)


async def measure(options: argparse.Namespace, contents: Sequence[bytes]) -> bool:
    """Print the measures; whether every answer was right."""
    network, seconds = open_network(options.model), options.seconds
    print(f"{options.model} on {processor()}; {len(contents)} photographs, {seconds:g} s each")
    loads: list[Load] = []
    with served(options.model, options.queue) as (address, process):
        async with asking(address, network, contents) as client:
            if options.overload:
                found, elapsed = await closed_loop(client, CLIENTS[-1], seconds)
                rate = 2 * found.statuses["200"] / elapsed
                print(f"{CLIENTS[-1]} clients {found.line(elapsed)}; now {rate:.1f}/s are asked for")
                load, late = await open_loop(client, rate, options.overload, process)
                print(f"  {load.wrong} wrong; {late} could not be sent in time")
                loads += [found, load]
            for turn in range(0 if options.overload else options.turns):
                for together in (1, TOGETHER):
                    rate = plain_loop(network, contents, together, seconds)
                    print(f"{turn + 1}. plain loop of {together:2} {rate:8.1f}/s", flush=True)
                for clients in CLIENTS:
                    load, elapsed = await closed_loop(client, clients, seconds)
                    print(f"{turn + 1}. {clients:2} clients    {load.line(elapsed)}", flush=True)
                    loads.append(load)
    others = {status for load in loads for status in load.statuses} - {"200", "429"}
    return not others and not any(load.wrong for load in loads)


def photographs(folder: Path | None) -> list[bytes]:
    """Those in `folder`; without one, some of the sample's."""
    if folder:
        return [file.read_bytes() for _, file in sorted(walk(folder).files.items())]
    return [photograph("ring", number)[1] for number in range(1, _DRAWN + 1)]


def main() -> None:
    """Measure as the command line says; status 1 if any answer was wrong, or an error that is not 429."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/alexnet.keras"))
    parser.add_argument("--photographs", type=Path, metavar="FOLDER", help="that are sent; else drawn ones")
    parser.add_argument("--seconds", type=float, default=20, help="of each measure")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--queue", type=int, default=256, help="as of serve-model")
    parser.add_argument("--overload", type=float, metavar="MINUTES", help="ask for twice what it can do")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        sys.exit(0 if asyncio.run(measure(options, photographs(options.photographs))) else 1)


if __name__ == "__main__":
    main()
