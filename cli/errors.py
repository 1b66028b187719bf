"""The errors of this room.

CliError          anything that the person at the terminal can act on
└── PulumiError   the Pulumi CLI is missing, busy or failed
"""


class CliError(Exception):
    """Root of everything that commands raise on purpose; the message says what to do."""


class PulumiError(CliError):
    """The Pulumi CLI is missing, busy with the same stack, or failed."""
