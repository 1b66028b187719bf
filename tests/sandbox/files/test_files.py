"""Azure Files as azure-storage-file-share sees it, over folders that apps see too."""

import base64
import hashlib
import os
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.storage.fileshare import ContentSettings, ShareClient, ShareServiceClient

from tests.sandbox.conftest import Clients, Cloud

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def files(clients: Clients) -> Generator[ShareServiceClient]:
    group = clients.make_group()
    with clients.files(group, clients.make_account(group)) as service:
        yield service


@pytest.fixture
def share(files: ShareServiceClient, request: pytest.FixtureRequest) -> Generator[ShareClient]:
    name = hashlib.sha1(request.node.name.encode()).hexdigest()
    with files.create_share(name) as share:
        yield share


@pytest.fixture
def folder(cloud: Cloud, share: ShareClient) -> Path:
    """What an app that mounts the share sees."""
    return cloud.folder.shares / str(share.account_name) / share.share_name


def content_md5(share: ShareClient, path: str) -> bytes | None:
    return share.get_file_client(path).get_file_properties().content_settings.content_md5


def upload(share: ShareClient, path: str, data: bytes) -> None:
    digest = bytearray(hashlib.md5(data).digest())
    settings = ContentSettings(content_type="text/plain", content_md5=digest)
    share.get_file_client(path).upload_file(data, content_settings=settings, metadata={"release": "7"})


def test_a_file_larger_than_a_range_travels_whole_in_parallel(share: ShareClient, folder: Path) -> None:
    data = os.urandom(9 * MIB + 13)
    file = share.get_file_client("big.bin")
    file.upload_file(data, max_concurrency=4)
    assert (folder / "big.bin").read_bytes() == data
    assert file.download_file(max_concurrency=4).readall() == data
    assert file.download_file(offset=5 * MIB, length=100).readall() == data[5 * MIB : 5 * MIB + 100]


@pytest.mark.parametrize("name", ["spaces and +&%#.txt", "ünïcödé-文.txt", "..almost", "a'b(c)[d]"])
def test_unusual_names_survive_signature_listing_and_rename(share: ShareClient, folder: Path, name: str) -> None:
    directory = share.create_directory(f"dir {name}")
    file = directory.upload_file(name, b"content")
    assert (folder / f"dir {name}" / name).read_bytes() == b"content"
    assert [entry.name for entry in directory.list_directories_and_files()] == [name]
    moved = file.rename_file(f"dir {name}/moved {name}")
    assert moved.download_file().readall() == b"content"


def test_what_an_app_writes_the_sdk_reads(share: ShareClient, folder: Path) -> None:
    (folder / "outputs").mkdir()
    (folder / "outputs" / "answer.txt").write_text("42")
    assert share.get_file_client("outputs/answer.txt").download_file().readall() == b"42"
    assert [entry.name for entry in share.list_directories_and_files()] == ["outputs"]


def test_properties_are_kept_until_an_app_writes_the_file(share: ShareClient, folder: Path) -> None:
    """A stale MD5 would make a client believe that it has the app's content already."""
    upload(share, "notes.txt", b"first")
    properties = share.get_file_client("notes.txt").get_file_properties()
    assert properties.content_settings.content_type == "text/plain"
    assert properties.content_settings.content_md5 == hashlib.md5(b"first").digest()
    assert properties.metadata == {"release": "7"}
    (folder / "notes.txt").write_bytes(b"other")
    assert content_md5(share, "notes.txt") is None
    assert share.get_file_client("notes.txt").get_file_properties().metadata == {}


def test_properties_survive_a_range_of_the_data_planes_own(share: ShareClient) -> None:
    upload(share, "notes.txt", b"first")
    share.get_file_client("notes.txt").upload_range(b"F", offset=0, length=1)
    assert content_md5(share, "notes.txt") == hashlib.md5(b"first").digest()
    assert share.get_file_client("notes.txt").download_file().readall() == b"First"


