"""The pipeline is run once more from nothing, and what comes out is compared with what `dvc.lock` promises."""
