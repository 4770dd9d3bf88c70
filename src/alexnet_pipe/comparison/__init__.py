"""Two versions of the model, compared on the same test images."""
