"""The official release of the Pulumi CLI, checked against the checksums that are published with it."""

import hashlib
import http.client
import platform
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from toolchain import processes
from toolchain.errors import SetupError
from toolchain.phases import Phase

RELEASES: Final = "https://get.pulumi.com/releases/sdk"
"""Archives `pulumi-vVERSION-SYSTEM-ARCHITECTURE.tar.gz`, and their SHA-256 in `pulumi-VERSION-checksums.txt`."""
TIMEOUT_SECONDS: Final = 5
"""For connecting, and for each wait for more bytes: a closed network must not cost more."""
BLOCK_BYTES: Final = 1 << 18
_ARCHITECTURES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class DownloadError(Exception):
    """The release could not be had; the message says why in a few words."""


def download(current: Phase, version: str, target: Path, releases: str = RELEASES) -> None:
    """Downloads and unpacks the release into the folder `target`, all or nothing.

    Raises:
        DownloadError: no network, no such release, an archive cut short, or a checksum that does not match.
    """
    name = archive_name(version, platform.system(), platform.machine())
    with _get(f"{releases}/pulumi-{version}-checksums.txt") as listed:
        wanted = _checksum(listed.read().decode(), name)
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix="download-", dir=target.parent))
    try:
        archive = staging / name
        if _save(current, f"{releases}/{name}", archive) != wanted:
            raise DownloadError(f"the checksum of {name} does not match the published one")
        _unpack(archive, staging / "pulumi")
        shutil.rmtree(target, ignore_errors=True)
        (staging / "pulumi").replace(target)
    except (OSError, tarfile.TarError) as error:
        raise DownloadError(f"{name}: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def archive_name(version: str, system: str, machine: str) -> str:
    """The release's archive for a system and machine, as Python's `platform` names them."""
    architecture = _ARCHITECTURES.get(machine.lower())
    if system not in {"Linux", "Darwin"} or architecture is None:
        raise DownloadError(f"no release for {system} on {machine}")
    return f"pulumi-v{version}-{system.lower()}-{architecture}.tar.gz"


def _checksum(listed: str, name: str) -> str:
    for line in listed.splitlines():
        digest, _, file = line.partition(" ")
        if file.strip() == name:
            return digest
    raise DownloadError(f"no checksum is published for {name}")


def _save(current: Phase, url: str, file: Path) -> str:
    """Writes what `url` holds to `file`; returns its SHA-256."""
    digest = hashlib.sha256()
    received = 0
    with _get(url) as response, file.open("wb") as target:
        while block := response.read(BLOCK_BYTES):
            if processes.stopping():
                raise SetupError("stopped")
            target.write(block)
            digest.update(block)
            received += len(block)
            current.detail = f"downloading the release: {received >> 20} MiB"
    return digest.hexdigest()


@contextmanager
def _get(url: str) -> Generator[IO[bytes]]:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310  https, from constants
            yield response
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise DownloadError(f"{url}: {getattr(error, 'reason', error)}") from error


def _unpack(archive: Path, folder: Path) -> None:
    """Unpacks the archive's one folder, which holds executables and nothing else."""
    folder.mkdir()
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is not None:
                executable = folder / Path(member.name).name
                with executable.open("wb") as file:
                    shutil.copyfileobj(content, file)
                executable.chmod(0o755)
