"""What a folder's content makes: a release, named by its content, before anything of it is anywhere."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pathspec

from operations.errors import OperationError

RELEASES: Final = "releases"
NAME_LENGTH: Final = 12
IGNORE_FILES: Final = (".gitignore", ".releaseignore")
_ALWAYS_IGNORED: Final = (".*", "__pycache__/", "*.pyc")


@dataclass(frozen=True)
class Release:
    """What a folder's content makes: the release's name, and its files by path within the folder."""

    name: str
    files: Mapping[str, Path]


def release_path(name: str) -> str:
    """Where the release is, from the share's root."""
    return f"{RELEASES}/{name}"


def describe(source: Path) -> Release:
    """The release that this folder's content makes; equal content gives an equal name on any machine.

    Hidden files, compiled Python and what the folder's `.gitignore` and `.releaseignore` name are left out.

    Raises:
        OperationError: the folder is missing or holds nothing to release.
    """
    if not source.is_dir():
        raise OperationError(f"{source} is not a folder: there is no code to release")
    ignored = pathspec.GitIgnoreSpec.from_lines([*_rules(source), *_ALWAYS_IGNORED])
    files = {
        path: source / path
        for path in sorted(item.relative_to(source).as_posix() for item in source.rglob("*") if item.is_file())
        if not ignored.match_file(path)
    }
    if not files:
        raise OperationError(f"{source} holds no file to release")
    digest = hashlib.sha256()
    for path, local in files.items():
        digest.update(f"{path}\0{hashlib.sha256(local.read_bytes()).hexdigest()}\n".encode())
    return Release(digest.hexdigest()[:NAME_LENGTH], files)


def _rules(source: Path) -> list[str]:
    found = [source / name for name in IGNORE_FILES]
    return [line for rules in found if rules.is_file() for line in rules.read_text(encoding="utf-8").splitlines()]
