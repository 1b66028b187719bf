"""Requests to the account (list) and to a share."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId
from sandbox.arm.resources import Resource
from sandbox.arm.types.file_shares import FileShares
from sandbox.files.errors import FilesError
from sandbox.files.exchange import Exchange, metadata_headers
from sandbox.shares import Shares, share_id

MAX_RESULTS: Final = 5000


class ShareRequests:
    """Shares as the data plane sees them; they are the same resources as ARM's."""

    def __init__(self, shares: Shares, kind: FileShares) -> None:
        self._shares = shares
        self._kind = kind

    def list_shares(self, exchange: Exchange, account: Resource) -> Response:
        """Shares by name, in pages."""
        prefix, marker = exchange.query.get("prefix", ""), exchange.query.get("marker", "")
        count = page_size(exchange.query)
        names = [share for share in self._shares.of_account(account) if share.id.name.startswith(prefix)]
        names = [share for share in names if share.id.name >= marker]
        with_metadata = "metadata" in exchange.query.get("include", "")
        entries = "".join(_share_xml(share, with_metadata) for share in names[:count])
        following = names[count].id.name if len(names) > count else ""
        return xml_response(
            f"<EnumerationResults ServiceEndpoint={quoteattr(f'/{exchange.account}/')}>"
            f"<Prefix>{escape(prefix)}</Prefix><Marker>{escape(marker)}</Marker><MaxResults>{count}</MaxResults><Shares>{entries}</Shares>"
            f"<NextMarker>{following}</NextMarker></EnumerationResults>"
        )

    def create(self, exchange: Exchange, account: Resource) -> Response:
        """Makes a share."""
        if self._shares.share(account, exchange.share) is not None:
            raise FilesError("ShareAlreadyExists")
        properties: dict[str, object] = {"metadata": exchange.metadata()}
        if "x-ms-share-quota" in exchange.headers:
            properties["shareQuota"] = exchange.number("x-ms-share-quota")
        created = self._store(properties, None, share_id(account, exchange.share))
        return Response(status_code=201, headers=_headers(created))

    def show(self, share: Resource) -> Response:
        """Quota, metadata and dates."""
        properties = share.properties
        return Response(
            headers={
                **_headers(share),
                **metadata_headers(properties.get("metadata", {})),
                "x-ms-share-quota": str(properties["shareQuota"]),
                "x-ms-access-tier": str(properties["accessTier"]),
                "x-ms-enabled-protocols": str(properties["enabledProtocols"]),
                "x-ms-lease-status": "unlocked",
                "x-ms-lease-state": "available",
                "x-ms-has-immutability-policy": "false",
                "x-ms-has-legal-hold": "false",
            }
        )

    def change(self, exchange: Exchange, share: Resource) -> Response:
        """Sets metadata (comp=metadata) or quota (comp=properties)."""
        if exchange.query["comp"] == "metadata":
            changes: dict[str, object] = {"metadata": exchange.metadata()}
        else:
            changes = {"shareQuota": exchange.number("x-ms-share-quota")}
        return Response(headers=_headers(self._store(changes, share, share.id)))

    async def delete(self, share: Resource) -> Response:
        """Removes a share with everything in it."""
        conclude = await self._kind.remove(share.id)
        with self._kind.resources.transaction():
            conclude()
        return Response(status_code=202)

    def _store(self, properties: Mapping[str, object], share: Resource | None, target: ResourceId) -> Resource:
        try:
            wanted = self._kind.accept(target, {"properties": dict(properties)}, share)
        except ArmError as error:
            code = "InvalidResourceName" if error.code == "InvalidResourceName" else "InvalidHeaderValue"
            raise FilesError(code, error.message) from error
        with self._kind.resources.transaction():
            created = share.created if share is not None else ""
            stored = self._kind.resources.save(replace(wanted, created=created))
            self._kind.saved(stored)
        return stored


def page_size(query: Mapping[str, str]) -> int:
    """How many entries a page of a listing may have.

    Raises:
        FilesError: `maxresults` is no positive number.
    """
    text = query.get("maxresults", str(MAX_RESULTS))
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise FilesError("InvalidQueryParameterValue", "maxresults")
    return min(int(text), MAX_RESULTS)


def xml_response(body: str) -> Response:
    """An XML answer."""
    return Response(f'<?xml version="1.0" encoding="utf-8"?>{body}', media_type="application/xml")


def _headers(share: Resource) -> dict[str, str]:
    return {"ETag": f'"{share.etag}"', "Last-Modified": _modified(share)}


def _modified(share: Resource) -> str:
    return format_datetime(datetime.fromisoformat(share.changed), usegmt=True)


def _share_xml(share: Resource, with_metadata: bool) -> str:
    metadata = ""
    if with_metadata:
        items = share.properties.get("metadata", {}).items()
        metadata = f"<Metadata>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in items)}</Metadata>"
    return (
        f"<Share><Name>{share.id.name}</Name><Properties><Last-Modified>{_modified(share)}</Last-Modified>"
        f"<Etag>&quot;{share.etag}&quot;</Etag><Quota>{share.properties['shareQuota']}</Quota>"
        f"<AccessTier>{share.properties['accessTier']}</AccessTier></Properties>{metadata}</Share>"
    )
