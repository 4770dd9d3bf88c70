"""The one exception that is meant for the user's eyes."""


class UserError(Exception):
    """What is wrong, where, and what to do about it, in one line; shown without a traceback."""
