"""The errors at one glance: this run, the last commit, and what others have published."""

from collections.abc import Mapping
from typing import Any

from alexnet_pipe.reporting.provenance import Provenance
from alexnet_pipe.reporting.published import published_errors
from alexnet_pipe.reporting.results import Results

_ERRORS = (
    ("top1_error_ten_view", "top-1", "ten views"),
    ("top1_error", "top-1", "one view"),
    ("top5_error_ten_view", "top-5", "ten views"),
    ("top5_error", "top-5", "one view"),
)


def result_section(results: Results, parameters: Mapping[str, Mapping[str, Any]], origin: Provenance) -> dict[str, Any]:
    """Each error that says something with its interval, beside others; and what this model was made of."""
    previous = origin.commit.test_metrics if origin.commit else None
    return {
        "errors": [
            _error(results.test_metrics, previous, *error)
            for error in _ERRORS
            if results.test_metrics[error[0]] is not None
        ],
        "previous": previous,
        "published": published_errors(parameters["dataset"]),
        "origin": origin,
        "certificate": _valid(results.certificate, results.train_metrics["weights_digest"]),
    }


def _error(
    metrics: Mapping[str, Any], previous: Mapping[str, Any] | None, key: str, name: str, views: str
) -> dict[str, Any]:
    before = (previous or {}).get(key)
    value = metrics[key]
    return {
        "name": name,
        "views": views,
        "value": value,
        "count": metrics[f"{key}_count"],
        "interval": metrics[f"{key}_interval"],
        "previous": before,
        "change": None if before is None else value - before,
    }


def _valid(certificate: dict[str, Any], weights_digest: str) -> dict[str, Any] | None:
    """The certificate, if it is one of this model."""
    return certificate if certificate.get("weights_digest") == weights_digest else None
