"""One file to the share: a checksum that vouches for the content, whole or not at all where somebody reads it."""

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.fileshare import ContentSettings, ShareClient, ShareFileClient

from operations.errors import OperationError
from operations.file_share import PARALLEL_RANGES, in_parallel

PARTIAL_SUFFIX: Final = ".partial"
"""Ending of a file that is still being uploaded; nothing reads such a file."""
SINGLE_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Largest content that a file can be created with in one request, and the largest range."""
COPY_SECONDS: Final = 60.0
"""How long the service may take to copy a file of code; after that it is sent."""
_COPY_POLL_SECONDS: Final = 0.2
_HASH_BLOCK_BYTES: Final = 1024 * 1024
_CONTENT_METADATA: Final = "md5"
"""Metadata of a file that is being sent in ranges: the content that it will have."""

Progress = Callable[[int], None]
"""Called with the number of bytes that have just arrived on the share; from several threads."""


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine with its size in bytes and its MD5, the checksum that Azure Files keeps with a file."""

    path: Path
    size: int
    md5: bytes


def local_file(path: Path) -> LocalFile:
    """Reads the file once for its checksum."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
        return LocalFile(path, file.tell(), digest.digest())


def is_there(share: ShareClient, file: LocalFile, remote: str) -> bool:
    """Whether the share has this content there, by size and checksum."""
    try:
        found = share.get_file_client(remote).get_file_properties()
    except ResourceNotFoundError:
        return False
    return int(found.size) == file.size and bytes(found.content_settings.content_md5 or b"") == file.md5


def send(share: ShareClient, file: LocalFile, remote: str, progress: Progress = lambda _: None) -> None:
    """Writes the content there; while this runs, a reader sees parts of it.

    The checksum appears with the last byte, so an interrupted transfer is never taken for a finished one. The service
    checks each request's content against a checksum of its own.
    """
    client = share.get_file_client(remote)
    vouched = ContentSettings(content_md5=bytearray(file.md5))
    if file.size <= SINGLE_REQUEST_BYTES:
        data = file.path.read_bytes()
        client.create_file(
            len(data), data=data or None, content_settings=vouched, validate_content="md5" if data else None
        )
        progress(file.size)
    else:
        _send_ranges(client, file, progress)
        client.set_http_headers(vouched)


def put(share: ShareClient, file: LocalFile, remote: str, progress: Progress = lambda _: None) -> None:
    """Puts the content there whole or not at all: sent under a name that nothing reads, then renamed."""
    send(share, file, remote + PARTIAL_SUFFIX, progress)
    share.get_file_client(remote + PARTIAL_SUFFIX).rename_file(remote, overwrite=True)


def send_bytes(share: ShareClient, data: bytes, remote: str) -> None:
    """Writes a small content there in one request."""
    share.get_file_client(remote).create_file(len(data), data=data, validate_content="md5")


def copy(share: ShareClient, source: str, target: str, file: LocalFile) -> bool:
    """Makes the share copy what it has already; whether the target then has this file's content."""
    client = share.get_file_client(target)
    try:
        begun = client.start_copy_from_url(share.get_file_client(source).url)
        deadline = time.monotonic() + COPY_SECONDS
        status = str(begun["copy_status"])
        while status == "pending" and time.monotonic() < deadline:
            time.sleep(_COPY_POLL_SECONDS)
            status = str(client.get_file_properties().copy.status)
    except ResourceNotFoundError:
        return False  # removed by somebody else meanwhile
    return status == "success" and int(client.get_file_properties().size) == file.size


def _send_ranges(client: ShareFileClient, file: LocalFile, progress: Progress) -> None:
    """Sends the ranges that are not there yet; an earlier attempt with the same content is continued."""
    missing, there = _missing_ranges(client, file)
    progress(there)
    before = file.path.stat()
    with file.path.open("rb") as data:

        def work(offset: int) -> None:
            piece = os.pread(data.fileno(), SINGLE_REQUEST_BYTES, offset)
            client.upload_range(piece, offset=offset, length=len(piece), validate_content="md5")
            progress(len(piece))

        in_parallel(work, missing, workers=PARALLEL_RANGES)
    after = file.path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise OperationError(f"{file.path} changed while it was sent; run it again")


def _missing_ranges(client: ShareFileClient, file: LocalFile) -> tuple[list[int], int]:
    """Where the ranges begin that must be sent, and how many bytes are there already."""
    offsets = list(range(0, file.size, SINGLE_REQUEST_BYTES))
    meant = {_CONTENT_METADATA: file.md5.hex()}
    try:
        found = client.get_file_properties()
        if int(found.size) == file.size and (found.metadata or {}).items() >= meant.items():
            written = [(item.start, item.end) for item in client.list_ranges()]
            missing = [offset for offset in offsets if not _covered(offset, file.size, written)]
            left = sum(min(SINGLE_REQUEST_BYTES, file.size - offset) for offset in missing)
            return missing, file.size - left
    except ResourceNotFoundError:
        pass
    client.create_file(file.size, metadata=meant)
    return offsets, 0


def _covered(offset: int, size: int, written: list[tuple[int, int]]) -> bool:
    last = min(offset + SINGLE_REQUEST_BYTES, size) - 1
    return any(first <= offset and last <= end for first, end in written)
