"""A set of configurations is checked before anything runs, and names what is wrong."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.experiments.configurations import all_params, load_configurations
from alexnet_pipe.params.load import Params, load_params

ROOT = Path(__file__).parents[2]


def planned(root: Path, name: str, seeds: list[int]) -> dict[tuple[str, int], Params]:
    return all_params(root, name, load_configurations(root, name), seeds)


def write_set(root: Path, content: str, params: str = "{}") -> None:
    (root / "conf/experiments").mkdir(parents=True)
    (root / "conf/experiments/mine.yaml").write_text(content)
    (root / "params.yaml").write_text(params)


def test_the_papers_ablations_fit_the_parameters_and_have_its_claims() -> None:
    found = load_configurations(ROOT, "ablations")
    assert {name: each.claim for name, each in found.items()} == {
        "published": {},
        "one-view": {"top1": 1.5, "top5": 1.3},
        "no-normalization": {"top1": 1.4, "top5": 1.2},
        "non-overlapping-pooling": {"top1": 0.4, "top5": 0.3},
        "no-colour-shift": {"top1": "> 1"},
        "no-random-crops": {},
        "no-mirror-images": {},
        "no-dropout": {},
        "one-gpu": {"top1": 1.7, "top5": 1.2},
        "single-tower": {},
    }
    all_of_them = planned(ROOT, "ablations", [2012])
    assert all_of_them["published", 2012] == load_params(ROOT / "params.yaml")
    assert all_of_them["one-view", 2012] == all_of_them["published", 2012]
    assert len({each.model_dump_json() for each in all_of_them.values()}) == len(found) - 1


def test_what_a_configuration_does_not_set_is_as_in_params_yaml(tmp_path: Path) -> None:
    write_set(tmp_path, "a: {}\nb: {params: {train.momentum: 0.5}}", "train: {cuts: 1}")
    found = planned(tmp_path, "mine", [7, 8, 7])
    assert [(key, each.train.momentum, each.train.seed, each.train.cuts) for key, each in found.items()] == [
        (("a", 7), 0.9, 7, 1),
        (("b", 7), 0.5, 7, 1),
        (("a", 8), 0.9, 8, 1),
        (("b", 8), 0.5, 8, 1),
    ]


def test_some_can_be_chosen_and_the_first_is_always_among_them() -> None:
    assert list(load_configurations(ROOT, "ablations", ["one-gpu"])) == ["published", "one-gpu"]
    with pytest.raises(UserError, match=r"ablations\.yaml has no configuration 'two-gpu'; there are published, "):
        load_configurations(ROOT, "ablations", ["two-gpu"])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a: {params: {train.sed: 1}}", r"a: train\.sed is not a known parameter; did you mean train\.seed\?"),
        ("a: {params: {train.momentum: 2}}", r"a: train\.momentum is 2"),
        ("a: {}\nb: {params: {model.variant: papers}}", r"b: model\.variant is 'papers'"),
        ("a: {params: {train.seed: 1}}", r"a sets train\.seed, which the seeds set: take it out"),
        ("a: {parms: {}}", r"a\.parms: Extra inputs"),
        ("a: {claim: {top2: 1}}", r"a\.claim\.top2"),
        ("a b: {}", r"'a b' is no name here"),
        ("", "Input should be a valid dictionary"),
        ("{}", "has no configurations"),
        ("a: {}\na: {}", r"is not valid YAML: .*duplicate key"),
    ],
)
def test_a_mistake_in_a_file_is_named(tmp_path: Path, content: str, expected: str) -> None:
    write_set(tmp_path, content)
    with pytest.raises(UserError, match=rf"^conf/experiments/mine\.yaml:? .*{expected}") as error:
        planned(tmp_path, "mine", [1])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "seeds", "expected"),
    [
        ("ablation", [1], "no experiments 'ablation' in conf/experiments; there are ablations"),
        ("../presets/paper", [1], "no experiments"),
        ("ablations", [], "no seeds: give at least one"),
        ("ablations", [1, -1], r"seeds: train\.seed is -1"),
    ],
)
def test_a_mistake_in_what_is_asked_for_is_named(name: str, seeds: list[int], expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        planned(ROOT, name, seeds)
