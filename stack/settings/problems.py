"""One way to tell what is wrong: where it stands, the key as it was written, what is allowed, what is there instead."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from operations.json_file import Location, shorten


class SettingsError(pulumi.RunError):
    """Settings that cannot be used; the message lists every problem. Nothing has been touched by then."""

    def __init__(self, problems: Iterable[str]) -> None:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"the settings cannot be used:\n{listed}")


@dataclass(frozen=True)
class Origin:
    """Where settings were written: the file if it is known, what stands before each key, and the line of each path."""

    file: str | None = None
    prefix: str = ""
    lines: Mapping[Location, int] = field(default_factory=dict[Location, int])

    def place(self, path: Location) -> str:
        """`FILE:LINE: KEY` with as much of it as is known."""
        key = self.prefix + dotted(path)
        if self.file is None:
            return key
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)
        return f"{self.file}: {key}" if line is None else f"{self.file}:{line}: {key}"


@dataclass(frozen=True)
class Given:
    """A value that somebody gave to a setting."""

    value: Any = field(repr=False)
    origin: Origin
    secret: bool = False
    """Whether it is marked as a secret: then it is never shown."""

    def problem(self, path: Location, what: str, value: Any = None) -> str:
        """A problem with the value at this path; `value` is shown if it is no secret."""
        shown = "" if value is None or self.secret else f" (it is {shorten(value)})"
        return f"{self.origin.place(path)}: {what}{shown}"


def dotted(path: Location) -> str:
    """A path as `pulumi config set --path` takes it: `adopt.app`, `defaultCommands[1]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def unknown(key: str, known: Sequence[str], kind: str = "setting") -> str:
    """What to say of a key that does not exist."""
    near = difflib.get_close_matches(key, known, n=1)
    return f"no such {kind}; " + (f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}")
