"""The simulation on paper is the arithmetic that docs/scale.md says it is, and its tables are those of the command."""

from pathlib import Path

import pytest

from benchmarks import on_paper

DOCUMENT = Path(__file__).parents[2] / "docs/scale.md"


def test_two_gpus_send_half_of_the_gradients_twice() -> None:
    assert on_paper.all_reduce(2, 1e9) == pytest.approx(on_paper.GRADIENTS / on_paper.NVLINK)


def test_one_gpu_sends_nothing() -> None:
    assert on_paper.all_reduce(1, 1e9) == 0


def test_between_nodes_the_network_is_the_slowest_link() -> None:
    gradients, network = 244e6, 12.5e9
    assert on_paper.all_reduce(16, network) == pytest.approx(2 * 15 / 16 * gradients / network, rel=1e-3)


def test_the_gradients_are_those_of_the_published_network() -> None:
    assert pytest.approx(244e6, rel=1e-3) == on_paper.GRADIENTS


def test_the_document_has_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    on_paper.main()
    printed = [line for line in capsys.readouterr().out.splitlines() if line]
    assert len(printed) == 2 + len(on_paper.NODES) + 2 + len(on_paper.PUBLISHED)
    written = DOCUMENT.read_text(encoding="utf-8").splitlines()
    assert [line for line in printed if line not in written] == []
