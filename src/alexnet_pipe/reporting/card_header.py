"""The head of the model's card, which programs read: YAML as Hugging Face's hub defines it for model cards.

https://huggingface.co/docs/hub/model-cards; its tests are the hub's own library.
"""

import io
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML

from alexnet_pipe.base.terminal import printable

_DATA = {
    "sample": "embedded-sample",
    "imagenet": "imagenet-1k",
    "directory": "own-photographs",
    "url": "own-photographs",
}
"""What the hub would call a source; Kaggle's are called as there."""

_VIEWS = {"": "one centre view", "_ten_view": "ten views"}


def card_header(test: Mapping[str, Any], parameters: Mapping[str, Mapping[str, Any]], source: Mapping[str, Any]) -> str:
    """YAML between two lines of dashes.

    Args:
        test: `metrics/test.json`; errors of it that are None have no row.
        parameters: Section, key and value of the configuration.
        source: What was downloaded: `source`, `location` and `version`.
    """
    data, drawn = _data_set(source), source["source"] == "sample"
    measured = list(_measured(test))
    result = {
        "task": {"type": "image-classification", "name": "Image classification"},
        "dataset": {
            "type": data,
            "name": _data_name(source),
            "split": "test",
            "revision": printable(source["version"]),
        },
        "metrics": measured,
    }
    name = f"AlexNet ({parameters['model']['variant']}, width {parameters['model']['width']:g})"
    content = {
        "license": "mit" if drawn else "unknown",
        "library_name": "keras",
        "pipeline_tag": "image-classification",
        "tags": ["alexnet", "image-classification", "keras", "dvc"],
        "datasets": [data],
        "metrics": list(dict.fromkeys(each["type"] for each in measured)),
        "model-index": [{"name": name, "results": [result]}],
    }
    return f"---\n{_yaml(content)}---\n"


def _measured(test: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Shares of right answers, and how far the calibrated probabilities are from what happens."""
    for end, views in _VIEWS.items():
        for k in (1, 5):
            if (error := test[f"top{k}_error{end}"]) is not None:
                metric = "accuracy" if k == 1 else "top_5_accuracy"
                yield _metric(metric, f"top-{k} accuracy, {views}", 1 - error)
        for key, metric, name in (
            ("calibration_error", "expected_calibration_error", "expected calibration error"),
            ("brier_score", "brier_score", "Brier score"),
            ("log_loss", "log_loss", "log loss"),
        ):
            yield _metric(metric, f"{name}, {views}, with the fitted temperature", test[f"{key}{end}"])


def _metric(metric: str, name: str, value: float) -> dict[str, Any]:
    return {"type": metric, "name": name, "value": round(float(value), 6)}


def _data_set(source: Mapping[str, Any]) -> str:
    if source["source"] == "kaggle":
        return printable(source["location"]).split("/versions/")[0]
    return _DATA[source["source"]]


def _data_name(source: Mapping[str, Any]) -> str:
    named = {"sample": "the embedded sample, drawn", "imagenet": "ImageNet", "kaggle": f"Kaggle's {_data_set(source)}"}
    return named.get(source["source"], "labelled photographs of the user's own")


def _yaml(content: Mapping[str, Any]) -> str:
    writer, text = YAML(), io.StringIO()
    writer.width = 4096  # No value goes on in a second line.
    writer.dump(content, text)
    return text.getvalue()
