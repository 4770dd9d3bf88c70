"""Weights that others have published, as models of this project."""
