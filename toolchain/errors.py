"""The one error of this room."""


class SetupError(Exception):
    """Something is missing that set-up cannot make itself; the message is one line that names the fix."""
