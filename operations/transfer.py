"""One file to the share: a checksum that vouches for the content, whole or not at all where somebody reads it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.fileshare import ContentSettings, ShareClient, ShareFileClient

from operations.file_share import PARALLEL_RANGES

PARTIAL_SUFFIX: Final = ".partial"
"""Ending of a file that is still being uploaded; nothing reads such a file."""
SINGLE_REQUEST_BYTES: Final = 4 * 1024 * 1024
"""Largest content that a file can be created with in one request, and the largest range."""
_HASH_BLOCK_BYTES: Final = 1024 * 1024

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


def _send_ranges(client: ShareFileClient, file: LocalFile, progress: Progress) -> None:
    arrived = 0

    def hook(current: int, _total: int | None) -> None:
        nonlocal arrived
        progress(current - arrived)
        arrived = current

    with file.path.open("rb") as data:
        client.upload_file(
            data, length=file.size, max_concurrency=PARALLEL_RANGES, validate_content="md5", progress_hook=hook
        )
