"""The widest network that has time to learn is chosen, and what was chosen is told."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.experiments.fitting import Machine, Photographs, fitted, photographs_of, this_machine
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.params.load import Params

CATS_AND_DOGS = Photographs(training=3240, validation=360, test=400, classes=2)
TWO_CORES = Machine(rate=400, bfloat16=False, processes=2)


def chosen(minutes: float, found: Photographs = CATS_AND_DOGS, machine: Machine = TWO_CORES) -> Params:
    return fitted(Params(), found, machine, minutes)[0]


def test_more_time_or_a_faster_machine_gives_a_wider_network() -> None:
    widths = [chosen(minutes).model.width for minutes in (5, 10, 20, 60)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1] == 1
    assert chosen(5, machine=Machine(4000, True, 2)).model.width > widths[0]
    assert chosen(5, machine=Machine(4000, True, 2)).train.precision == "mixed_bfloat16"


@pytest.mark.parametrize("minutes", [3, 10, 40, 200])
def test_the_time_is_kept_by_the_model_of_the_cost(minutes: float) -> None:
    params = chosen(minutes)
    step = 0.60 * params.model.width + 3.53 * params.model.width**2
    seconds = params.train.max_epochs * step * (3240 + 360 / 3) / 400 + 11 * 400 * step / 3 / 400
    assert seconds < minutes * 60 - 60


def test_small_sets_get_small_batches_and_many_epochs() -> None:
    few = chosen(30, Photographs(300, 33, 80, 5))
    assert few.train.batch_size == 32
    assert few.train.max_epochs * 300 / 32 >= 3000
    assert chosen(600, Photographs(60_000, 6_000, 10_000, 100)).train.batch_size == 128


def test_what_was_chosen_is_one_line_and_too_little_time_is_said() -> None:
    line = fitted(Params(), CATS_AND_DOGS, TWO_CORES, 1.5)[1]
    assert line.startswith(
        "About 3,240 training images of 2 classes, 1.5 minutes here: width 0.125, batches of 32, at most "
    )
    assert line.endswith("would be better: name more minutes")
    with pytest.raises(UserError, match="--minutes 1: too few for start, preparation and one epoch"):
        chosen(1)


def test_a_folder_is_counted_without_being_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for label in ("cat", "dog"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(50):
            (tmp_path / f"photos/{label}/{number}.jpg").write_bytes(b"")
    dataset = DatasetParams(source="directory", location="photos", test_share=0.2, validation_share=0.1)
    assert photographs_of(dataset) == Photographs(training=72, validation=8, test=20, classes=2)


def test_this_machine_multiplies() -> None:
    assert this_machine().rate > 0
