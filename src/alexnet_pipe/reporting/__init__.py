"""The report: one page that opens offline, made without TensorFlow."""
