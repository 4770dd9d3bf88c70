"""From stored images to the network's batches: which images, cut where, mirrored, shifted in colour."""
