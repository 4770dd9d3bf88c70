"""`dvc plots diff` compares two versions on a page that opens offline."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from playwright.sync_api import Page

from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.evaluation.error_rates import class_table
from alexnet_pipe.evaluation.examples import save_picture
from tests.browser import chromium, needs_chromium
from tests.patience import HANGS

ROOT = Path(__file__).parents[2]
PLOTS = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
PICTURES = [entry for entry in PLOTS if isinstance(entry, str)]

pytestmark = [pytest.mark.slow, needs_chromium]


@dataclass
class Opened:
    """The page in a browser, and what it asked for and complained of."""

    page: Page
    requests: list[str]
    complaints: list[str]


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write_results(artifacts: Artifacts, right: int) -> None:
    """What the plots read, of a network that takes `right` of six images for what they are."""
    artifacts.history.parent.mkdir(exist_ok=True)
    losses = pd.DataFrame({"epoch": [1, 2], "learning_rate": 0.01, "train_loss": [2.0, 1], "validation_loss": [2.1, 1]})
    losses.assign(train_top1_error=0.5, validation_top1_error=1 - right / 6).to_csv(artifacts.history, index=False)
    actual = ["cat", "dog", "owl"] * 2
    confusion = pd.DataFrame({"actual": actual, "predicted": actual[:right] + ["cat"] * (6 - right)})
    save_picture(artifacts.kernel_picture, np.full((20, 20, 3), 30.0 * right))
    save_picture(artifacts.mean_picture, np.full((20, 20, 3), 120.0))
    confusion.to_csv(artifacts.confusion, index=False)
    class_table(confusion, ["cat", "dog", "owl"]).to_csv(artifacts.class_errors, index=False)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a project with this one's plots, two versions and no pipeline."""
    folder = tmp_path_factory.mktemp("plots")
    run(folder, "git", "init", "-q")
    shutil.copytree(ROOT / ".dvc", folder / ".dvc", ignore=shutil.ignore_patterns("tmp", "cache", "config.local"))
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"plots": PLOTS}))
    for right in (2, 5):
        write_results(Artifacts(folder), right)
        run(folder, "git", "add", ".")
        run(folder, "git", "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "-qm", str(right))
    run(folder, sys.executable, "-m", "dvc", "plots", "diff", "HEAD~1", "HEAD", "-o", "page")
    return folder / "page/index.html"


@pytest.fixture(scope="module")
def opened(compared: Path) -> Iterator[Opened]:
    with chromium() as browser:
        page = browser.new_page()
        found = Opened(page, [], [])
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("console", lambda said: found.complaints.append(said.text) if said.type == "error" else None)
        page.goto(compared.as_uri())
        yield found


def test_the_page_asks_for_nothing_outside_its_folder(compared: Path, opened: Opened) -> None:
    assert all(url.startswith((compared.parent.as_uri(), "data:", "blob:")) for url in opened.requests)


def test_every_plot_is_drawn_without_complaint(opened: Opened) -> None:
    drawn = opened.page.locator(".vega-embed :is(canvas, svg.marks)")
    drawn.nth(len(PLOTS) - len(PICTURES) - 1).wait_for(timeout=1000 * HANGS)
    assert drawn.count() == len(PLOTS) - len(PICTURES)
    assert opened.complaints == []


def test_each_picture_is_there_for_both_versions(opened: Opened) -> None:
    widths = opened.page.eval_on_selector_all("img", "found => found.map(image => image.naturalWidth)")
    assert widths == [20] * 2 * len(PICTURES)
