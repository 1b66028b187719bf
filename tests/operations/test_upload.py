"""Uploads of models: whole files, several ranges at once, nothing sent twice."""

import hashlib
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError

from operations import transfer, upload
from operations.errors import OperationError, ShareError
from operations.file_share import ShareAddress, list_files, list_folders, open_share
from operations.upload import UploadReport, upload_tree
from tests.operations.requests_sent import recorded

LARGE_BYTES = 9 * 1024 * 1024 + 17
"""More than two ranges."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "more").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(random.Random(4).randbytes(LARGE_BYTES))
    (folder / "config.json").write_text("{}")
    (folder / "more/empty").touch()
    return folder


def content(address: ShareAddress, path: str) -> bytes:
    with open_share(address) as share:
        return share.get_file_client(path).download_file().readall()


def test_every_file_arrives_as_it_is_with_its_checksum(address: ShareAddress, model: Path) -> None:
    size = sum(file.stat().st_size for file in model.rglob("*") if file.is_file())
    assert upload_tree(address, model, "model-cache/org/name") == UploadReport(3, 0, size)
    for path in ("weights.bin", "config.json", "more/empty"):
        local = (model / path).read_bytes()
        assert content(address, f"model-cache/org/name/{path}") == local
        with open_share(address) as share:
            kept = share.get_file_client(f"model-cache/org/name/{path}").get_file_properties().content_settings
        assert bytes(kept.content_md5 or b"") == hashlib.md5(local).digest()
    with open_share(address) as share:
        assert len(list_files(share, "model-cache")) == 3


def test_one_file_goes_into_the_folder(address: ShareAddress, model: Path) -> None:
    upload_tree(address, model / "config.json", "here")
    assert content(address, "here/config.json") == b"{}"


def test_what_is_there_is_not_sent_again(address: ShareAddress, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_tree(address, model, "m")
    with recorded(monkeypatch) as sent:
        assert upload_tree(address, model, "m") == UploadReport(0, 3, 0)
    assert not [request for request in sent if "comp=range" in request]


def test_a_changed_file_of_the_same_size_is_sent(address: ShareAddress, model: Path) -> None:
    upload_tree(address, model, "m")
    (model / "config.json").write_text("[]")
    assert upload_tree(address, model, "m") == UploadReport(1, 2, 2)
    assert content(address, "m/config.json") == b"[]"


def test_progress_ends_at_the_total_and_never_goes_back(address: ShareAddress, model: Path) -> None:
    seen: list[tuple[int, int]] = []
    upload_tree(address, model, "m", lambda done, total: seen.append((done, total)))
    total = LARGE_BYTES + 2
    assert seen[-1] == (total, total)
    assert seen == sorted(seen)
    assert len(seen) >= 4, "a large file reports on its way"


def test_a_reader_never_sees_a_part_of_a_file(
    address: ShareAddress, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off between the last range and the end: the name stays as it was, and the next run completes it."""
    weights = model / "weights.bin"
    upload_tree(address, weights, "m")
    old = weights.read_bytes()
    weights.write_bytes(random.Random(5).randbytes(LARGE_BYTES))

    def refuse(*_: object, **__: object) -> None:
        raise HttpResponseError("the connection was cut")

    with monkeypatch.context() as patch:
        patch.setattr("azure.storage.fileshare.ShareFileClient.rename_file", refuse)
        with pytest.raises(ShareError):
            upload_tree(address, weights, "m")
    assert content(address, "m/weights.bin") == old
    upload_tree(address, weights, "m")
    assert content(address, "m/weights.bin") == weights.read_bytes()
    with open_share(address) as share:
        assert list(list_files(share, "m")) == ["m/weights.bin"]


def test_a_file_without_a_checksum_is_sent_again(address: ShareAddress, model: Path) -> None:
    """So looks a file whose direct upload, by any client, was cut off: right size, zeros inside."""
    with open_share(address) as share:
        share.get_directory_client("m").create_directory()
        share.get_file_client("m/weights.bin").create_file(LARGE_BYTES)
    upload_tree(address, model / "weights.bin", "m")
    assert content(address, "m/weights.bin") == (model / "weights.bin").read_bytes()


def test_nothing_to_upload_is_an_error(address: ShareAddress, tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="missing or empty"):
        upload_tree(address, tmp_path / "no", "m")


def test_a_small_file_needs_two_requests(address: ShareAddress, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that brings the content, one that shows it."""
    with open_share(address) as share:
        file = transfer.local_file(model / "config.json")
        with recorded(monkeypatch) as sent:
            transfer.put(share, file, "config.json")
    assert len(sent) == 2, sent


def interrupted(address: ShareAddress, local: Path, remote: str) -> None:
    """Leaves what an upload has sent before somebody pressed Ctrl-C."""

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload_tree(address, local, remote, interrupt)


def test_what_nobody_continues_is_cleared_away_and_what_is_at_work_is_not(
    address: ShareAddress, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(address, model, "models/left")
    interrupted(address, model, "models/at-work")
    upload_tree(address, model, "models/first")
    with open_share(address) as share:
        assert list_folders(share, upload.STAGING) == ["models~at-work", "models~left"], "young: to be continued"
        long_ago = datetime.now(UTC) - upload.ABANDONED_AFTER - timedelta(minutes=1)
        share.get_directory_client(f"{upload.STAGING}/models~left").set_directory_metadata(
            {"alive": long_ago.isoformat()}
        )
    upload_tree(address, model, "models/second")
    with open_share(address) as share:
        assert list_folders(share, upload.STAGING) == ["models~at-work"]
    assert upload_tree(address, model, "models/at-work").unchanged > 0, "it goes on with what was kept"


def test_a_long_upload_goes_on_saying_that_it_is_at_work(
    address: ShareAddress, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "SIGN_OF_LIFE", timedelta(0))
    with recorded(monkeypatch) as sent:
        upload_tree(address, model, "models/long")
    signs = [request for request in sent if "comp=metadata" in request]
    assert len(signs) > 3, sent


def test_a_new_folder_is_seen_whole_or_not_at_all(
    address: ShareAddress, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put together elsewhere and renamed, and nothing is left there."""
    seen: list[list[str]] = []

    def look(_done: int, _total: int) -> None:
        with open_share(address) as share:
            seen.append(list_folders(share, "models"))

    upload_tree(address, model, "models/one", look)
    assert seen
    assert all(folders == [] for folders in seen)
    with open_share(address) as share:
        assert list_folders(share, "models") == ["one"]
        assert list_folders(share, upload.STAGING) == []


def test_a_folder_that_somebody_else_has_put_there_meanwhile_is_not_overwritten(
    address: ShareAddress, model: Path
) -> None:
    other = model.parent / "other"
    other.mkdir()
    (other / "config.json").write_text("[1]")
    begun: list[int] = []

    def race(_done: int, _total: int) -> None:
        if not begun:
            begun.append(1)
            with open_share(address) as share:
                for folder in ("models", "models/one"):
                    share.get_directory_client(folder).create_directory()
                share.get_file_client("models/one/config.json").upload_file(b"[1]")

    with pytest.raises(OperationError, match="by somebody else meanwhile"):
        upload_tree(address, model, "models/one", race)
    assert content(address, "models/one/config.json") == b"[1]"
    upload_tree(address, model, "models/one")
    assert content(address, "models/one/config.json") == b"{}"
