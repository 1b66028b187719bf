"""Requests to Azure Files that no SDK would send: paths out of the share, and anything unsigned."""

import http.client
import ssl

import pytest

from tests.sandbox.conftest import Cloud


def request(cloud: Cloud, method: str, path: str, **headers: str) -> tuple[int, str | None]:
    """Status and error code of a request whose path is sent as it is."""
    host = cloud.endpoints.files_url.removeprefix("https://")
    context = ssl.create_default_context(cafile=str(cloud.endpoints.bundle))
    connection = http.client.HTTPSConnection(host, context=context, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.headers["x-ms-error-code"]
    finally:
        connection.close()


@pytest.mark.parametrize(
    "path",
    ["/a/s/../../etc/passwd", "/a/s/%2e%2e/%2e%2e/etc/passwd", "/a/s/x%00y", "/a/s/..%5c..", "/a/s/" + "d/" * 251],
)
def test_paths_that_lead_elsewhere_are_refused_before_anything_is_looked_up(cloud: Cloud, path: str) -> None:
    assert request(cloud, "GET", path) == (400, "InvalidResourceName")


def test_an_unknown_account_is_not_found(cloud: Cloud) -> None:
    assert request(cloud, "GET", "/nobody/share/file") == (404, "ResourceNotFound")
