"""An adapter's files, of one version: the share may change them at any moment."""

import shutil
from pathlib import Path

from inference_app.engines.contract import AdapterFiles
from inference_app.errors import EngineError
from inference_app.fingerprint import files_in, fingerprint


def copy_adapter(adapter: AdapterFiles, target: Path) -> None:
    """Makes a private copy, for engines that may read the files again later; blocks.

    Raises `EngineError` when the adapter changed meanwhile; whatever is raised, `target` is not there then.
    """
    target.mkdir()
    try:
        for file in files_in(adapter.folder):
            shutil.copyfile(file, target / file.name)
        refuse_if_changed(adapter)
    except BaseException as error:
        shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, FileNotFoundError):
            raise EngineError(f"{adapter.name} changed while it was being loaded") from error
        raise


def refuse_if_changed(adapter: AdapterFiles) -> None:
    """What has been read may be half of one version and half of another; the next look will see the new one."""
    try:
        unchanged = fingerprint(adapter.folder) == adapter.fingerprint
    except OSError:
        unchanged = False
    if not unchanged:
        raise EngineError(f"{adapter.name} changed while it was being loaded")
