"""torchvision's own network says the same here, from the photograph's file to the logits."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from alexnet_pipe.inputs.views import CENTRE, view
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.pretrained.read import assemble, numbered_names, read_published
from alexnet_pipe.serving.named_files import prepared
from benchmarks.peers.peer import ROOT
from tests.preparation.photographs import landscape

PEERS = ROOT / ".venv-peers/bin/python"

SIZES = ((500, 375), (375, 500), (259, 256), (1600, 1201), (224, 224), (90, 300))


@pytest.mark.slow
@pytest.mark.skipif(not PEERS.exists(), reason="torchvision is in the environment of `make bench-peers`")
def test_from_the_file_to_the_logits(tmp_path: Path) -> None:
    photographs = []
    for number, size in enumerate(SIZES):
        photographs.append(tmp_path / f"{number}.{'png' if number % 2 else 'jpg'}")
        landscape(*size).save(photographs[-1])
    grey = tmp_path / "grey.jpg"
    landscape(640, 480).convert("L").save(grey)
    photographs.append(grey)
    command = [PEERS, "-m", "tests.peers.torchvision_alexnet", tmp_path, *photographs]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    published = read_published(tmp_path / "alexnet.pth")
    assert (published.variant, published.width, published.parameters) == ("one-weird-trick", 1, 61_100_840)
    model = assemble(published, numbered_names(1000))
    params = ResizeParams.model_validate(model.resize)
    images = np.stack([prepared(path, params) for path in photographs])
    logits = np.asarray(model(view(images, CENTRE, mirror=False)))
    expected = np.load(tmp_path / "logits.npy")
    assert np.ptp(expected, axis=1).min() > 1
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4)
