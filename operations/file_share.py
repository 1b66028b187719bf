"""An Azure file share: its address, a client for it, and files put there whole or not at all."""

import hashlib
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.fileshare import ContentSettings, FileProperties, ShareClient, ShareDirectoryClient, ShareFileClient

from operations.errors import ShareError

PARALLEL_FILES: Final = 8
PARALLEL_RANGES: Final = 4
PARTIAL_SUFFIX: Final = ".partial"
"""Ending of a file that is still being uploaded; nothing reads such a file."""

_Item = TypeVar("_Item")
_HASH_BLOCK_BYTES: Final = 1 << 20

Progress = Callable[[int], None]
"""Called with the number of bytes that have just arrived on the share."""


@dataclass(frozen=True)
class ShareAddress:
    """Where a share is and the key that opens it."""

    endpoint_url: str
    """URL of the account's file service, such as `https://ACCOUNT.file.core.windows.net/`."""
    account_name: str
    account_key: str = field(repr=False)
    share_name: str


@dataclass(frozen=True)
class RemoteFile:
    """A file on the share, by its path from the share's root."""

    path: str
    size: int


def open_share(address: ShareAddress) -> ShareClient:
    """A client for the share; nothing is sent yet. It retries throttling and passing faults by itself."""
    # The key goes in as a named credential, because the SDK can tell the account only from hosts that it knows.
    credential = {"account_name": address.account_name, "account_key": address.account_key}
    return ShareClient(address.endpoint_url.rstrip("/"), address.share_name, credential=credential)


@contextmanager
def share_errors(share: ShareClient) -> Generator[None]:
    """Turns the SDK's errors into one sentence that names the share and what to look at."""
    place = f"{share.account_name}/{share.share_name}"
    try:
        yield
    except HttpResponseError as error:
        code = getattr(error, "error_code", None) or error.status_code
        hint = {
            "AuthenticationFailed": "; is the account key still valid?",
            "ShareNotFound": "; run `pulumi up` to make it",
        }.get(str(code), "")
        raise ShareError(f"the file share {place} refused: {code}{hint}") from error
    except AzureError as error:
        raise ShareError(f"the file share {place} could not be reached: {error}") from error


def make_folders(share: ShareClient, path: str) -> None:
    """Makes the folder and those above it; existing ones are left as they are."""
    parts = PurePosixPath(path).parts
    for depth in range(1, len(parts) + 1):
        try:
            share.get_directory_client("/".join(parts[:depth])).create_directory()
        except ResourceExistsError:
            continue


def list_files(share: ShareClient, folder: str) -> list[RemoteFile]:
    """Every file below the folder; none if the folder does not exist."""
    try:
        entries = list(share.list_directories_and_files(folder))
    except ResourceNotFoundError:
        return []
    found: list[RemoteFile] = []
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if isinstance(entry, FileProperties):
            found.append(RemoteFile(path, int(entry.size)))
        else:
            found += list_files(share, path)
    return found


def list_folders(share: ShareClient, folder: str) -> list[str]:
    """Names of the folders directly in this one; none if it does not exist."""
    try:
        return [entry.name for entry in share.list_directories_and_files(folder) if entry.is_directory]
    except ResourceNotFoundError:
        return []


def delete_folder(share: ShareClient, folder: str) -> None:
    """Deletes the folder and everything in it; one that is not there is fine."""
    _delete(share.get_directory_client(folder))


def has_content(file: ShareFileClient, size: int, md5: bytes) -> bool:
    """Whether the file is on the share with this size and checksum."""
    try:
        properties = file.get_file_properties()
    except ResourceNotFoundError:
        return False
    return int(properties.size) == size and bytes(properties.content_settings.content_md5 or b"") == md5


def put_file(share: ShareClient, local: Path, remote: str, md5: bytes, progress: Progress) -> None:
    """Uploads under a name that nothing reads, then renames: the file appears whole or not at all.

    The checksum is set once all ranges are in, so it vouches for the content.
    """
    partial = share.get_file_client(remote + PARTIAL_SUFFIX)
    size = local.stat().st_size
    arrived = 0

    def hook(current: int, _total: int | None) -> None:
        nonlocal arrived
        progress(current - arrived)
        arrived = current

    with local.open("rb") as data:
        partial.upload_file(data, length=size, max_concurrency=PARALLEL_RANGES, progress_hook=hook)
    progress(size - arrived)
    partial.set_http_headers(ContentSettings(content_md5=bytearray(md5)))
    partial.rename_file(remote, overwrite=True)


def in_parallel(work: Callable[[_Item], None], items: Iterable[_Item]) -> None:
    """Does the work for all items, several at a time; the first failure is raised and the rest is left undone."""
    with ThreadPoolExecutor(PARALLEL_FILES) as pool:
        tasks = [pool.submit(work, item) for item in items]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def file_md5(path: Path) -> bytes:
    """MD5 of the file, which is the checksum that Azure Files keeps with a file."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.digest()


def _delete(directory: ShareDirectoryClient) -> None:
    try:
        for entry in list(directory.list_directories_and_files()):
            if entry.is_directory:
                _delete(directory.get_subdirectory_client(entry.name))
            else:
                directory.delete_file(entry.name)
        directory.delete_directory()
    except ResourceNotFoundError:
        return
