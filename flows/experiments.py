"""A set of configurations as DVC experiments, several seeds each, compared in one table.

What has run before comes from DVC's run cache.
"""

import time
from pathlib import Path
from typing import Any

from alexnet_pipe.orchestration.start import quiet_and_local

ROOT = Path(__file__).resolve().parents[1]
quiet_and_local(ROOT)  # Prefect reads its settings when it is imported.

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact
from prefect.states import Cancelled, Completed, Failed, State

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.experiments.configurations import Configuration, all_params, load_configurations
from alexnet_pipe.experiments.run import Experiment, check_commit, run_experiment
from alexnet_pipe.experiments.table import ABOUT, Row, experiment_rows, experiments_record
from alexnet_pipe.params.load import Params
from alexnet_pipe.project.checkout import Checkout
from alexnet_pipe.project.run_lock import BusyError, only_run
from alexnet_pipe.service.provision import gpu_tags

SEEDS = (2012, 2013, 2014)


@flow(name="experiments")
def experiments(
    name: str = "ablations", seeds: tuple[int, ...] = SEEDS, configurations: tuple[str, ...] = ()
) -> State[list[Row]]:
    """Run each configuration with each seed, one after the other, and compare them with the first.

    What came out is kept in `metrics/experiments.json` too, for the page.

    Args:
        name: A file in conf/experiments/.
        seeds: Of weights, order of images, crops and dropout.
        configurations: Only these of the file, and the first; all if there are none.
    """
    try:
        with only_run(ROOT) as project:
            chosen = load_configurations(ROOT, name, configurations)
            params = all_params(ROOT, name, chosen, seeds)
            check_commit(project)
            states = {key: _run(project, *key, each) for key, each in params.items()}
            return _summary(name, chosen, params, states)
    except BusyError as error:
        return Cancelled(message=str(error))
    except UserError as error:
        return Failed(message=str(error))


@task
def run_one(project: Checkout, experiment: str, params: Params) -> State[Experiment]:
    """Have DVC run one experiment."""
    started = time.monotonic()
    try:
        done = run_experiment(project, experiment, params, get_run_logger().info)
    except UserError as error:
        return Failed(message=str(error))
    if done.cached:
        return Completed(name="Cached", message="all from the run cache", data=done)
    return Completed(message=f"ran in {time.monotonic() - started:.0f} s", data=done)


def _run(project: Checkout, name: str, seed: int, params: Params) -> State[Experiment]:
    """One experiment, to its end."""
    title = f"{name} {seed}"
    future = run_one.with_options(name=title, task_run_name=title, tags=gpu_tags()).submit(
        project, f"{name}-{seed}", params
    )
    future.wait()
    return future.state


def _summary(
    name: str,
    chosen: dict[str, Configuration],
    params: dict[tuple[str, int], Params],
    states: dict[tuple[str, int], State[Experiment]],
) -> State[list[Row]]:
    done = {key: state.result() for key, state in states.items() if state.is_completed()}
    failures = [
        f"{label} {seed}: {state.message}" for (label, seed), state in states.items() if (label, seed) not in done
    ]
    seeds = list(dict.fromkeys(seed for _, seed in states))
    found = {label: {seed: done[label, seed].metrics for seed in seeds if (label, seed) in done} for label in chosen}
    rows = experiment_rows(chosen, len(seeds), found)
    first = next(iter(states))
    if compared := [experiment for (label, _), experiment in done.items() if label == first[0]]:
        _keep(name, experiments_record(chosen, params[first], len(seeds), found, compared[0].images))
    create_table_artifact(rows, key=name, description=" Failed: ".join([ABOUT, *failures]))
    if failures:
        return Failed(message="; ".join(failures), data=rows)
    return Completed(message=f"all {len(states)} experiments have run", data=rows)


def _keep(name: str, record: dict[str, Any]) -> None:
    path = Artifacts(ROOT).experiments
    kept = load_json(path) if path.exists() else {}
    save_json(path, {**kept, name: record})
