"""The versioned project: git, DVC, revisions, clones, the registry, and the run's lock."""
