"""Stage `resize`: every usable photograph as 256×256 RGB, and a list of the others (paper, section 2)."""

import pandas as pd

from alexnet_pipe.base.files import load_table, required, save_json, take_place, written_aside
from alexnet_pipe.base.paths import Artifacts
from alexnet_pipe.base.progress import say
from alexnet_pipe.cluster.mapping import kept_results
from alexnet_pipe.datasets.relabelled import load_overrides, with_overrides
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.near_duplicates import across_splits, held_apart, likeness_of
from alexnet_pipe.preparation.review import all_findings, data_metrics, describe, refuse_unusable, without_copies
from alexnet_pipe.preparation.store_writer import write_store


def run(artifacts: Artifacts, resize: ResizeParams) -> None:
    overrides = load_overrides(artifacts.relabelled)
    manifest, decided = with_overrides(load_table(artifacts.manifest), overrides, artifacts.relabelled)
    chosen, copies = without_copies(manifest.drop(index=decided.index[decided["outcome"] == "removed"]), resize)
    decided_by = [path for path in (artifacts.manifest, artifacts.relabelled) if path.exists()]
    decisive = resize.model_dump(exclude={"max_rejected", "max_conflicts"})
    with kept_results(artifacts, "resize", decisive, decided_by) as kept:
        if resize.near_duplicates != "keep":
            usable, hashes = likeness_of(chosen, required(artifacts.source), resize, kept / "likeness")
            chosen, apart = held_apart(chosen, usable, hashes, resize.near_duplicates)
            manifest.loc[chosen.index, "split"] = chosen["split"]
            decided = pd.concat([decided, apart])
        written = write_store(chosen, required(artifacts.source), kept / "store", resize, kept)
        findings = all_findings(manifest, decided, copies, written)
        refuse_unusable(manifest, findings, resize)
        metrics = data_metrics(manifest, findings)
        pairs = across_splits(written.kept, written.likeness)
        with written_aside(artifacts.rejected) as table, written_aside(artifacts.near_duplicates) as near:
            findings.to_parquet(table, index=False)
            pairs.to_parquet(near, index=False)
            take_place(artifacts.images, kept / "store")
        save_json(artifacts.data_metrics, metrics)
    say(f"resize: {describe(metrics, findings)}")
