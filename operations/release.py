"""Code releases: the app's code on the share, immutable, named by its content, visible only when whole.

`releases/NAME/FOLDER/…` holds one release. It is uploaded to a staging folder and renamed once every file has been
verified, so whoever mounts `releases/NAME` sees all of it; an interrupted upload is continued by the next. On its way
out a release is renamed first, too: it is never half there. Hidden names (`.staging-NAME`, `.trash-NAME`) are ours.
"""

import contextlib
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Final

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.fileshare import ShareClient

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
from operations.release_content import RELEASES, Release, describe, release_path
from operations.transfer import is_there, local_file, send

KEPT_RELEASES: Final = 5
ABANDONED_AFTER: Final = timedelta(days=1)
"""Age at which a staging folder is taken for one that nobody will continue."""
_STAGING: Final = ".staging-"
_TRASH: Final = ".trash-"


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
    with open_share(address) as share:
        existing = list_folders(share, RELEASES)
        if release.name not in existing:
            try:
                _upload(share, release, source, on_progress)
            except (ResourceExistsError, ResourceNotFoundError):
                # Somebody may have released the same content at the same time, from the same staging folder.
                if release.name not in list_folders(share, RELEASES):
                    raise
            _prune(share, existing, keep, {release.name, *in_use})
    return release.name


def withdraw(address: ShareAddress) -> None:
    """Takes every release off the share again."""
    with open_share(address) as share:
        delete_folder(share, RELEASES)


def _upload(share: ShareClient, release: Release, source: Path, on_progress: Callable[[int, int], None]) -> None:
    staging = f"{RELEASES}/{_STAGING}{release.name}"
    targets = {f"{staging}/{source.name}/{path}": local for path, local in release.files.items()}
    present = list_files(share, staging)
    make_folders(share, {str(PurePosixPath(target).parent) for target in targets})
    done = 0
    lock = Lock()

    def work(target: str) -> None:
        nonlocal done
        file = local_file(targets[target])
        if present.get(target) != file.size or not is_there(share, file, target):
            send(share, file, target)
        with lock:
            done += 1
            on_progress(done, len(targets))

    in_parallel(work, targets)
    if describe(source).name != release.name:
        raise OperationError(f"{source} changed while it was released; run it again")
    wanted = {target: local.stat().st_size for target, local in targets.items()}
    if list_files(share, staging) != wanted:
        delete_folder(share, staging)
        raise ShareError(f"the release {release.name} did not arrive as it was sent; run it again")
    share.get_directory_client(staging).rename_directory(release_path(release.name))


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
