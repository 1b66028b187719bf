"""Copies and range lists, as Azure's own client asks for them."""

import hashlib
import uuid
from collections.abc import Generator

import pytest
from azure.storage.fileshare import ContentSettings, ShareClient

from tests.sandbox.conftest import Clients

MIB = 1024 * 1024


@pytest.fixture
def share(clients: Clients) -> Generator[ShareClient]:
    group = clients.make_group()
    with (
        clients.files(group, clients.make_account(group)) as service,
        service.create_share(f"copies{uuid.uuid4().hex[:8]}") as share,
    ):
        yield share


def test_a_copy_has_the_content_and_its_checksum(share: ShareClient) -> None:
    data = b"content" * 1000
    checksum = hashlib.md5(data).digest()
    source = share.get_file_client("source.bin")
    source.create_file(len(data), data=data, content_settings=ContentSettings(content_md5=bytearray(checksum)))
    target = share.get_file_client("target.bin")
    assert target.start_copy_from_url(source.url)["copy_status"] == "success"
    source.delete_file()
    assert target.download_file().readall() == data
    assert bytes(target.get_file_properties().content_settings.content_md5 or b"") == checksum


def test_ranges_that_were_written_are_listed(share: ShareClient) -> None:
    file = share.get_file_client("sparse.bin")
    file.create_file(16 * MIB)
    assert list(file.list_ranges()) == []
    file.upload_range(b"x" * (4 * MIB), offset=8 * MIB, length=4 * MIB)
    assert [(item.start, item.end) for item in file.list_ranges()] == [(8 * MIB, 12 * MIB - 1)]
