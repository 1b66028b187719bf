"""The errors of this room.

OperationError          anything that a person can act on; the message says what is wrong, where, and what to do
├── JsonFileError       a file that a person writes is not JSON
├── ConfigFileError     inference.config.json is missing or wrong
├── CloudError          Azure's resource manager refused, or nobody is signed in to it
├── DeploymentError     a release could not take over, or there is none to go back to
├── ShareError          the file share refused or could not be reached
├── PriceError          Azure's prices cannot be told
└── EndpointError       the endpoint did not answer, or answered with an error
    └── BusyError       it may answer when it is asked again: too many requests, a passing fault, a lost connection
"""


class OperationError(Exception):
    """Root of everything that operations raise on purpose."""


class JsonFileError(OperationError):
    """A file that a person writes is not JSON."""


class ConfigFileError(OperationError):
    """`inference.config.json` is missing or wrong."""


class CloudError(OperationError):
    """Azure's resource manager refused or could not be reached, or nobody is signed in."""


class DeploymentError(OperationError):
    """A release could not take over, or there is none to go back to."""


class ShareError(OperationError):
    """The file share refused or could not be reached."""


class PriceError(OperationError):
    """Azure's prices cannot be told."""


class EndpointError(OperationError):
    """The endpoint did not answer in time, or answered with an error."""


class BusyError(EndpointError):
    """The endpoint may answer when it is asked again; `retry_after` in seconds, where it says when."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
