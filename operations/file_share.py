"""An Azure file share: its address, a client for it, and the folders on it."""

import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from threading import Event
from typing import Any, Final, TypeVar

import requests
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.fileshare import ExponentialRetry, FileProperties, ShareClient, ShareDirectoryClient
from requests.adapters import HTTPAdapter

from operations.errors import ShareError

PARALLEL_FILES: Final = 8
PARALLEL_RANGES: Final = 4
"""Files at once, and ranges of one file at once; there are connections for all of them."""

RETRIES: Final = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=6, random_jitter_range=1)
"""After 2, 3, 5, 9, 17 and 33 seconds, more or less: throttling, 5xx, connections that are lost."""

LONGEST_WAIT_SECONDS: Final = 60.0
_TOO_MANY_REQUESTS: Final = 429

_HINTS: Final = {
    "AuthenticationFailed": "the account key is not valid any more (rotated?); run this again, it asks for the new one",
    "ShareNotFound": "is FILE_SHARE_NAME right? `pulumi up` makes it, after `pulumi refresh` if somebody deleted it",
    "ShareSizeLimitReached": "the share is full: raise its quota or remove old models",
}
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class ShareAddress:
    """Where a share is and the key that opens it."""

    endpoint_url: str
    """URL of the account's file service, such as `https://ACCOUNT.file.core.windows.net/`."""
    account_name: str
    account_key: str = field(repr=False)
    share_name: str


@contextmanager
def open_share(address: ShareAddress) -> Generator[ShareClient]:
    """A client for the share; it retries throttling and passing faults by itself.

    Raises:
        ShareError: in place of the SDK's errors: one sentence that names the share and what to look at.
    """
    # The key goes in as a named credential, because the SDK can tell the account only from hosts that it knows.
    credential = {"account_name": address.account_name, "account_key": address.account_key}
    place = f"{address.account_name}/{address.share_name}"
    with ShareClient(
        address.endpoint_url.rstrip("/"),
        address.share_name,
        credential=credential,
        transport=_transport(),
        # One of its own: a policy is a link of its client's chain, and would lead into another client's.
        retry_policy=copy(RETRIES),
    ) as share:
        try:
            yield share
        except HttpResponseError as error:
            code = _code(error)
            hint = f"; {_HINTS[code]}" if code in _HINTS else ""
            raise ShareError(f"the file share {place} refused: {code}{hint}") from error
        except AzureError as error:
            raise ShareError(f"the file share {place} could not be reached: {error.message}") from error


def make_folders(share: ShareClient, folders: Iterable[str]) -> None:
    """Makes these folders and those above them, each once; existing ones are left as they are."""
    wanted = {str(above) for folder in folders for above in (PurePosixPath(folder), *PurePosixPath(folder).parents)}
    for folder in sorted(wanted - {"."}, key=lambda path: path.count("/")):
        try:
            share.get_directory_client(folder).create_directory()
        except ResourceExistsError:
            continue


def list_files(share: ShareClient, folder: str) -> dict[str, int]:
    """Size in bytes of every file below the folder, by path from the share's root; none if there is no folder."""
    try:
        entries = list(share.list_directories_and_files(folder))
    except ResourceNotFoundError:
        return {}
    found: dict[str, int] = {}
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if isinstance(entry, FileProperties):
            found[path] = int(entry.size)
        else:
            found |= list_files(share, path)
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


def in_parallel(
    work: Callable[[_Item], None], items: Iterable[_Item], stop: Event | None = None, workers: int = PARALLEL_FILES
) -> None:
    """Does the work for all items, several at a time; the first failure is raised and nothing is begun after it.

    `stop` is set by then: long work looks at it, so that a failure or an interrupt need not wait for its end.
    """
    stopped = stop or Event()
    failures: list[BaseException] = []

    def guarded(item: _Item) -> None:
        # Asked here: the waiting thread learns of a failure only after many more items.
        if stopped.is_set():
            return
        try:
            work(item)
        except BaseException as failure:
            stopped.set()
            failures.append(failure)

    with ThreadPoolExecutor(workers) as pool:
        try:
            wait([pool.submit(guarded, item) for item in items])
        finally:
            stopped.set()
    if failures:
        raise failures[0]


def _code(error: HttpResponseError) -> str:
    """The service's own code, such as AuthenticationFailed; the status where there is none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or error.status_code)


class _PatientTransport(RequestsTransport):
    """Sends again what is throttled by 429, which the storage SDK's retry policy takes for final."""

    def send(self, request: Any, **kwargs: Any) -> Any:
        """As the transport does; at most `RETRIES.total_retries` times more."""
        response = super().send(request, **kwargs)
        for attempt in range(RETRIES.total_retries):
            if response.status_code != _TOO_MANY_REQUESTS:
                break
            asked = str(response.headers.get("Retry-After") or "")
            time.sleep(min(float(asked) if asked.isdigit() else 2.0**attempt, LONGEST_WAIT_SECONDS))
            response = super().send(request, **kwargs)
        return response


def _transport() -> RequestsTransport:
    """With a connection for everything that is under way at once (requests keeps 10)."""
    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_maxsize=PARALLEL_FILES * PARALLEL_RANGES))
    return _PatientTransport(session=session)


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
