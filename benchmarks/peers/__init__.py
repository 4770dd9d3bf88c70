"""This project beside others that do the same, all in one run, by turns: `python -m benchmarks.peers`."""
