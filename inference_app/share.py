"""What lies on the file share, as fine-tuning leaves it: model-cache/ORG/NAME and adapters anywhere below models/.

Files appear while this app runs, and slowly: a service may give a file its full size first and its content later. So
only files that have not changed for a while are used.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from inference_app.adapters import ADAPTER_CONFIG, AdapterError, Description, read_description
from inference_app.engines.contract import AdapterFiles, BaseFiles
from inference_app.errors import NotReadyError

SETTLE_SECONDS = 3.0


@dataclass(frozen=True)
class Adapter:
    """An adapter whose description is in order."""

    files: AdapterFiles
    path: str
    """Relative to the share's root."""
    description: Description


@dataclass(frozen=True)
class Unusable:
    """An adapter that cannot be served."""

    name: str
    path: str
    reason: str


@dataclass(frozen=True)
class Found:
    """All adapters on the share, by path."""

    adapters: tuple[Adapter, ...] = ()
    unusable: tuple[Unusable, ...] = ()
    unsettled: tuple[str, ...] = ()
    """Paths of adapters that are still being written."""


class Share:
    """The mounted share. Reads directories only, plus the adapters' small description files; may block."""

    def __init__(self, root: Path, now: Callable[[], float] = time.time) -> None:
        self._root = root
        self._now = now
        self._first_seen: dict[str, float] = {}

    def base(self, wanted: str | None) -> BaseFiles:
        """The base model; `NotReadyError` says what is waited for."""
        cache = self._root / "model-cache"
        folder = cache / wanted if wanted else self._only(cache)
        if not folder.is_dir():
            raise NotReadyError(f"waiting for the base model: there is no folder {folder}")
        files = _files(folder)
        if not files:
            raise NotReadyError(f"waiting for the base model: {folder} is empty")
        fingerprint = _fingerprint(files)
        if not self._settled(files, fingerprint):
            raise NotReadyError(f"waiting for the base model: {folder} was written a moment ago")
        return BaseFiles(folder.relative_to(cache).as_posix(), folder, fingerprint)

    def adapters(self, base_id: str) -> Found:
        """Every adapter; those still being written are left out until they have settled."""
        good: list[Adapter] = []
        bad: list[Unusable] = []
        unsettled: list[str] = []
        for folder in self._adapter_folders():
            path = folder.relative_to(self._root).as_posix()
            name = folder.relative_to(self._root / "models").as_posix()
            files = _files(folder)
            fingerprint = _fingerprint(files)
            if not self._settled(files, fingerprint):
                unsettled.append(path)
                continue
            try:
                description = read_description(folder)
            except AdapterError as error:
                bad.append(Unusable(name, path, str(error)))
                continue
            good.append(Adapter(AdapterFiles(description.name or name, folder, fingerprint), path, description))
        kept, clashing = _without_clashes(good, base_id)
        return Found(kept, (*bad, *clashing), tuple(unsettled))

    def _only(self, cache: Path) -> Path:
        folders = sorted(folder for folder in cache.glob("*/*") if folder.is_dir() and _files(folder))
        if not folders:
            raise NotReadyError(f"waiting for a base model in {cache}/ORG/NAME")
        if len(folders) > 1:
            listed = ", ".join(folder.relative_to(cache).as_posix() for folder in folders)
            raise NotReadyError(
                f"there are several base models in {cache}: set INFERENCE_BASE_MODEL to one of {listed}"
            )
        return folders[0]

    def _adapter_folders(self) -> Iterator[Path]:
        models = self._root / "models"
        if not models.is_dir():
            return
        for folder, below, files in os.walk(models, onerror=_raise):
            below.sort()
            if ADAPTER_CONFIG in files:
                below.clear()
                yield Path(folder)

    def _settled(self, files: list[Path], fingerprint: str) -> bool:
        """Old enough by its own times, or seen unchanged for long enough (the share's clock may run ahead)."""
        now = self._now()
        first_seen = self._first_seen.setdefault(fingerprint, now)
        newest = max((_modified(file) for file in files), default=now)
        return now - min(newest, first_seen) >= SETTLE_SECONDS


def _without_clashes(good: list[Adapter], base_id: str) -> tuple[tuple[Adapter, ...], tuple[Unusable, ...]]:
    """A name that two adapters claim (or the base has) names none of them: nobody may get another model's answer."""
    kept: list[Adapter] = []
    bad: list[Unusable] = []
    for adapter in good:
        name, path = adapter.files.name, adapter.path
        others = [other.path for other in good if other.files.name == name and other.path != path]
        if name == base_id:
            bad.append(Unusable(name, path, "the base model has this name"))
        elif others:
            bad.append(Unusable(name, path, f"{' and '.join(others)} claims the name {name} too"))
        else:
            kept.append(adapter)
    return tuple(kept), tuple(bad)


def _raise(error: OSError) -> None:
    """A share that cannot be read is not a share without adapters."""
    raise error


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file())


def _fingerprint(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        try:
            status = file.stat()
        except FileNotFoundError:  # it vanished between listing and looking
            continue
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0
