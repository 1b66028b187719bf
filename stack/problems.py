"""What speaks against a deployment, collected so that all of it is told at once."""

from dataclasses import dataclass, field

import pulumi


class PlacementError(pulumi.RunError):
    """What exists cannot serve; the message names each resource, what is wrong with it and the way out."""


@dataclass(frozen=True)
class Problems:
    """A list that ends the program, if there is anything in it."""

    _found: list[str] = field(default_factory=list[str])

    def add(self, problem: str) -> None:
        """One more reason."""
        self._found.append(problem)

    def raise_if_any(self) -> None:
        """Ends the program.

        Raises:
            PlacementError: with all reasons.
        """
        if len(self._found) == 1:
            raise PlacementError(self._found[0])
        if self._found:
            raise PlacementError(
                "\n".join(["what exists cannot be used as it is:", *(f"  - {p}" for p in self._found)])
            )
