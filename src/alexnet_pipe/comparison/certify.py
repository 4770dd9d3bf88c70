"""Run the pipeline once more from nothing, and write down what came out the same."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from dvc.exceptions import DvcException

from alexnet_pipe.base.errors import UserError
from alexnet_pipe.base.files import load_json, save_json
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.comparison.difference import difference
from alexnet_pipe.evaluation.significance import Comparison, paired, same_images
from alexnet_pipe.project.checkout import Checkout, digests, git, locked_stages
from alexnet_pipe.project.clones import clean_clone
from alexnet_pipe.project.dvc import DvcError, reproduce, stage_graph
from alexnet_pipe.project.revisions import Revision, open_revision, results_of
from alexnet_pipe.project.run_lock import only_run
from alexnet_pipe.provenance.inventory import Paper, inventory
from alexnet_pipe.reporting.origin import library_versions, this_machines_name

Kind = Literal["data", "training", "report"]


@dataclass(frozen=True)
class Artifact:
    """
    Attributes:
        path: As in `dvc.lock`.
        kind: What must repeat; what repeats on one machine with one backend; what may show how the run went.
        same: Whether it has the same bytes, or differs in nothing but the time that the work took.
        note: What differs.
    """

    path: str
    kind: Kind
    same: bool
    note: str


@dataclass(frozen=True)
class Certificate:
    """
    Attributes:
        weights_digest: Of the model that is certified; empty if the pipeline makes none.
        date: The day, as 2026-11-25.
        machine: Where the second run took place.
        backend: What it computed with.
        artifacts: What came out of it, in the order of `dvc.yaml`.
        training: What it says about the training.
        papers: What goes with the model.
    """

    weights_digest: str
    date: str
    machine: str
    backend: str
    artifacts: Sequence[Artifact]
    training: str
    papers: Sequence[Paper]


def certify(root: Path) -> Certificate:
    """Compare the last commit of the project `root` with what its pipeline makes in a clean clone, and save that.

    The workspace stays as it is, but for `report/certificate.json` and `report/sbom.cdx.json`.

    Raises:
        UserError: if what is certified is not committed, or if a stage fails; nothing is saved then.
    """
    root = root.resolve()
    if not (root / "dvc.lock").exists():
        raise UserError("dvc.lock is missing: run from the project's top folder, after `dvc repro` and a commit")
    with only_run(root) as project:
        with clean_clone(project) as copy:
            before = open_revision(root, git(copy, "rev-parse", "HEAD"))
            promised, first = digests(locked_stages(copy)), _train_metrics(copy.root)
            _run_all(copy)
            artifacts = compare_artifacts(before, promised, copy)
            certificate = Certificate(
                weights_digest=first.get("weights_digest", ""),
                date=date.today().isoformat(),
                machine=this_machines_name(),
                backend=_backend(_train_metrics(copy.root)),
                artifacts=artifacts,
                training=_training_statement(before, copy, artifacts),
                papers=inventory(project),
            )
        save_json(Artifacts(root).certificate, asdict(certificate))
    return certificate


def _run_all(copy: Checkout) -> None:
    graph = stage_graph(copy.root)
    say(f"certify: commit {git(copy, 'rev-parse', '--short', 'HEAD')}, {len(graph)} stages in a clean clone")
    for number, stage in enumerate(graph, 1):
        say(f"certify: stage {number} of {len(graph)}, {stage}")
        try:
            reproduce(copy, stage, say, force=True)
        except DvcError as error:
            raise UserError(f"{stage} failed: {error} (a certificate starts from the source again)") from None


def _train_metrics(root: Path) -> dict[str, Any]:
    path = Artifacts(root).train_metrics
    return load_json(path) if path.exists() else {}


def _backend(metrics: dict[str, Any]) -> str:
    """The backend, its version, and the device, as the training has noted them."""
    if not metrics:
        return ""
    name = metrics["backend"]
    versions = library_versions(name, "keras")
    return f"{name} {versions[name]}, Keras {versions['keras']}, {metrics['device']}"


def _training_statement(before: Revision, copy: Checkout, artifacts: Sequence[Artifact]) -> str:
    """Whether the training of `before` repeats to the bit in `copy`, or else how the two models compare."""
    differ = [artifact.path for artifact in artifacts if artifact.kind == "training" and not artifact.same]
    if not differ:
        return "The training repeats: weights and results are the same to the bit on this machine."
    return f"The training does not repeat to the bit on this machine: {', '.join(differ)}. {_comparison(before, copy)}"


def _comparison(before: Revision, copy: Checkout) -> str:
    try:
        earlier = results_of(before)
    except UserError:
        return "The earlier predictions are not here to compare with: `dvc fetch` gets them."
    now = results_of(open_revision(copy.root))
    images = same_images(earlier, now)
    if len(images) < max(len(earlier), len(now)):
        return "The test images are not the same, so the models cannot be compared."
    return _numbers(paired(*(images[f"predicted_{which}"] != images["actual"] for which in ("first", "second"))))


def _numbers(numbers: Comparison) -> str:
    difference, low, high = numbers.difference
    return (
        f"Of {numbers.images:,} test images, ten views, {numbers.first_errors:,} were wrong and "
        f"{numbers.second_errors:,} are now: {difference:+.2%} ({low:+.2%} to {high:+.2%}, 95 % interval), "
        f"{numbers.lost:,} lost and {numbers.won:,} won, McNemar's exact test p = {numbers.p_value:.2g}."
    )


def compare_artifacts(before: Revision, digests_before: Mapping[str, str], copy: Checkout) -> list[Artifact]:
    """Each output of the commit `before`, compared with what the pipeline has made in its clone `copy`.

    Of an output whose digest differs from `digests_before`, the earlier one comes from DVC's cache or remote.
    """
    now = digests(locked_stages(copy))
    found = {
        path: (True, "same bytes") if now[path] == digest else _difference(before, copy.root, path)
        for path, digest in digests_before.items()
    }
    return [Artifact(path, kind_of(path), same, note) for path, (same, note) in found.items()]


def _difference(before: Revision, copy: Path, path: str) -> tuple[bool, str]:
    with tempfile.TemporaryDirectory(dir=copy) as folder:
        earlier = Path(folder) / Path(path).name
        try:
            # By links, where DVC's cache has it.
            before.files.get(before.place(Path(path)), str(earlier), recursive=True)
        except (DvcException, OSError):
            return False, "the earlier one is not here to compare with: `dvc fetch` gets it"
        same, note = difference(earlier, copy / path)
    return same, f"{note}; it shows how long the run took" if path == str(Artifacts(Path()).report) else note


def kind_of(path: str) -> Kind:
    """The kind of the output at `path`."""
    if path.startswith(("data/", "statistics/")) or path == str(Artifacts(Path()).data_metrics):
        return "data"
    # These name a commit, or are made of the page's own templates.
    shown = (Artifacts(Path()).card, Artifacts(Path()).statement)
    return "report" if path.startswith("report/") or Path(path) in shown else "training"
