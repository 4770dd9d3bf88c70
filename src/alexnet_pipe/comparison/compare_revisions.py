"""What a revision of the project holds of its results, from git and from DVC's cache or remote."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.lock_file import behind, digests, locked_stages, parameters
from alexnet_pipe.project.revisions import Revision, open_revision, results_of

_RESULTS = "evaluate"
_DIGITS = 12
_FILES = Artifacts(Path())


@dataclass(frozen=True)
class Version:
    """What is compared of one revision of the project.

    Attributes:
        revision: Its name, and its files.
        images: One row a test image: `sha256`, `member`, names of the `actual` and, from ten views, the `predicted`
            class, `probability` of the actual class from ten views, and whether it is `top1`, `top1_ten_view`,
            `top5` and `top5_ten_view` wrong.
        top5: Whether there are enough classes for a top-5 error to say something.
        parameters: The values that the results were made with, by `section.key`.
        digests: The beginning of those of the weights, and of the model and the 256×256 images as DVC knows them.
        code: MD5 of each file and folder of code that they depend on.
    """

    revision: Revision
    images: pd.DataFrame
    top5: bool
    parameters: Mapping[str, Any]
    digests: Mapping[str, str]
    code: Mapping[str, str]

    @property
    def name(self) -> str:
        """As the user calls it."""
        return self.revision.name


def read_version(name: str) -> Version:
    """The results of `name`: "workspace", or a commit, branch, tag, experiment or stage of the model registry.

    Raises:
        UserError: if there is no such revision, or its results cannot be had.
    """
    root = Path()
    if not (root / "dvc.yaml").exists():
        raise UserError("dvc.yaml is missing: run from the project's top folder")
    revision = open_revision(root, name)
    test, train = (json.loads(revision.read(path)) for path in (_FILES.test_metrics, _FILES.train_metrics))
    stages = behind(locked_stages(Checkout(root), revision.commit), _RESULTS)
    outputs = digests(stages)
    return Version(
        revision=revision,
        images=_images(revision),
        top5=test["top5_error"] is not None,
        parameters=parameters(stages),
        digests={
            "weights": train["weights_digest"][:_DIGITS],
            **{path: outputs[path][:_DIGITS] for path in (str(_FILES.model), str(_FILES.images)) if path in outputs},
        },
        code={path: digest for path, digest in digests(stages, "deps").items() if path.startswith("src/")},
    )


def _images(revision: Revision) -> pd.DataFrame:
    table = results_of(revision)
    wrong = {
        f"top{top}{views}": [
            label not in best[:top] for label, best in zip(table["label"], table[f"top5{views}"], strict=True)
        ]
        for views in ("", "_ten_view")
        for top in (1, 5)
    }
    found = table[["sha256", "member", "actual", "predicted"]]
    return found.assign(probability=table["label_probability_ten_view"], **wrong)
