"""Code releases: the app's code on the share, immutable, named by its content, visible only when whole.

`releases/NAME/FOLDER/…` holds one release. It is uploaded next to that place and renamed once every file has been
verified, so whoever mounts `releases/NAME` sees all of it; an interrupted upload is continued by the next.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pathspec
from azure.core.exceptions import ResourceExistsError
from azure.storage.fileshare import ShareClient

from operations.errors import OperationError, ShareError
from operations.file_share import (
    ShareAddress,
    delete_folder,
    file_md5,
    has_content,
    in_parallel,
    list_files,
    list_folders,
    make_folders,
    open_share,
    put_file,
    share_errors,
)

RELEASES: Final = "releases"
NAME_LENGTH: Final = 12
KEPT_RELEASES: Final = 5
IGNORE_FILE: Final = ".releaseignore"
_STAGING: Final = ".staging-"
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

    Hidden files, compiled Python and what `.releaseignore` (git's syntax) names are left out.

    Raises:
        OperationError: the folder is missing or holds nothing to release.
    """
    if not source.is_dir():
        raise OperationError(f"{source} is not a folder: there is no code to release")
    ignored = pathspec.GitIgnoreSpec.from_lines([*_ALWAYS_IGNORED, *_own_rules(source)])
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


def publish(
    address: ShareAddress,
    source: Path,
    *,
    in_use: Collection[str] = (),
    keep: int = KEPT_RELEASES,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> str:
    """Puts the folder's release on the share and returns its name; one that is there already costs one request.

    The newest `keep` releases stay, and those in `in_use` whatever their age. `on_progress` gets files done and all.

    Raises:
        ShareError: the share refused, or what arrived is not what was sent.
    """
    release = describe(source)
    share = open_share(address)
    with share_errors(share):
        existing = list_folders(share, RELEASES)
        if release.name not in existing:
            _upload(share, release, source.name, on_progress)
            _prune(share, existing, keep, {release.name, *in_use})
    return release.name


def withdraw(address: ShareAddress) -> None:
    """Takes every release off the share again."""
    share = open_share(address)
    with share_errors(share):
        delete_folder(share, RELEASES)


def _own_rules(source: Path) -> list[str]:
    rules = source / IGNORE_FILE
    return rules.read_text(encoding="utf-8").splitlines() if rules.is_file() else []


def _upload(share: ShareClient, release: Release, folder: str, on_progress: Callable[[int, int], None]) -> None:
    staging = f"{RELEASES}/{_STAGING}{release.name}"
    for parent in sorted({Path(path).parent.as_posix() for path in release.files}):
        make_folders(share, f"{staging}/{folder}/{parent}".removesuffix("/."))
    done = 0

    def put(path: str) -> None:
        nonlocal done
        local, remote = release.files[path], f"{staging}/{folder}/{path}"
        md5 = file_md5(local)
        if not has_content(share.get_file_client(remote), local.stat().st_size, md5):
            put_file(share, local, remote, md5, lambda _bytes: None)
        done += 1
        on_progress(done, len(release.files))

    in_parallel(put, release.files)
    _verify(share, release, f"{staging}/{folder}")
    try:
        share.get_directory_client(staging).rename_directory(release_path(release.name))
    except ResourceExistsError:
        # Somebody released the same content at the same time: what is there is equal.
        delete_folder(share, staging)


def _verify(share: ShareClient, release: Release, folder: str) -> None:
    wanted = {f"{folder}/{path}": local.stat().st_size for path, local in release.files.items()}
    arrived = {file.path: file.size for file in list_files(share, folder)}
    if wrong := sorted(path for path in wanted.keys() | arrived.keys() if wanted.get(path) != arrived.get(path)):
        raise ShareError(f"the release {release.name} did not arrive whole ({', '.join(wrong[:3])}); run it again")


def _prune(share: ShareClient, existing: list[str], keep: int, needed: set[str]) -> None:
    def age(name: str) -> datetime:
        return share.get_directory_client(release_path(name)).get_directory_properties().last_modified

    old = [name for name in existing if name not in needed]
    superfluous = len(old) + 1 - keep
    if superfluous > 0:
        for name in sorted(old, key=age)[:superfluous]:
            delete_folder(share, release_path(name))
