"""The SharedKey signature of a request to Azure Files.

The string to sign: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote

from starlette.requests import Request

from sandbox.files.errors import FilesError

MAX_CLOCK_SKEW: Final = timedelta(minutes=15)
_SIGNED_HEADERS: Final = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
_AUTHORIZATION: Final = re.compile(r"SharedKey ([^:]+):(\S+)", re.IGNORECASE)
_COLLATION: Final = str.maketrans({"-": "\x01", "_": "\x02"})
"""The service sorts '-' and '_' before digits and letters; in names of x-ms headers nothing else differs from ASCII."""


def check_signature(request: Request, account: str, keys: Iterable[str]) -> None:
    """Whether the request is signed with one of the account's keys.

    Raises:
        FilesError: it is not, or not recently.
    """
    header = request.headers.get("authorization")
    if header is None:
        raise FilesError("NoAuthenticationInformation")
    match = _AUTHORIZATION.fullmatch(header)
    if match is None:
        raise FilesError("InvalidAuthenticationInfo")
    if match[1] != account:
        raise FilesError("AuthenticationFailed", f"The account is {account}, the signature is {match[1]}'s.")
    _check_date(request)
    text = string_to_sign(request, account)
    # Comparing digests of equal length in constant time; every key is tried.
    matching = [hmac.compare_digest(_signature(key, text).encode(), match[2].encode()) for key in keys]
    if not any(matching):
        raise FilesError("AuthenticationFailed")


def string_to_sign(request: Request, account: str) -> str:
    """What the client must have signed."""
    headers = request.headers
    slots = [headers.get(name, "") for name in _SIGNED_HEADERS]
    if slots[2] == "0":
        slots[2] = ""
    if "x-ms-date" in headers:
        slots[5] = ""
    own = sorted((name for name in headers if name.startswith("x-ms-")), key=lambda name: name.translate(_COLLATION))
    canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in own)
    raw_path = request.scope["raw_path"].decode("ascii").partition("?")[0]
    query = sorted(_query(request.scope["query_string"].decode("ascii")))
    canonical_query = "".join(f"\n{name}:{value}" for name, value in query)
    return "\n".join((request.method, *slots)) + f"\n{canonical_headers}/{account}{raw_path}{canonical_query}"


def _query(text: str) -> Iterable[tuple[str, str]]:
    for item in filter(None, text.split("&")):
        name, _, value = item.partition("=")
        yield unquote(name).lower(), unquote(value)


def _check_date(request: Request) -> None:
    sent = request.headers.get("x-ms-date") or request.headers.get("date")
    if sent is None:
        raise FilesError("MissingRequiredHeader", "x-ms-date or Date.")
    try:
        moment = parsedate_to_datetime(sent)
    except ValueError as error:
        raise FilesError("InvalidHeaderValue", "x-ms-date.") from error
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - moment) > MAX_CLOCK_SKEW:
        raise FilesError("AuthenticationFailed", "The request's date is too far from the server's.")


def _signature(key: str, text: str) -> str:
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
