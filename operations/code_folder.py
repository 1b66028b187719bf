"""A folder of code: which of its files are released, what is in them, and the name that this makes."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pathspec

from operations.errors import OperationError

RELEASES: Final = "releases"
DEPLOYED_TAG: Final = "aca-inference-code"
"""Tag of the app that names the release of the code that was deployed last, by whichever command; after a rollback the
app mounts another one."""
NAME_LENGTH: Final = 12
IGNORE_FILES: Final = (".gitignore", ".releaseignore")
_ALWAYS_IGNORED: Final = pathspec.GitIgnoreSpec.from_lines([".*", "__pycache__/", "*.pyc"])


@dataclass(frozen=True)
class CodeFile:
    """A file of this machine, its size in bytes and the SHA-256 of its content in hexadecimal."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Release:
    """What a folder's content makes: the release's name, and its files by path within the folder."""

    name: str
    files: Mapping[str, CodeFile]


def release_path(name: str) -> str:
    """Where a release is, from the share's root."""
    return f"{RELEASES}/{name}"


def release_in(sub_paths: Iterable[str | None]) -> str | None:
    """The release that a container with mounts of these folders of the share runs; None if of none."""
    for path in sub_paths:
        folder, _, name = (path or "").rpartition("/")
        if folder == RELEASES:
            return name
    return None


def describe(source: Path) -> Release:
    """The release that this folder's content makes; equal content gives an equal name on any machine.

    Hidden files and compiled Python are left out, and what `.gitignore` and `.releaseignore` say, here and in the
    folders below, by git's rules: the deeper file decides, and nothing comes back from an ignored folder.

    Raises:
        OperationError: the folder is missing or holds nothing to release.
    """
    if not source.is_dir():
        raise OperationError(f"{source} is not a folder: there is no code to release")
    files = {path.relative_to(source).as_posix(): _described(path) for path in _released(source, ())}
    if not files:
        raise OperationError(f"{source} holds no file to release")
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{files[path].sha256}\n".encode())
    return Release(digest.hexdigest()[:NAME_LENGTH], dict(sorted(files.items())))


def stamp(source: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes when a released file does, without reading any: path, size and time of each."""
    found: list[tuple[str, int, int]] = []
    for path in _released(source, ()):
        status = path.stat()
        found.append((str(path), status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))


_Rules = tuple[tuple[Path, pathspec.GitIgnoreSpec], ...]


def _released(folder: Path, above: _Rules) -> Iterator[Path]:
    rules = (*above, (folder, _rules_of(folder)))
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            directory = entry.is_dir()
            if _ignored(path, directory, rules):
                continue
            if directory and not entry.is_symlink():
                yield from _released(path, rules)
            elif entry.is_file():
                yield path


def _ignored(path: Path, directory: bool, rules: _Rules) -> bool:
    if _ALWAYS_IGNORED.match_file(path.name + ("/" if directory else "")):
        return True
    for folder, spec in reversed(rules):
        verdict = spec.check_file(path.relative_to(folder).as_posix() + ("/" if directory else "")).include
        if verdict is not None:
            return verdict
    return False


def _rules_of(folder: Path) -> pathspec.GitIgnoreSpec:
    found = [folder / name for name in IGNORE_FILES]
    lines = [line for rules in found if rules.is_file() for line in rules.read_text(encoding="utf-8").splitlines()]
    return pathspec.GitIgnoreSpec.from_lines(lines)


def _described(path: Path) -> CodeFile:
    data = path.read_bytes()
    return CodeFile(path, len(data), hashlib.sha256(data).hexdigest())
