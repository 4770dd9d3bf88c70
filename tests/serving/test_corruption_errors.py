"""`alexnet-pipe robustness` prints what corruptions cost, and keeps it only for the model that the page is about."""

from pathlib import Path

import pytest

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.corruptions import CORRUPTIONS
from alexnet_pipe.model.classifier import Classifier
from alexnet_pipe.model.model_file import as_stored
from alexnet_pipe.portable.network import Network, network_of
from alexnet_pipe.serving.corruption_errors import show_corruption_errors
from tests.stores import light_and_dark, write_test_images


@pytest.fixture(scope="module")
def network() -> Network:
    return network_of(as_stored(Classifier(["class 0", "class 1"], width=0.02, initialisation="he", seed=1)))


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    made = Artifacts(tmp_path)
    write_test_images(made, light_and_dark(4))
    return made


def test_all_are_measured_and_kept_for_the_page(
    network: Network, artifacts: Artifacts, capsys: pytest.CaptureFixture[str]
) -> None:
    save_json(artifacts.train_metrics, {"weights_digest": network.weights_digest})
    show_corruption_errors(network, artifacts, 500)
    found, (output, _) = load_json(artifacts.robustness), capsys.readouterr()
    assert (found["examples"], list(found["wrong"])) == (4, list(CORRUPTIONS))
    assert found["weights_digest"] == network.weights_digest
    first = [line.split()[0] for line in output.splitlines() if line.strip()]
    assert [name for name in first if name in CORRUPTIONS] == list(CORRUPTIONS)
    assert "top-1 error on 4 test images, one view: " in output


def test_another_model_and_few_images_leave_the_page_alone(
    network: Network, artifacts: Artifacts, capsys: pytest.CaptureFixture[str]
) -> None:
    show_corruption_errors(network, artifacts, 1)
    assert "it is not the model of the last training" in capsys.readouterr().out
    save_json(artifacts.train_metrics, {"weights_digest": network.weights_digest})
    show_corruption_errors(network, artifacts, 1)
    assert "say too little for the page" in capsys.readouterr().out
    assert not artifacts.robustness.exists()


def test_images_of_other_classes_are_refused_in_one_line(network: Network, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="missing"):
        show_corruption_errors(network, Artifacts(tmp_path), 1)
    other = Artifacts(tmp_path)
    store = light_and_dark(2)
    store.classes = ("cat", "dog")
    write_test_images(other, store)
    with pytest.raises(UserError, match=r"knows other classes than .*: name a model of this project"):
        show_corruption_errors(network, other, 1)
