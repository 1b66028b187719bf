"""Conditional requests: If-Match and If-None-Match against a resource's etag."""

from dataclasses import dataclass

from sandbox.arm.errors import ArmError
from sandbox.arm.resources import Resource


@dataclass(frozen=True)
class Etag:
    """The condition of a request."""

    if_match: str | None = None
    if_none_match: str | None = None

    def check(self, existing: Resource | None) -> None:
        """Whether the request may go on.

        Raises:
            ArmError: 412, the condition is not met.
        """
        current = None if existing is None else existing.etag
        matches = self.if_match is None or (current is not None and self.if_match.strip('"') in ("*", current))
        differs = self.if_none_match is None or current is None or self.if_none_match.strip('"') not in ("*", current)
        if not (matches and differs):
            raise ArmError(412, "PreconditionFailed", "The condition of the request (If-Match) is not met.")
