"""What lies on the file share, as fine-tuning leaves it: model-cache/ORG/NAME and adapters anywhere below models/.

Files appear while this app runs, and slowly: a service may give a file its full size first and its content later. So
only files that have not changed for a while are used; while an adapter is being written anew, what was found before
stays.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from inference_app.adapters import ADAPTER_CONFIG, AdapterError, Description, read_description
from inference_app.engines.contract import AdapterFiles, BaseFiles
from inference_app.errors import NotReadyError
from inference_app.fingerprint import files_in, fingerprint, newest_change

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
    """Paths of adapters that are being written for the first time."""


class Share:
    """The mounted share. Reads directories only, plus the adapters' small description files; may block."""

    def __init__(self, root: Path, now: Callable[[], float] = time.time) -> None:
        self._root = root
        self._now = now
        self._first_seen: dict[Path, tuple[str, float]] = {}
        self._described: dict[Path, tuple[str, Adapter | Unusable]] = {}

    def base(self, wanted: str | None) -> BaseFiles:
        """The base model; `NotReadyError` says what is waited for."""
        cache = self._root / "model-cache"
        folder = cache / wanted if wanted else self._only(cache)
        if not folder.is_dir():
            raise NotReadyError(f"waiting for the base model: there is no folder {folder}")
        if not files_in(folder):
            raise NotReadyError(f"waiting for the base model: {folder} is empty")
        version = fingerprint(folder)
        if not self._settled(folder, version):
            raise NotReadyError(f"waiting for the base model: {folder} was written a moment ago")
        return BaseFiles(folder.relative_to(cache).as_posix(), folder, version)

    def adapters(self, base_id: str) -> Found:
        """Every adapter, as it was when it last had settled; new ones that have not settled yet are named apart."""
        good: list[Adapter] = []
        bad: list[Unusable] = []
        unsettled: list[str] = []
        folders = list(self._adapter_folders())
        for gone in self._described.keys() - set(folders):
            del self._described[gone], self._first_seen[gone]
        for folder in folders:
            described = self._describe(folder)
            if described is None:
                unsettled.append(self._path(folder))
            elif isinstance(described, Adapter):
                good.append(described)
            else:
                bad.append(described)
        kept, clashing = _without_clashes(good, base_id)
        return Found(kept, (*bad, *clashing), tuple(unsettled))

    def _describe(self, folder: Path) -> Adapter | Unusable | None:
        """The adapter in its settled version; None for one that has never settled."""
        version = fingerprint(folder)
        known, described = self._described.get(folder, (None, None))
        if version == known or not self._settled(folder, version):
            return described
        described = self._read(folder, version)
        self._described[folder] = version, described
        return described

    def _read(self, folder: Path, version: str) -> Adapter | Unusable:
        path, name = self._path(folder), folder.relative_to(self._root / "models").as_posix()
        try:
            description = read_description(folder)
        except AdapterError as error:
            return Unusable(name, path, str(error))
        return Adapter(AdapterFiles(description.name or name, folder, version), path, description)

    def _path(self, folder: Path) -> str:
        return folder.relative_to(self._root).as_posix()

    def _only(self, cache: Path) -> Path:
        folders = sorted(folder for folder in cache.glob("*/*") if folder.is_dir() and files_in(folder))
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

    def _settled(self, folder: Path, version: str) -> bool:
        """Old enough by its own times, or seen unchanged for long enough (the share's clock may run ahead)."""
        now = self._now()
        seen, since = self._first_seen.get(folder, (None, now))
        if seen != version:
            since = now
            self._first_seen[folder] = version, now
        newest = newest_change(folder)
        return now - min(now if newest is None else newest, since) >= SETTLE_SECONDS


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
