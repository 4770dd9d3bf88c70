"""What a set of experiments ends with: means over seeds, with intervals, beside the paper's claims."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from rich import box
from rich.table import Table

from alexnet_pipe.experiments.configurations import Configuration
from alexnet_pipe.params.load import Params
from alexnet_pipe.params.train import recipe

Found = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""For each configuration and seed what `evaluate` has found; what failed is missing."""

Row = dict[str, str]

ABOUT = (
    "Errors from ten views unless a name says one, means over the seeds; differences from the first configuration, in "
    "points, paired by seed. ±: 95 % t-interval over the seeds, for these test images; one seed gives none (± ?). "
    "paper: what the paper says that it costs."
)


def experiment_rows(configurations: Mapping[str, Configuration], seeds: int, found: Found) -> list[Row]:
    """One row a configuration for top-1 errors, and for top-5 errors unless there are none or all are zero.

    The first configuration is what the others are compared with; each was run with so many `seeds`.
    """
    tops = [1, 5] if any(any(_errors(found[name], 5, 10).values()) for name in found) else [1]
    first = next(iter(configurations))
    return [
        {
            "configuration": name,
            "seeds": str(seeds) if len(found[name]) == seeds else f"{len(found[name])} of {seeds}",
            "error": f"top-{top}",
            "%": mean_and_margin(errors),
            "difference": "" if name == first else mean_and_margin(differences, "+"),
            "paper": _claim(configurations[name], top),
        }
        for top in tops
        for name, errors, differences in _compared(configurations, found, top)
    ]


def experiments_record(
    configurations: Mapping[str, Configuration], params: Params, seeds: int, found: Found, images: str | None
) -> dict[str, Any]:
    """What the page is told of a set: top-1 errors and their differences from the first configuration's, as shares.

    `params` are those of the first configuration, and `images` is the digest of its data. Half widths of intervals are
    None for one seed, means for none.
    """
    first = next(iter(configurations))
    kept = {
        name: {
            "params": configurations[name].params,
            "seeds": len(errors),
            "top1_error": _mean(errors),
            "difference": _mean(differences) if name != first else None,
        }
        for name, errors, differences in _compared(configurations, found, 1)
    }
    return {"images": images, "params": recipe(params.model, params.train), "seeds": seeds, "configurations": kept}


def rich_table(rows: Sequence[Row]) -> Table:
    """The rows for a terminal."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in rows[0]:
        table.add_column(column, justify="left" if column == "configuration" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row.values())
    return table


def margin(values: Sequence[float]) -> float:
    """Half the width of the 95 % t-interval of the mean of two or more values."""
    from scipy.stats import sem, t  # Slow to import, and needed at the end only.

    return float(t.ppf(0.975, len(values) - 1) * sem(values))


def mean_and_margin(values: Sequence[float], sign: str = "") -> str:
    """The mean and its 95 % t-interval; with `sign` "+" the sign is always shown."""
    if not values:
        return "–"
    half = f"{margin(values):.1f}" if len(values) > 1 else "?"
    return f"{round(fmean(values), 1) + 0.0:{sign}.1f} ± {half}"


def _compared(
    configurations: Mapping[str, Configuration], found: Found, top: int
) -> Iterator[tuple[str, list[float], list[float]]]:
    """The name of each configuration, its errors in per cent, and what they differ by from the first one's, by seed."""
    by_name = {name: _errors(found[name], top, each.views) for name, each in configurations.items()}
    baseline = next(iter(by_name.values()))
    for name, errors in by_name.items():
        yield name, list(errors.values()), [errors[seed] - baseline[seed] for seed in errors if seed in baseline]


def _mean(values: Sequence[float]) -> dict[str, float | None] | None:
    """Of per cents, as shares; as `mean_and_margin`."""
    if not values:
        return None
    half = margin(values) / 100 if len(values) > 1 else None
    # Adding 0 takes the sign from a zero.
    return {"mean": round(fmean(values) / 100, 6) + 0.0, "margin": half and round(half, 6)}


def _errors(found: Mapping[int, Mapping[str, Any]], top: int, views: int) -> dict[int, float]:
    """Of one configuration by seed, in per cent."""
    name = f"top{top}_error" + ("_ten_view" if views == 10 else "")
    errors = {seed: metrics[name] for seed, metrics in found.items()}
    return {seed: 100 * error for seed, error in errors.items() if error is not None}


def _claim(configuration: Configuration, top: int) -> str:
    claim = configuration.claim.get("top1" if top == 1 else "top5", "")
    return claim if isinstance(claim, str) else f"{claim:+.1f}"
