"""Requests to a directory: create, show, list, rename, delete, metadata."""

from xml.sax.saxutils import escape, quoteattr

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sandbox.files.errors import FilesError
from sandbox.files.exchange import Exchange, etag, file_date, http_date, metadata_headers, smb_headers
from sandbox.files.folder import Entry, ShareFolder
from sandbox.files.properties import FileProperties, Properties
from sandbox.files.share_requests import page_size, xml_response


class DirectoryRequests:
    """Directories of one share after another."""

    def __init__(self, properties: FileProperties) -> None:
        self._properties = properties

    async def create(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Makes one directory; its parent must exist."""
        if not exchange.parts:
            raise FilesError("ResourceAlreadyExists", "The root directory comes with the share.")
        kept = Properties(metadata=exchange.metadata())
        status = await run_in_threadpool(folder.create_directory, exchange.parts)
        self._properties.save(exchange.key, status, kept)
        return await self._answer(exchange, folder, 201)

    async def show(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Dates, ids and metadata."""
        return await self._answer(exchange, folder, 200, with_metadata=True)

    async def set_metadata(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Replaces the metadata."""
        metadata = exchange.metadata()
        status = await run_in_threadpool(folder.status, exchange.parts, True)
        self._properties.save(exchange.key, status, Properties(metadata=metadata))
        return await self._answer(exchange, folder, 200)

    async def set_properties(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Attributes and dates of a directory are the file system's: checked for existence, not kept."""
        return await self._answer(exchange, folder, 200)

    async def delete(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Removes an empty directory."""
        if not exchange.parts:
            raise FilesError("InvalidInput", "The root directory cannot be deleted.")
        await run_in_threadpool(folder.delete_directory, exchange.parts)
        self._properties.forget(exchange.key)
        return Response(status_code=202)

    async def list_entries(self, exchange: Exchange, folder: ShareFolder) -> Response:
        """Files and directories by name, in pages."""
        query = exchange.query
        prefix, marker, count = query.get("prefix", ""), query.get("marker", ""), page_size(query)
        entries, following = await run_in_threadpool(folder.entries, exchange.parts, prefix, marker, count)
        own = await run_in_threadpool(folder.status, exchange.parts, True)
        detailed = bool(query.get("include")) or exchange.headers.get("x-ms-file-extended-info", "").lower() == "true"
        listed = "".join(_entry_xml(entry, detailed) for entry in entries)
        return xml_response(
            f"<EnumerationResults ServiceEndpoint={quoteattr(f'/{exchange.account}/')}"
            f" ShareName={quoteattr(exchange.share)} DirectoryPath={quoteattr('/'.join(exchange.parts))}>"
            f"<Prefix>{escape(prefix)}</Prefix><Marker>{escape(marker)}</Marker><MaxResults>{count}</MaxResults>"
            f"<Entries>{listed}</Entries><NextMarker>{escape(following or '')}</NextMarker>"
            f"<DirectoryId>{own.st_ino}</DirectoryId></EnumerationResults>"
        )

    async def _answer(
        self, exchange: Exchange, folder: ShareFolder, code: int, with_metadata: bool = False
    ) -> Response:
        status = await run_in_threadpool(folder.status, exchange.parts, True)
        parent_id = await run_in_threadpool(folder.parent_id, exchange.parts)
        kept = self._properties.find(exchange.key, status)
        headers = smb_headers(status, parent_id, True, kept)
        if with_metadata:
            headers = {**headers, **metadata_headers(kept.metadata), "x-ms-server-encrypted": "true"}
        return Response(status_code=code, headers=headers)


def _entry_xml(entry: Entry, detailed: bool) -> str:
    kind = "Directory" if entry.is_directory else "File"
    status = entry.status
    properties = "" if entry.is_directory else f"<Content-Length>{status.st_size}</Content-Length>"
    attributes = ""
    if detailed:
        properties += (
            f"<CreationTime>{file_date(min(status.st_mtime_ns, status.st_ctime_ns))}</CreationTime>"
            f"<LastAccessTime>{file_date(status.st_atime_ns)}</LastAccessTime>"
            f"<LastWriteTime>{file_date(status.st_mtime_ns)}</LastWriteTime>"
            f"<ChangeTime>{file_date(status.st_ctime_ns)}</ChangeTime>"
            f"<Last-Modified>{http_date(status.st_ctime_ns)}</Last-Modified><Etag>{escape(etag(status))}</Etag>"
        )
        attributes = f"<Attributes>{'Directory' if entry.is_directory else 'Archive'}</Attributes>"
    return (
        f"<{kind}><Name>{escape(entry.name)}</Name><FileId>{status.st_ino}</FileId>"
        f"<Properties>{properties}</Properties>{attributes}</{kind}>"
    )
