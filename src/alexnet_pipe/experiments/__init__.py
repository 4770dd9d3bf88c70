"""Sets of configurations as DVC experiments, and the table that compares them."""
