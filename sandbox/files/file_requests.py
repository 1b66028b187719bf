"""Requests to a file: create, write and clear ranges, read, properties, metadata, delete."""

import base64
import hashlib
import os
from collections.abc import AsyncIterator, Mapping
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sandbox.files.errors import FilesError
from sandbox.files.exchange import Exchange, metadata_headers, parse_range, smb_headers
from sandbox.files.folder import ShareFolder
from sandbox.files.properties import FileProperties, Properties
from sandbox.files.share_requests import xml_response

MAX_RANGE_BYTES: Final = 4 * 1024 * 1024
READ_CHUNK_BYTES: Final = 1024 * 1024
_KEPT_ATTRIBUTES: Final = {"x-ms-file-attributes": "file-attributes", "x-ms-file-creation-time": "file-creation-time"}
_MEANS_DEFAULT: Final = {"", "none", "now", "preserve"}


class Download(StreamingResponse):
    """Bytes `first` to `end` of an open file, which it closes, also when the client leaves before the first byte."""

    def __init__(self, file: int, first: int, end: int, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(_chunks(file, first, end), status, headers)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._file)


class FileRequests:
    """Files of one share after another; content passes through in pieces of at most 4 MiB."""

    def __init__(self, properties: FileProperties) -> None:
        self._properties = properties

    async def create(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Makes a file of the announced size, all zeros but for what the body (newest API) brings."""
        if exchange.headers.get("x-ms-type", "").lower() != "file":
            raise FilesError("MissingRequiredHeader", "x-ms-type: file")
        size = exchange.number("x-ms-content-length")
        kept = Properties({**exchange.content(), **_attributes(exchange)}, exchange.metadata())
        data = await _body(exchange)
        status = await run_in_threadpool(folder.create_file, exchange.parts, size)
        if data:
            status = await run_in_threadpool(folder.write, exchange.parts, 0, data, False)
        self._properties.save(exchange.key, status, kept)
        return await self._answer(exchange, folder, status, 201)

    async def put_range(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Writes (`x-ms-write: update`) or clears one range within the file's size."""
        text = exchange.headers.get("x-ms-range") or exchange.headers.get("range")
        if text is None:
            raise FilesError("MissingRequiredHeader", "x-ms-range")
        first, last = parse_range(text)
        if last is None:
            raise FilesError("InvalidHeaderValue", "x-ms-range must have an end.")
        mode = exchange.headers.get("x-ms-write", "").lower()
        if mode not in {"update", "clear"}:
            raise FilesError("InvalidHeaderValue", "x-ms-write must be update or clear.")
        data = await _body(exchange)
        length = last - first + 1
        if len(data) != (length if mode == "update" else 0):
            raise FilesError("InvalidHeaderValue", "Content-Length does not fit the range.")
        preserve = exchange.headers.get("x-ms-file-last-write-time", "").lower() == "preserve"
        noted = await self._begin_write(exchange, folder)
        status: os.stat_result | None = None
        try:
            if mode == "update":
                status = await run_in_threadpool(folder.write, exchange.parts, first, data, preserve)
            else:
                status = await run_in_threadpool(folder.clear, exchange.parts, first, length, preserve)
        finally:
            if noted:
                self._properties.end_write(exchange.key, status)
        assert status is not None
        digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        return await self._answer(exchange, folder, status, 201, {"Content-MD5": digest})

    async def read(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """The content, whole or a range of it; HEAD: the headers only."""
        if exchange.request.method == "HEAD":
            status = await run_in_threadpool(folder.status, exchange.parts, False)
            headers = await self._read_headers(exchange, folder, status)
            return Response(headers={**headers, "Content-Length": str(status.st_size)})
        file, status = await run_in_threadpool(folder.open, exchange.parts)
        try:
            headers = await self._read_headers(exchange, folder, status)
            text = exchange.headers.get("x-ms-range") or exchange.headers.get("range")
            first, last = (0, None) if text is None else parse_range(text)
            end = status.st_size if last is None else min(last + 1, status.st_size)
            if text is not None and first >= status.st_size:
                raise FilesError("InvalidRange")
            headers["Content-Length"] = str(end - first)
            if text is not None:
                headers["Content-Range"] = f"bytes {first}-{end - 1}/{status.st_size}"
                if "Content-MD5" in headers:
                    headers["x-ms-content-md5"] = headers.pop("Content-MD5")
                if exchange.headers.get("x-ms-range-get-content-md5", "").lower() == "true":
                    headers["Content-MD5"] = await run_in_threadpool(_range_md5, file, first, end)
        except BaseException:
            os.close(file)
            raise
        return Download(file, first, end, 200 if text is None else 206, headers)

    async def list_ranges(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Which ranges were written."""
        ranges, status = await run_in_threadpool(folder.ranges, exchange.parts)
        listed = "".join(f"<Range><Start>{first}</Start><End>{last}</End></Range>" for first, last in ranges)
        response = xml_response(f"<Ranges>{listed}</Ranges>")
        response.headers.update(await self._read_headers(exchange, folder, status))
        response.headers["Content-Type"] = "application/xml"
        response.headers["x-ms-content-length"] = str(status.st_size)
        return response

    async def set_properties(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Replaces what is said about the content, and cuts or extends the file if a size is given."""
        status = await run_in_threadpool(folder.status, exchange.parts, False)
        metadata = self._properties.find(exchange.key, status).metadata
        if "x-ms-content-length" in exchange.headers:
            status = await run_in_threadpool(folder.resize, exchange.parts, exchange.number("x-ms-content-length"))
        kept = Properties({**exchange.content(), **_attributes(exchange)}, metadata)
        self._properties.save(exchange.key, status, kept)
        return await self._answer(exchange, folder, status, 200)

    async def set_metadata(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Replaces the metadata."""
        metadata = exchange.metadata()
        status = await run_in_threadpool(folder.status, exchange.parts, False)
        content = self._properties.find(exchange.key, status).content
        self._properties.save(exchange.key, status, Properties(content, metadata))
        return await self._answer(exchange, folder, status, 200)

    async def delete(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Removes the file."""
        await run_in_threadpool(folder.delete_file, exchange.parts)
        self._properties.forget(exchange.key)
        return Response(status_code=202)

    async def _begin_write(self, exchange: Exchange, folder: ShareFolder) -> bool:
        if not self._properties.has(exchange.key):
            return False
        return self._properties.begin_write(exchange.key, await run_in_threadpool(folder.status, exchange.parts, False))

    async def _answer(
        self,
        exchange: Exchange,
        folder: ShareFolder,
        status: os.stat_result,
        code: int,
        more: dict[str, str] | None = None,
    ) -> Response:
        parent_id = await run_in_threadpool(folder.parent_id, exchange.parts)
        kept = self._properties.find(exchange.key, status)
        return Response(status_code=code, headers={**smb_headers(status, parent_id, False, kept), **(more or {})})

    async def _read_headers(self, exchange: Exchange, folder: ShareFolder, status: os.stat_result) -> dict[str, str]:
        parent_id = await run_in_threadpool(folder.parent_id, exchange.parts)
        kept = self._properties.find(exchange.key, status)
        smb = smb_headers(status, parent_id, False, kept)
        content = {name.title(): value for name, value in kept.content.items() if not name.startswith("file-")}
        if "Content-Md5" in content:
            content["Content-MD5"] = content.pop("Content-Md5")
        return {
            "Content-Type": "application/octet-stream",
            **content,
            **smb,
            **metadata_headers(kept.metadata),
            "Accept-Ranges": "bytes",
            "x-ms-type": "File",
            "x-ms-server-encrypted": "true",
            "x-ms-lease-status": "unlocked",
            "x-ms-lease-state": "available",
        }


def _attributes(exchange: Exchange) -> dict[str, str]:
    sent = {kept: exchange.headers.get(header, "") for header, kept in _KEPT_ATTRIBUTES.items()}
    return {name: value for name, value in sent.items() if value.lower() not in _MEANS_DEFAULT}


async def _body(exchange: Exchange) -> bytearray:
    """The request's body, at most one range long, equal to its Content-MD5 if there is one."""
    if exchange.number("content-length", 0) > MAX_RANGE_BYTES:
        raise FilesError("RequestBodyTooLarge")
    received = bytearray()
    async for chunk in exchange.request.stream():
        received += chunk
        if len(received) > MAX_RANGE_BYTES:
            raise FilesError("RequestBodyTooLarge")
    expected = exchange.headers.get("content-md5")
    if expected and base64.b64encode(hashlib.md5(received, usedforsecurity=False).digest()).decode() != expected:
        raise FilesError("Md5Mismatch")
    return received


def _range_md5(file: int, first: int, end: int) -> str:
    if end - first > MAX_RANGE_BYTES:
        raise FilesError("InvalidHeaderValue", "An MD5 is given for ranges of at most 4 MiB.")
    digest = hashlib.md5(os.pread(file, end - first, first), usedforsecurity=False)
    return base64.b64encode(digest.digest()).decode()


async def _chunks(file: int, first: int, end: int) -> AsyncIterator[bytes]:
    while first < end:
        chunk = await run_in_threadpool(os.pread, file, min(READ_CHUNK_BYTES, end - first), first)
        if not chunk:
            return  # cut while it was read: the client sees fewer bytes than announced
        first += len(chunk)
        yield chunk
