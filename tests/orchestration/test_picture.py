"""The picture of a run shows every stage, where it stands and what became of it."""

from matplotlib.patches import FancyArrowPatch

from alexnet_pipe.orchestration.stages import duration, pipeline_picture
from alexnet_pipe.project.dvc import Outcome, StageRun

GRAPH = {
    "resize": frozenset[str](),
    "mean": frozenset({"resize"}),
    "pca": frozenset({"resize"}),
    "train": frozenset({"resize", "mean", "pca"}),
}
RUNS = {
    "resize": StageRun(Outcome.CACHED, 1.25),
    "mean": StageRun(Outcome.RAN, 7_200.0),
    "pca": StageRun(Outcome.FAILED, 0.0, "no images"),
    "train": StageRun(Outcome.NOT_REACHED, 0.0),
}


def test_stages_stand_right_of_what_they_need_and_side_by_side_if_neither_needs_the_other() -> None:
    axes = pipeline_picture(GRAPH, RUNS).axes[0]
    places = {text.get_text(): text.get_position() for text in axes.texts if text.get_text() in GRAPH}
    assert places["resize"][0] < places["mean"][0] == places["pca"][0] < places["train"][0]
    assert places["mean"][1] > places["pca"][1]


def test_outcomes_and_times_are_told() -> None:
    texts = {text.get_text() for text in pipeline_picture(GRAPH, RUNS).axes[0].texts}
    assert {"from the cache\n1.2 s", "ran\n2.0 h", "failed", "not reached"} <= texts


def test_an_arrow_that_a_longer_way_replaces_is_left_out() -> None:
    axes = pipeline_picture(GRAPH, RUNS).axes[0]
    arrows = [text for text in axes.texts if isinstance(getattr(text, "arrow_patch", None), FancyArrowPatch)]
    assert len(arrows) == 4  # Not the one from resize to train.


def test_times_are_told_as_people_do() -> None:
    assert [duration(seconds) for seconds in (0.04, 59.4, 90, 5_900, 7_200)] == [
        "0.0 s",
        "59.4 s",
        "2 min",
        "98 min",
        "2.0 h",
    ]


def test_a_single_stage_is_a_picture_too() -> None:
    figure = pipeline_picture({"resize": frozenset()}, {"resize": RUNS["resize"]})
    assert figure.axes[0].texts[0].get_text() == "resize"
