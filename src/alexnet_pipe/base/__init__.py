"""The ground: errors, progress, files and where they lie. It decides no pixel, no label and no weight."""