def test_properties_follow_a_renamed_directory(share: ShareClient) -> None:
    share.create_directory("old")
    share.create_directory("old/inner")
    upload(share, "old/inner/notes.txt", b"text")
    share.get_directory_client("old").rename_directory("new")
    assert content_md5(share, "new/inner/notes.txt") == hashlib.md5(b"text").digest()
    with pytest.raises(ResourceNotFoundError):
        content_md5(share, "old/inner/notes.txt")


def test_properties_and_metadata_can_be_set_afterwards(share: ShareClient) -> None:
    file = share.get_file_client("notes.txt")
    file.upload_file(b"text")
    file.set_http_headers(ContentSettings(content_type="application/json", cache_control="no-store"))
    file.set_file_metadata({"kind": "note"})
    properties = file.get_file_properties()
    assert properties.content_settings.content_type == "application/json"
    assert properties.content_settings.cache_control == "no-store"
    assert properties.metadata == {"kind": "note"}
    directory = share.create_directory("folder", metadata={"a": "b"})
    directory.upload_file("changes-the-directory", b"")
    assert directory.get_directory_properties().metadata == {"a": "b"}


def test_ranges_are_written_cleared_and_bounded(share: ShareClient) -> None:
    file = share.get_file_client("ranges.bin")
    file.create_file(1024)
    file.upload_range(b"x" * 512, offset=512, length=512)
    assert file.download_file().readall() == bytes(512) + b"x" * 512
    file.clear_range(offset=512, length=512)
    assert file.download_file().readall() == bytes(1024)
    with pytest.raises(HttpResponseError) as refused:
        file.upload_range(b"y" * 512, offset=1024, length=512)
    assert (refused.value.status_code, refused.value.error_code) == (416, "InvalidRange")  # type: ignore[attr-defined]
    file.resize_file(512)
    assert file.get_file_properties().size == 512


def test_a_range_that_was_damaged_on_the_way_is_refused(share: ShareClient) -> None:
    file = share.get_file_client("damaged.bin")
    file.create_file(3)
    wrong = base64.b64encode(hashlib.md5(b"def").digest()).decode()
    with pytest.raises(HttpResponseError) as refused:
        file.upload_range(b"abc", offset=0, length=3, headers={"Content-MD5": wrong})
    assert refused.value.error_code == "Md5Mismatch"  # type: ignore[attr-defined]
    assert file.download_file().readall() == bytes(3)


def test_validated_uploads_and_downloads_agree(share: ShareClient) -> None:
    file = share.get_file_client("validated.bin")
    data = os.urandom(5 * MIB)
    file.upload_file(data, validate_content=True)
    assert file.download_file(validate_content=True).readall() == data


def test_an_empty_file_is_read_as_empty(share: ShareClient) -> None:
    file = share.get_file_client("empty")
    file.upload_file(b"")
    assert file.download_file().readall() == b""


def test_creating_a_file_again_empties_it(share: ShareClient) -> None:
    upload(share, "again.txt", b"long content")
    file = share.get_file_client("again.txt")
    file.create_file(4)
    assert file.download_file().readall() == bytes(4)
    assert content_md5(share, "again.txt") is None


def test_listings_come_in_pages_with_prefix_and_details(share: ShareClient, folder: Path) -> None:
    names = [f"file-{number:03}" for number in range(25)]
    for name in names:
        (folder / name).touch()
    (folder / "other").mkdir()
    pages = [
        [entry.name for entry in page]
        for page in share.list_directories_and_files(name_starts_with="file-", results_per_page=10).by_page()
    ]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [name for page in pages for name in page] == names
    listed = share.list_directories_and_files(include=["timestamps", "Etag", "Attributes"])
    detailed = {entry.name: entry for entry in listed}
    assert detailed["file-000"].etag == share.get_file_client("file-000").get_file_properties().etag
    assert detailed["other"].is_directory


def test_shares_are_listed_in_pages(files: ShareServiceClient) -> None:
    for number in range(3):
        files.create_share(f"paged-{number}", metadata={"number": str(number)})
    pages = files.list_shares(name_starts_with="paged-", include_metadata=True, results_per_page=2).by_page()
    listed = [[(share.name, share.metadata) for share in page] for page in pages]
    assert [len(page) for page in listed] == [2, 1]
    assert listed[0][0] == ("paged-0", {"number": "0"})


