"""Faster forms of what takes long on one backend; tests hold them equal to the portable forms in `model`."""
