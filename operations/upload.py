"""Models and adapters on the share, in the layout that fine-tuning leaves them.

A folder that the share does not have yet is put together elsewhere and renamed once it is whole: readers see all of it
or nothing, and a file costs one request. In a folder that is there already, each file is replaced by itself.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from threading import Event, Lock
from typing import Final

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.fileshare import ShareClient

from operations.errors import OperationError
from operations.file_share import (
    ShareAddress,
    delete_folder,
    in_parallel,
    list_files,
    list_folders,
    make_folders,
    open_share,
)
from operations.transfer import is_there, local_file, put, send

STAGING: Final = ".uploads"
"""Where new folders are put together, each with its path on the share as its name; nothing reads it."""
ABANDONED_AFTER: Final = timedelta(days=7)
"""Age at which what an interrupted upload has sent is taken for something that nobody will continue."""
SIGN_OF_LIFE: Final = timedelta(minutes=30)
"""How often a running upload says on the share that it is one."""
_ALIVE: Final = "alive"
"""Metadata of a staging folder: when its upload was last at work (ISO 8601). The service's own date of a folder does
not move when files in it are written."""


@dataclass(frozen=True)
class UploadReport:
    """What an upload did: files sent, files that were there already, bytes sent."""

    sent: int
    unchanged: int
    sent_bytes: int


def upload_tree(
    address: ShareAddress,
    local: Path,
    remote: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> UploadReport:
    """Makes the share's folder `remote` hold every file of the folder `local` (or the one file `local`).

    Raises:
        OperationError: there is nothing to upload.
        ShareError: the share refused or could not be reached.
    """
    return upload_files(address, _files(local), remote, on_progress)


def upload_files(
    address: ShareAddress,
    files: Mapping[str, Path],
    remote: str,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> UploadReport:
    """Makes the share's folder `remote` hold these files, named by their paths in it.

    Files that are there with the same size and checksum are not sent again, nor the ranges of a file that an
    interrupted upload has sent. `on_progress` gets bytes done and bytes in all, one call at a time.

    Raises:
        OperationError: a file changed while it was sent.
        ShareError: the share refused or could not be reached.
    """
    sizes = {name: path.stat().st_size for name, path in files.items()}
    total, done, sent = sum(sizes.values()), 0, list[str]()
    lock, stop = Lock(), Event()
    due = datetime.max.replace(tzinfo=UTC)

    def advance(count: int) -> None:
        nonlocal done, due
        if stop.is_set():
            raise OperationError("the upload was interrupted; run it again to go on")
        with lock:
            done += count
            on_progress(done, total)
            if datetime.now(UTC) > due:
                due = _show_life(share, place)

    with open_share(address) as share:
        is_new = not share.get_directory_client(remote).exists()
        place, write = (_staging(remote), send) if is_new else (remote, put)
        present = list_files(share, place)
        make_folders(share, {str(PurePosixPath(place, name).parent) for name in files})
        if is_new:
            due = _show_life(share, place)

        def work(name: str) -> None:
            file, target = local_file(files[name]), f"{place}/{name}"
            if present.get(target) == file.size and is_there(share, file, target):
                advance(file.size)
            else:
                write(share, file, target, advance)
                sent.append(name)

        in_parallel(work, files, stop)
        if is_new:
            for superfluous in present.keys() - {f"{place}/{name}" for name in files}:
                share.get_file_client(superfluous).delete_file()
            _show(share, remote)
            _clear_abandoned(share)
    return UploadReport(len(sent), len(files) - len(sent), sum(sizes[name] for name in sent))


def _staging(remote: str) -> str:
    return f"{STAGING}/{remote.replace('/', '~')}"


def _show_life(share: ShareClient, staging: str) -> datetime:
    """Notes that this upload is at work; returns when that has to be said again."""
    now = datetime.now(UTC)
    share.get_directory_client(staging).set_directory_metadata({_ALIVE: now.isoformat()})
    return now + SIGN_OF_LIFE


def _clear_abandoned(share: ShareClient) -> None:
    """Removes what other uploads have left too long ago; what cannot be removed now is left to a later one."""
    before = datetime.now(UTC) - ABANDONED_AFTER
    for name in list_folders(share, STAGING):
        with contextlib.suppress(HttpResponseError):
            found = share.get_directory_client(f"{STAGING}/{name}").get_directory_properties()
            told = (found.metadata or {}).get(_ALIVE)
            if (datetime.fromisoformat(told) if told else found.last_modified) < before:
                delete_folder(share, f"{STAGING}/{name}")


def _show(share: ShareClient, remote: str) -> None:
    """Moves the folder from where it was put together to its place."""
    make_folders(share, [parent] if (parent := str(PurePosixPath(remote).parent)) != "." else [])
    try:
        share.get_directory_client(_staging(remote)).rename_directory(remote)
    except (ResourceExistsError, ResourceNotFoundError) as error:
        raise OperationError(f"{remote} was uploaded by somebody else meanwhile; run this again") from error


def _files(local: Path) -> dict[str, Path]:
    if local.is_file():
        return {local.name: local}
    files = {path.relative_to(local).as_posix(): path for path in sorted(local.rglob("*")) if path.is_file()}
    if not files:
        raise OperationError(f"{local} is missing or empty: there is nothing to upload")
    return files
