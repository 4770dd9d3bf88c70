"""The typed configuration: one section a module, so that a stage depends on the sections it takes."""
