"""Stage `download`: the photographs as one archive, and a manifest that labels and splits them."""

from alexnet_pipe.artifacts import Artifacts, written_aside
from alexnet_pipe.datasets.manifest import describe, make_manifest, save_manifest
from alexnet_pipe.datasets.source import source_of
from alexnet_pipe.params.dataset import DatasetParams
from alexnet_pipe.progress import say


def run(artifacts: Artifacts, dataset: DatasetParams) -> None:
    """Write the source archive and the manifest, both or neither."""
    source = source_of(dataset, clear_of=artifacts.source)
    with written_aside(artifacts.source) as folder, written_aside(artifacts.manifest) as table:
        folder.mkdir()
        archive = source.fetch(folder)
        manifest = make_manifest(archive, dataset, where=dataset.location or "sample")
        save_manifest(table, manifest)
    say(f"download: {describe(manifest)}")
