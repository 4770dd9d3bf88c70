"""A classifier in formats that run without this project."""
