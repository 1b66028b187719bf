"""One request to Azure Files, taken apart, and the headers and XML that answer it."""

import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sandbox.files.errors import FilesError
from sandbox.files.folder import Parts
from sandbox.files.properties import Properties

API_VERSION: Final = "2026-10-06"
MAX_NAME_LENGTH: Final = 255
MAX_DEPTH: Final = 250
CONTENT_HEADERS: Final = (
    "content-type",
    "content-encoding",
    "content-language",
    "content-disposition",
    "cache-control",
    "content-md5",
)
"""Kept under these names; requests carry them with `x-ms-` in front, answers without."""
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f"\\:|<>*?]')
_METADATA_NAME: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Exchange:
    """A request whose signature is checked. `share` is empty for the account itself."""

    request: Request
    account: str
    share: str
    parts: Parts

    @property
    def query(self) -> Mapping[str, str]:
        """The query, by lower-case name."""
        return {name.lower(): value for name, value in self.request.query_params.items()}

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers."""
        return self.request.headers

    @property
    def key(self) -> tuple[str, str]:
        """How the properties of this file or directory are found."""
        return f"{self.account}/{self.share}", "/".join(self.parts)

    def number(self, header: str, default: int | None = None) -> int:
        """A header's value as a number from 0 up.

        Raises:
            FilesError: it is missing without a default, or no such number.
        """
        text = self.headers.get(header)
        if text is None and default is not None:
            return default
        if text is None:
            raise FilesError("MissingRequiredHeader", header)
        if not re.fullmatch(r"\d{1,18}", text):
            raise FilesError("InvalidHeaderValue", header)
        return int(text)

    def metadata(self) -> dict[str, str]:
        """What x-ms-meta-* headers carry.

        Raises:
            FilesError: a name is no identifier.
        """
        prefix = "x-ms-meta-"
        # Names keep their case on the wire only; HTTP compares them without.
        found = {name[len(prefix) :]: value for name, value in self.headers.items() if name.startswith(prefix)}
        if bad := [name for name in found if not _METADATA_NAME.fullmatch(name)]:
            raise FilesError("InvalidInput", f"Metadata name: {bad[0]}")
        return found

    def content(self) -> dict[str, str]:
        """What the request says about the file's content."""
        sent = {name: self.headers.get(f"x-ms-{name}") for name in CONTENT_HEADERS}
        return {name: value for name, value in sent.items() if value}


def split_path(path: str) -> tuple[str, str, Parts]:
    """Account, share and the path within it, of a decoded path.

    Raises:
        FilesError: a name that Azure forbids, among them `.` and `..`.
    """
    account, share, *rest = [*path.strip("/").split("/"), ""]
    parts = tuple(name for name in rest if name)
    if len(parts) > MAX_DEPTH or any(
        name in {".", ".."} or _FORBIDDEN.search(name) or len(name) > MAX_NAME_LENGTH or len(name.encode()) > 255
        for name in parts
    ):
        raise FilesError("InvalidResourceName")
    return account, share, parts


def parse_range(text: str) -> tuple[int, int | None]:
    """First and last byte (None: to the end) of `bytes=0-511`.

    Raises:
        FilesError: no such range.
    """
    match = re.fullmatch(r"bytes=(\d{1,18})-(\d{1,18})?", text.strip())
    if match is None or (match[2] is not None and int(match[2]) < int(match[1])):
        raise FilesError("InvalidHeaderValue", f"Range: {text}")
    return int(match[1]), int(match[2]) if match[2] is not None else None


def etag(status: os.stat_result) -> str:
    """Changes with every change of the file."""
    return f'"0x{status.st_ctime_ns:X}{status.st_size:X}"'


def http_date(nanoseconds: int) -> str:
    """As in Last-Modified."""
    return format_datetime(datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC), usegmt=True)


def file_date(nanoseconds: int) -> str:
    """As in x-ms-file-last-write-time: 100 ns steps, UTC."""
    moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds % 1_000_000_000 // 100:07d}Z"


def smb_headers(status: os.stat_result, parent_id: int, directory: bool, properties: Properties) -> dict[str, str]:
    """What every answer about a file or directory says."""
    created = min(status.st_mtime_ns, status.st_ctime_ns)
    return {
        "ETag": etag(status),
        "Last-Modified": http_date(status.st_ctime_ns),
        "x-ms-file-attributes": properties.content.get("file-attributes", "Directory" if directory else "Archive"),
        "x-ms-file-creation-time": properties.content.get("file-creation-time", file_date(created)),
        "x-ms-file-last-write-time": file_date(status.st_mtime_ns),
        "x-ms-file-change-time": file_date(status.st_ctime_ns),
        "x-ms-file-id": str(status.st_ino),
        "x-ms-file-parent-id": str(parent_id),
        "x-ms-file-permission-key": "0*0",
        "x-ms-request-server-encrypted": "true",
    }


def metadata_headers(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata as an answer carries it."""
    return {f"x-ms-meta-{name}": value for name, value in metadata.items()}


def answered(request: Request, response: Response) -> Response:
    """Adds what every answer has."""
    headers = response.headers
    headers["x-ms-request-id"] = str(uuid.uuid4())
    headers["x-ms-version"] = request.headers.get("x-ms-version", API_VERSION)
    if (client_id := request.headers.get("x-ms-client-request-id")) is not None:
        headers["x-ms-client-request-id"] = client_id
    return response