def test_rename_replaces_only_when_told(share: ShareClient) -> None:
    share.get_file_client("a").upload_file(b"a")
    share.get_file_client("b").upload_file(b"b")
    with pytest.raises(ResourceExistsError):
        share.get_file_client("a").rename_file("b")
    share.get_file_client("a").rename_file("b", overwrite=True)
    assert share.get_file_client("b").download_file().readall() == b"a"
    with pytest.raises(ResourceNotFoundError):
        share.get_file_client("a").rename_file("c")
    share.create_directory("d")
    share.create_directory("e")
    with pytest.raises(ResourceExistsError):
        share.get_directory_client("d").rename_directory("e")
    with pytest.raises(HttpResponseError):
        share.get_directory_client("d").rename_directory("d/inside")


def test_of_parallel_renames_to_one_name_one_wins(share: ShareClient) -> None:
    for number in range(8):
        share.create_directory(f"from-{number}")
    won: list[int] = []

    def rename(number: int) -> None:
        try:
            share.get_directory_client(f"from-{number}").rename_directory("target")
            won.append(number)
        except ResourceExistsError:
            pass

    threads = [threading.Thread(target=rename, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    left = {entry.name for entry in share.list_directories_and_files()}
    assert left == {"target"} | {f"from-{number}" for number in range(8) if number not in won}


def test_what_is_missing_has_the_services_codes(files: ShareServiceClient, share: ShareClient) -> None:
    def code(action: object) -> str:
        with pytest.raises(HttpResponseError) as refused:
            action()  # type: ignore[operator]
        return refused.value.error_code  # type: ignore[attr-defined]

    share.create_directory("full").upload_file("file", b"")
    assert code(share.get_file_client("none").get_file_properties) == "ResourceNotFound"
    assert code(lambda: share.get_file_client("none/file").create_file(1)) == "ParentNotFound"
    assert code(share.get_directory_client("full").delete_directory) == "DirectoryNotEmpty"
    assert code(share.get_directory_client("full").create_directory) == "ResourceAlreadyExists"
    assert code(lambda: share.get_file_client("full").create_file(1)) == "ResourceTypeMismatch"
    assert code(files.get_share_client("no-such-share").get_directory_client("x").create_directory) == "ShareNotFound"
    assert code(share.create_share) == "ShareAlreadyExists"
    assert code(files.get_share_client("Bad_Name").create_share) == "InvalidResourceName"
    assert not share.get_file_client("full").exists()
    assert not share.get_directory_client("full/file").exists()


def test_what_is_deleted_is_gone_from_the_folder(share: ShareClient, folder: Path) -> None:
    directory = share.create_directory("d")
    directory.upload_file("f", b"x")
    directory.delete_file("f")
    directory.delete_directory()
    assert list(folder.iterdir()) == []


def test_a_wrong_key_is_refused(files: ShareServiceClient, share: ShareClient) -> None:
    key = base64.b64encode(bytes(64)).decode()
    with (
        ShareClient(files.url, share.share_name, credential=key) as stranger,
        pytest.raises(ClientAuthenticationError) as refused,
    ):
        stranger.get_share_properties()
    assert refused.value.error_code == "AuthenticationFailed"  # type: ignore[attr-defined]


def test_a_link_that_an_app_makes_leads_nowhere(share: ShareClient, folder: Path, tmp_path: Path) -> None:
    """An app controls what lies in its share; the data plane must not follow it to the rest of the machine."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (folder / "file").symlink_to(secret)
    (folder / "directory").symlink_to(tmp_path)
    with pytest.raises(HttpResponseError):
        share.get_file_client("file").download_file()
    with pytest.raises(HttpResponseError):
        share.get_file_client("directory/secret").download_file()
    with pytest.raises(HttpResponseError):
        share.get_file_client("directory/new").create_file(1)
    with pytest.raises(HttpResponseError):
        list(share.get_directory_client("directory").list_directories_and_files())
    share.get_file_client("file").delete_file()
    assert secret.read_text() == "secret"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret"]


def test_a_pipe_that_an_app_makes_blocks_nobody(share: ShareClient, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(HttpResponseError):
        share.get_file_client("pipe").download_file(timeout=5)
