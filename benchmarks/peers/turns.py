"""Peers by turns, so that what else the machine does falls on all of them; whoever fails has a row all the same."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.measure import Times
from benchmarks.peers.peer import Entry, Peer, PeerError, Repetition


@dataclass(frozen=True)
class Row:
    """What came of an entry.

    Attributes:
        turns: All of its repetitions, if it has not failed.
        failure: Why it has failed, in one line.
    """

    entry: Entry
    turns: Sequence[Repetition] = ()
    threads: str = ""
    versions: Mapping[str, str] | None = None
    failure: str | None = None

    @property
    def times(self) -> Times:
        """Seconds of each repetition."""
        return Times(tuple(turn.seconds for turn in self.turns))

    @property
    def rate(self) -> float:
        """Images a second, of the median."""
        return self.turns[0].images / self.times.median


def by_turns(entries: Sequence[Entry], repeats: int) -> list[Row]:
    """A row an entry, in their order; all are started first, and then a round asks every one once.

    The starts go one after the other, and while one peer works, the others stand still.
    """
    with ExitStack() as running:
        peers: dict[int, Peer] = {}
        failures: dict[int, str] = {}
        for number, entry in enumerate(entries):
            _say(f"{entry.name}: starts")
            try:
                peers[number] = running.enter_context(Peer(entry))
            except PeerError as error:
                failures[number] = str(error)
                _say(f"{entry.name}: {error}")
        turns = _rounds(peers, failures, repeats)
        return [
            Row(entry, failure=failures[number])
            if number in failures
            else Row(entry, turns[number], peers[number].threads, peers[number].versions)
            for number, entry in enumerate(entries)
        ]


def _rounds(peers: Mapping[int, Peer], failures: dict[int, str], repeats: int) -> dict[int, list[Repetition]]:
    turns: dict[int, list[Repetition]] = {number: [] for number in peers}
    for turn in range(repeats):
        _say(f"round {turn + 1} of {repeats}")
        for number, peer in peers.items():
            if number in failures:
                continue
            try:
                turns[number].append(peer.repeat())
            except PeerError as error:
                failures[number] = f"in round {turn + 1}: {error}"
    return turns


def _say(text: str) -> None:
    print(f"peers: {text}", file=sys.stderr, flush=True)
