"""API keys, from the environment or from a file in which they can be rotated while the app runs."""

import hmac
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from inference_app.errors import UnauthorizedError
from inference_app.logs import log

MIN_KEY_CHARACTERS: Final = 8
LOOK_SECONDS: Final = 1.0  # between two looks at the file


def read_keys(file: Path) -> tuple[str, ...]:
    """The keys in the file, one a line; `ValueError` says why it holds none, or a bad one, without repeating it."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read: {type(error).__name__}") from error
    keys = tuple(line.strip() for line in lines if line.strip())
    if not keys:
        raise ValueError(f"{file} holds no key")
    if any(len(key) < MIN_KEY_CHARACTERS for key in keys):
        raise ValueError(f"a key in {file} has less than {MIN_KEY_CHARACTERS} characters")
    return keys


class ApiKeys:
    """The secrets of which a request must carry one; with neither keys nor a file, everybody is let in."""

    def __init__(self, keys: Sequence[str] = (), file: Path | None = None) -> None:
        self._keys = _encoded(keys if file is None else read_keys(file))
        self._file = file
        self._seen = None if file is None else _version(file)
        self._next_look = 0.0

    @property
    def needed(self) -> bool:
        """Whether a key is asked for at all."""
        return bool(self._keys)

    def check(self, given: str | None) -> None:
        """Raises `UnauthorizedError` for a wrong key or none. Takes the same time whichever key comes closest."""
        self._look()
        if not self._keys:
            return
        if not given:
            raise UnauthorizedError(
                "an API key is needed: send it as `Authorization: Bearer KEY`", code="missing_api_key"
            )
        matches = [hmac.compare_digest(key, given.encode(errors="replace")) for key in self._keys]
        if not any(matches):
            raise UnauthorizedError("the API key is not known here")

    def _look(self) -> None:
        """Takes over a changed file. One that is broken or gone changes nothing, least of all does it let all in."""
        if self._file is None or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_SECONDS
        version = _version(self._file)
        if version == self._seen:
            return
        self._seen = version
        try:
            self._keys = _encoded(read_keys(self._file))
            log("API keys changed", keys=len(self._keys))
        except ValueError as error:
            log("API keys kept as they were", level=40, reason=str(error))


def _encoded(keys: Sequence[str]) -> list[bytes]:
    return [key.encode() for key in keys]


def _version(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
