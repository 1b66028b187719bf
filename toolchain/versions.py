"""What version a Pulumi executable is, asked once for as long as the file stays the same."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Final

ANSWER_TIMEOUT_SECONDS: Final = 60


class Versions:
    """The answers so far, kept in `file`; one that cannot be read is begun anew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            self._known: dict[str, str] = dict(json.loads(file.read_text()))
        except (OSError, ValueError, TypeError):
            self._known = {}

    def of(self, executable: Path) -> str | None:
        """The version that `executable` says it is, or None if it is not there or does not run."""
        try:
            state = executable.stat()
        except OSError:
            return None
        identity = f"{executable} {state.st_size} {state.st_mtime_ns} {state.st_ino}"
        if identity not in self._known:
            version = _ask(executable)
            if version is None:
                return None
            self._known[identity] = version
            self._keep()
        return self._known[identity]

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._known, indent=1))
        fresh.replace(self._file)


def is_at_least(version: str, wanted: str) -> bool:
    """Whether `version` is `wanted` or newer; a pre-release counts as its release."""
    return _numbers(version) >= _numbers(wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _ask(executable: Path) -> str | None:
    try:
        done = subprocess.run(
            [executable, "version"],
            capture_output=True,
            text=True,
            timeout=ANSWER_TIMEOUT_SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", done.stdout.strip())
    return found[1] if done.returncode == 0 and found else None
