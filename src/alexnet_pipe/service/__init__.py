"""The Prefect server of this project, its schedule, and what puts runs right that were killed."""
