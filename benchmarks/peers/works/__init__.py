"""What is timed: functions for `benchmarks.peers.program`, by the environment and the library that they need."""
