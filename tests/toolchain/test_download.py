"""The official release is unpacked only if it is whole and its checksum is the published one."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from toolchain.download import DownloadError, download
from toolchain.phases import Phase

VERSION = "3.259.0"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served as the release site; the machine is a Linux on x86-64."""
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    folder = tmp_path / "site"
    (folder / f"v{VERSION}").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    (folder / "url").write_text(f"http://127.0.0.1:{server.server_address[1]}")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(site: Path, target: Path) -> Path:
    url = (site / "url").read_text()
    return download(Phase("test"), VERSION, target, releases=url, checksums=url)


def release(site: Path, *, checksum: str | None = None, cut: int = 0) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name in ("pulumi", "pulumi-language-python"):
            script = b"#!/bin/sh\necho v3.259.0\n"
            entry = tarfile.TarInfo(f"pulumi/{name}")
            entry.size, entry.mode = len(script), 0o755
            tar.addfile(entry, io.BytesIO(script))
    archive = content.getvalue()
    name = f"pulumi-v{VERSION}-linux-x64.tar.gz"
    (site / name).write_bytes(archive[: len(archive) - cut])
    digest = checksum or hashlib.sha512(archive).hexdigest()
    (site / f"v{VERSION}/SHA512SUMS").write_text(f"{'0' * 128}  other.tar.gz\n{digest}  {name}\n")


def test_a_whole_release_is_unpacked_with_its_hosts(site: Path, tmp_path: Path) -> None:
    release(site)
    executable = fetch(site, tmp_path / "cache/official")
    assert executable.stat().st_mode & 0o100
    assert (executable.parent / "pulumi-language-python").exists()


@pytest.mark.parametrize(("checksum", "cut"), [("f" * 128, 0), (None, 10)])
def test_what_does_not_match_its_checksum_leaves_nothing(
    site: Path, tmp_path: Path, checksum: str | None, cut: int
) -> None:
    release(site, checksum=checksum, cut=cut)
    with pytest.raises(DownloadError, match="checksum"):
        fetch(site, tmp_path / "cache/official")
    assert not (tmp_path / "cache/official").exists()


def test_a_release_that_is_not_there_is_an_error_in_words(site: Path, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="not found"):
        fetch(site, tmp_path / "cache/official")
