"""Whether a folder's files have changed, without reading them."""

import hashlib
from pathlib import Path


def files_in(folder: Path) -> list[Path]:
    """The files directly in the folder, by name."""
    return sorted(file for file in folder.iterdir() if file.is_file())


def fingerprint(folder: Path) -> str:
    """Changes whenever a file directly in the folder appears, vanishes, or gets another size or time."""
    digest = hashlib.sha256()
    for file in files_in(folder):
        try:
            status = file.stat()
        except FileNotFoundError:  # it vanished between listing and looking
            continue
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def newest_change(folder: Path) -> float | None:
    """Unix time at which a file in the folder was last written, by the share's clock; None for an empty folder."""
    times: list[float] = []
    for file in files_in(folder):
        try:
            times.append(file.stat().st_mtime)
        except FileNotFoundError:
            continue
    return max(times, default=None)
