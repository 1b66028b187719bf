"""What can go wrong in the stand-in.

StandInError            root; the message is what the engine shows
├── ArmError            ARM answered with an error: status, code, message
└── UnfinishedError     ARM accepted, but the end was not a good one or was not seen: the resource may exist, half made
"""


class StandInError(Exception):
    """Root of the stand-in's errors."""


class ArmError(StandInError):
    """An error from ARM, in the words of the real provider: `Status=404 Code="…" Message="…"`."""

    def __init__(self, status: int, code: str, message: str, body: str) -> None:
        self.status = status
        self.code = code
        self.body = body
        named = f' Code="{code}"' if code else ""
        super().__init__(f'Status={status}{named} Message="{message}"')


class UnfinishedError(StandInError):
    """A long-running operation ended as Failed or Canceled, or nobody waited for its end."""
