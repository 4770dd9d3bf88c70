"""Papers that go with a model, in forms that other programs read."""
