"""When a test gives up: never because the machine is slow."""

HANGS = 600.0
"""Seconds after which a program counts as hung. No test waits that long for one that works."""
