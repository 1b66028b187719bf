"""Code releases: the app's code on the share, immutable, named by its content, visible only when whole.

`releases/NAME/FOLDER/…` holds one release, `releases/NAME/release.json` says what is in it. It is put together in a
staging folder and renamed once every file has been verified, so whoever mounts `releases/NAME` sees all of it; an
interrupted upload is continued by the next. What an earlier release has already is copied on the share and does not
travel. On its way out a release is renamed first, too: it is never half there. Hidden names are ours.
"""

import contextlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any, Final

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.fileshare import ShareClient

from operations.code_folder import RELEASES, Release, describe, release_path
from operations.errors import OperationError, ShareError
from operations.file_share import (
    ShareAddress,
    delete_folder,
    in_parallel,
    list_files,
    list_folders,
    make_folders,
    open_share,
)
from operations.transfer import copy, is_there, local_file, send, send_bytes

KEPT_RELEASES: Final = 5
MANIFEST: Final = "release.json"
ABANDONED_AFTER: Final = timedelta(days=1)
"""Age at which a staging folder is taken for one that nobody will continue."""
_STAGING: Final = ".staging-"
_TRASH: Final = ".trash-"


@dataclass(frozen=True)
class Manifest:
    """What a release on the share holds: the folder's name, when it was made (ISO 8601), SHA-256 by path in it."""

    name: str
    source: str
    created: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Publication:
    """A release that is on the share: how many of its files travelled, their bytes, and how many were copied there."""

    name: str
    sent: int = 0
    sent_bytes: int = 0
    copied: int = 0


@dataclass(frozen=True)
class Progress:
    """Files done and in all; bytes sent so far and in all."""

    files: int
    all_files: int
    sent_bytes: int
    all_bytes: int


def publish(
    address: ShareAddress,
    source: Path,
    *,
    in_use: Collection[str] = (),
    keep: int = KEPT_RELEASES,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Publication:
    """Puts the folder's release on the share; one that is there already costs one request.

    The newest `keep` releases stay, and those in `in_use` whatever their age; files that one of these has are copied.

    Raises:
        ShareError: the share refused, or what arrived is not what was sent.
        OperationError: the folder changed meanwhile.
    """
    release = describe(source)
    published = Publication(release.name)
    with open_share(address) as share:
        existing = list_folders(share, RELEASES)
        if release.name not in existing:
            bases = [found for name in in_use if name in existing and (found := read_manifest(share, name))]
            try:
                published = _upload(share, release, source, bases, on_progress)
            except (ResourceExistsError, ResourceNotFoundError):
                # Somebody may have released the same content at the same time, from the same staging folder.
                if release.name not in list_folders(share, RELEASES):
                    raise
            _prune(share, existing, keep, {release.name, *in_use})
    return published


def read_manifest(share: ShareClient, name: str) -> Manifest | None:
    """What a release says of itself; None where there is none, or one without a word."""
    try:
        content = json.loads(share.get_file_client(f"{release_path(name)}/{MANIFEST}").download_file().readall())
        return Manifest(name, content["source"], content["created"], content["files"])
    except (ResourceNotFoundError, ValueError, KeyError, TypeError):
        return None


def kept(share: ShareClient) -> list[Manifest]:
    """The releases on the share, the newest first; one without a manifest comes last, without files."""
    names = [name for name in list_folders(share, RELEASES) if not name.startswith(".")]
    found = [read_manifest(share, name) or Manifest(name, "", "", {}) for name in names]
    return sorted(found, key=lambda manifest: manifest.created, reverse=True)


def withdraw(address: ShareAddress) -> None:
    """Takes every release off the share again."""
    with open_share(address) as share:
        delete_folder(share, RELEASES)


def _upload(
    share: ShareClient,
    release: Release,
    source: Path,
    bases: Iterable[Manifest],
    on_progress: Callable[[Progress], None],
) -> Publication:
    staging = f"{RELEASES}/{_STAGING}{release.name}"
    targets = {f"{staging}/{source.name}/{path}": file for path, file in release.files.items()}
    on_share = {
        sha256: f"{release_path(base.name)}/{base.source}/{path}"
        for base in bases
        for path, sha256 in base.files.items()
    }
    present = list_files(share, staging)
    make_folders(share, {str(PurePosixPath(target).parent) for target in targets})
    all_bytes = sum(file.size for file in targets.values() if file.sha256 not in on_share)
    done, sent, copied, sent_bytes = 0, 0, 0, 0
    lock = Lock()

    def work(target: str) -> None:
        nonlocal done, sent, copied, sent_bytes
        file, base = targets[target], on_share.get(targets[target].sha256)
        local = local_file(file.path)
        is_copy = False
        travels = present.get(target) != file.size or not is_there(share, local, target)
        if travels:
            is_copy = base is not None and copy(share, base, target, local)
            if not is_copy:
                send(share, local, target)
        with lock:
            done += 1
            copied += is_copy
            if travels and not is_copy:
                sent += 1
                sent_bytes += file.size
            on_progress(Progress(done, len(targets), sent_bytes, all_bytes))

    in_parallel(work, targets)
    if describe(source).name != release.name:
        raise OperationError(f"{source} changed while it was released; run it again")
    manifest = _manifest(release, source.name)
    send_bytes(share, manifest, f"{staging}/{MANIFEST}")
    wanted = {target: file.size for target, file in targets.items()} | {f"{staging}/{MANIFEST}": len(manifest)}
    if list_files(share, staging) != wanted:
        delete_folder(share, staging)
        raise ShareError(f"the release {release.name} did not arrive as it was sent; run it again")
    share.get_directory_client(staging).rename_directory(release_path(release.name))
    return Publication(release.name, sent, sent_bytes, copied)


def _manifest(release: Release, source: str) -> bytes:
    content: dict[str, Any] = {
        "source": source,
        "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "files": {path: file.sha256 for path, file in release.files.items()},
    }
    return json.dumps(content, indent=1).encode()


def _prune(share: ShareClient, existing: list[str], keep: int, needed: set[str]) -> None:
    """Removes what is superfluous; what a running replica still has open stays until a later time."""

    def changed(name: str) -> datetime:
        return share.get_directory_client(release_path(name)).get_directory_properties().last_modified

    abandoned_before = datetime.now(UTC) - ABANDONED_AFTER
    old: list[tuple[datetime, str]] = []
    for name in existing:
        with contextlib.suppress(HttpResponseError):
            if name.startswith(_TRASH) or (name.startswith(_STAGING) and changed(name) < abandoned_before):
                delete_folder(share, release_path(name))
            elif not name.startswith(".") and name not in needed:
                old.append((changed(name), name))
    for _, name in sorted(old)[: max(0, len(old) + 1 - keep)]:
        with contextlib.suppress(HttpResponseError):
            share.get_directory_client(release_path(name)).rename_directory(release_path(_TRASH + name))
            delete_folder(share, release_path(_TRASH + name))
