"""Errors on the test set, one view and ten, with what the report needs to explain them."""
