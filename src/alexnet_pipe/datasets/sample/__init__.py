"""The embedded sample data set: ten classes of shapes and textures, drawn by the project itself."""

from alexnet_pipe.datasets.sample.write import write_sample

__all__ = ["write_sample"]
