"""Model files and what identifies their weights."""
