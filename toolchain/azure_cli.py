"""Azure's own command line, az, in an environment of its own: what benchmarks and tests compare with.

No set-up makes it: it takes about a minute and 750 MB, and is kept in the user's cache for every checkout.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

from toolchain.lock import turn
from toolchain.phases import phase
from toolchain.processes import run
from toolchain.pulumi import user_cache

VERSION: Final = "2.91.0"
_WHOLE: Final = "whole"
"""Made last: an environment without it was left half-made."""


def azure_cli() -> Path:
    """The program `az` of this version; made on the first call, which takes about a minute.

    Raises:
        SetupError: no space or no network.
    """
    folder = user_cache() / f"azure-cli-{VERSION}-{sys.implementation.cache_tag}"
    with turn(folder.with_name(f"{folder.name}.lock"), "Waiting for another run to get az"):
        if not (folder / _WHOLE).exists():
            with phase(f"az {VERSION}") as current:
                shutil.rmtree(folder, ignore_errors=True)
                run(current, [sys.executable, "-m", "venv", str(folder)])
                pip = [str(folder / "bin/python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
                run(current, [*pip, f"azure-cli=={VERSION}"])
                (folder / _WHOLE).touch()
    return folder / "bin/az"
