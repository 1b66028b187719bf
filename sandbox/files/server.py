"""Azure Files over HTTP: signature, routing by method and query, errors."""

import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import unquote, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.arm.resources import Resource
from sandbox.files.directory_requests import DirectoryRequests
from sandbox.files.errors import FilesError
from sandbox.files.exchange import Exchange, answered, smb_headers, split_path
from sandbox.files.file_requests import FileRequests
from sandbox.files.folder import Parts, ShareFolder
from sandbox.files.properties import FileProperties, Properties
from sandbox.files.share_requests import ShareRequests
from sandbox.files.shared_key import check_signature
from sandbox.shares import Shares

_METHODS: Final = ["GET", "HEAD", "PUT", "DELETE"]
_log = logging.getLogger("sandbox.files")

_OnFolder = Callable[[Exchange, ShareFolder], Awaitable[Response]]


class FilesServer:
    """Answers every request to the file service."""

    def __init__(self, shares: Shares, share_requests: ShareRequests, properties: FileProperties) -> None:
        self._shares = shares
        self._share_requests = share_requests
        self._properties = properties
        directories, files = DirectoryRequests(properties), FileRequests(properties)
        self._create_file = files.create
        self._directory_routes: dict[tuple[str, str], _OnFolder] = {
            ("PUT", ""): directories.create,
            ("GET", ""): directories.show,
            ("HEAD", ""): directories.show,
            ("DELETE", ""): directories.delete,
            ("GET", "list"): directories.list_entries,
            ("PUT", "metadata"): directories.set_metadata,
            ("PUT", "properties"): directories.set_properties,
            ("PUT", "rename"): self._rename,
        }
        self._file_routes: dict[tuple[str, str], _OnFolder] = {
            ("PUT", ""): self._create_or_copy,
            ("GET", ""): files.read,
            ("GET", "rangelist"): files.list_ranges,
            ("HEAD", ""): files.read,
            ("DELETE", ""): files.delete,
            ("PUT", "range"): files.put_range,
            ("PUT", "metadata"): files.set_metadata,
            ("PUT", "properties"): files.set_properties,
            ("PUT", "rename"): self._rename,
        }

    @property
    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Route("/{path:path}", self._respond, methods=_METHODS)])

    async def _respond(self, request: Request) -> Response:
        try:
            return answered(request, await self._answer(request))
        except FilesError as error:
            failure = error
        except (ClientDisconnect, ConnectionError):
            raise
        except Exception:
            _log.exception("%s %s", request.method, request.url.path)
            failure = FilesError("InternalError")
        headers = {"x-ms-error-code": failure.code}
        if failure.status == 401:
            headers["WWW-Authenticate"] = "SharedKey"
        response = Response(failure.body, failure.status, headers, media_type="application/xml")
        return answered(request, response)

    async def _answer(self, request: Request) -> Response:
        name, share_name, parts = split_path(request.scope["path"])
        account = self._shares.account(name)
        if account is None:
            raise FilesError("ResourceNotFound", f"There is no storage account '{name}'.")
        check_signature(request, account.id.name, account.private.values())
        exchange = Exchange(request, account.id.name, share_name.lower(), parts)
        if not share_name:
            return self._account_request(exchange, account)
        if exchange.query.get("restype") == "share":
            return await self._share_request(exchange, account)
        folder = self._folder(account, exchange.share)
        is_directory = exchange.query.get("restype") == "directory" or not parts
        routes = self._directory_routes if is_directory else self._file_routes
        handler = routes.get((request.method, exchange.query.get("comp", "")))
        if handler is None:
            raise FilesError("UnsupportedHttpVerb", "The sandbox does not emulate this operation.")
        return await handler(exchange, folder)

    def _account_request(self, exchange: Exchange, account: Resource) -> Response:
        if exchange.request.method == "GET" and exchange.query.get("comp") == "list":
            return self._share_requests.list_shares(exchange, account)
        raise FilesError("UnsupportedHttpVerb", "The sandbox does not emulate this operation.")

    async def _share_request(self, exchange: Exchange, account: Resource) -> Response:
        method, comp = exchange.request.method, exchange.query.get("comp", "")
        if (method, comp) == ("PUT", ""):
            return self._share_requests.create(exchange, account)
        share = self._shares.share(account, exchange.share)
        if share is None:
            raise FilesError("ShareNotFound")
        match method, comp:
            case (("GET" | "HEAD"), ""):
                return self._share_requests.show(share)
            case "PUT", ("metadata" | "properties"):
                return self._share_requests.change(exchange, share)
            case "DELETE", "":
                return await self._share_requests.delete(share)
            case _:
                raise FilesError("UnsupportedHttpVerb", "The sandbox does not emulate this operation.")

    async def _create_or_copy(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """A copy takes the content's properties with it, and the metadata where the request has none."""
        url = exchange.headers.get("x-ms-copy-source")
        if url is None:
            return await self._create_file(exchange, folder)
        share, parts, source = self._elsewhere(exchange, "x-ms-copy-source", url)
        key = (f"{exchange.account}/{share}", "/".join(parts))
        if key == exchange.key:
            raise FilesError("InvalidHeaderValue", "x-ms-copy-source must be another file.")
        kept = self._properties.find(key, await run_in_threadpool(source.status, parts, False))
        status = await run_in_threadpool(source.copy_file, parts, folder, exchange.parts)
        self._properties.save(exchange.key, status, Properties(kept.content, exchange.metadata() or kept.metadata))
        parent_id = await run_in_threadpool(folder.parent_id, exchange.parts)
        headers = smb_headers(status, parent_id, False, kept)
        return Response(
            status_code=202, headers={**headers, "x-ms-copy-id": str(uuid.uuid4()), "x-ms-copy-status": "success"}
        )

    async def _rename(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Moves a file or directory here from elsewhere in the account."""
        source_url = exchange.headers.get("x-ms-file-rename-source")
        if source_url is None:
            raise FilesError("MissingRequiredHeader", "x-ms-file-rename-source")
        share, parts, source = self._elsewhere(exchange, "x-ms-file-rename-source", source_url)
        replace = exchange.headers.get("x-ms-file-rename-replace-if-exists", "").lower() == "true"
        directory = exchange.query.get("restype") == "directory"
        await run_in_threadpool(source.status, parts, directory)
        status = await run_in_threadpool(source.rename_to, parts, folder, exchange.parts, replace)
        self._properties.moved((f"{exchange.account}/{share}", "/".join(parts)), exchange.key)
        parent_id = await run_in_threadpool(folder.parent_id, exchange.parts)
        kept = self._properties.find(exchange.key, status)
        return Response(headers=smb_headers(status, parent_id, directory, kept))

    def _elsewhere(self, exchange: Exchange, header: str, url: str) -> tuple[str, Parts, ShareFolder]:
        """Share, path and folder of another place in the account."""
        name, share, parts = split_path(unquote(urlsplit(url).path))
        if name != exchange.account or not parts or not exchange.parts:
            raise FilesError("InvalidHeaderValue", f"{header} must be within the account.")
        account = self._shares.account(name)
        assert account is not None
        return share, parts, self._folder(account, share)

    def _folder(self, account: Resource, share: str) -> ShareFolder:
        if self._shares.share(account, share) is None:
            raise FilesError("ShareNotFound")
        return ShareFolder(self._shares.folder(account.id.name, share))
