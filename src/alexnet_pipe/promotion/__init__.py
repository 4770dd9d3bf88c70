"""A new model is made beside the champion, compared with it, and takes its place or not."""
