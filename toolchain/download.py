"""The official release of the Pulumi CLI, checked against the checksums that are published with it."""

import hashlib
import io
import os
import platform
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from toolchain.phases import Phase

RELEASES: Final = "https://get.pulumi.com/releases/sdk"
CHECKSUMS: Final = "https://github.com/pulumi/pulumi/releases/download"
TIMEOUT_SECONDS: Final = 10
BLOCK_BYTES: Final = 1 << 18
_ARCHITECTURES: Final = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


class DownloadError(Exception):
    """The release could not be had; the message says why in a few words."""


def download(current: Phase, version: str, target: Path, releases: str = RELEASES, checksums: str = CHECKSUMS) -> Path:
    """Downloads and unpacks the release into the folder `target`, all or nothing; returns the executable.

    Raises:
        DownloadError: no network, no such release, or a checksum that does not match.
    """
    name = _archive_name(version)
    wanted = _checksum(_get(f"{checksums}/v{version}/SHA512SUMS", current).decode(), name)
    archive = _get(f"{releases}/{name}", current)
    if hashlib.sha512(archive).hexdigest() != wanted:
        raise DownloadError(f"the checksum of {name} does not match the published one")
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(staging, filter="data")
        shutil.rmtree(target, ignore_errors=True)
        (staging / "pulumi").replace(target)
    except (OSError, tarfile.TarError) as error:
        raise DownloadError(f"{name} cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target / "pulumi"


def _archive_name(version: str) -> str:
    system = platform.system().lower()
    architecture = _ARCHITECTURES.get(platform.machine().lower())
    if system not in {"linux", "darwin"} or architecture is None:
        raise DownloadError(f"no release for {platform.system()} on {platform.machine()}")
    return f"pulumi-v{version}-{system}-{architecture}.tar.gz"


def _checksum(listed: str, name: str) -> str:
    for line in listed.splitlines():
        digest, _, file = line.partition(" ")
        if file.strip() == name:
            return digest
    raise DownloadError(f"no checksum is published for {name}")


def _get(url: str, current: Phase) -> bytes:
    content = bytearray()
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310  https, from constants
            while block := response.read(BLOCK_BYTES):
                content += block
                current.detail = f"{os.path.basename(url)}: {len(content) >> 20} MiB"  # noqa: PTH119  a URL
    except (urllib.error.URLError, OSError) as error:
        raise DownloadError(f"{getattr(error, 'reason', error)}") from error
    return bytes(content)
