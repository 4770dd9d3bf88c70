"""Two versions of the model on the same test images; and one version, run once more from nothing."""
