"""Stage `resize`: every usable photograph as 256×256 RGB, and a list of the others (paper, section 2)."""

import pandas as pd

from alexnet_pipe.artifacts import Artifacts, required, save_json, written_aside
from alexnet_pipe.params.resize import ResizeParams
from alexnet_pipe.preparation.review import data_metrics, describe, refuse_unusable
from alexnet_pipe.preparation.store_writer import write_store
from alexnet_pipe.progress import say


def run(artifacts: Artifacts, resize: ResizeParams) -> None:
    manifest = pd.read_parquet(required(artifacts.manifest))
    source = required(artifacts.source)
    with written_aside(artifacts.images) as folder, written_aside(artifacts.rejected) as table:
        rejected = write_store(manifest, source, folder, resize.policy, resize.background, resize.min_side)
        refuse_unusable(manifest, rejected, resize.max_rejected)
        rejected.to_parquet(table, index=False)
    metrics = data_metrics(manifest, rejected)
    save_json(artifacts.data_metrics, metrics)
    say(f"resize: {describe(metrics, rejected)}")
