"""A Chromium for the tests of the chat page."""

import os
import shutil
from typing import Final

from toolchain.errors import SetupError
from toolchain.phases import phase
from toolchain.processes import run

QUIET: Final = {"DEBIAN_FRONTEND": "noninteractive"}


def find_chromium() -> None:
    """Makes sure that `chromium` is on PATH; installs it where that is possible without asking.

    Raises:
        SetupError: it is missing and cannot be installed from here.
    """
    with phase("Chromium") as current:
        if shutil.which("chromium"):
            current.name = "Chromium (ready)"
            return
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise SetupError(
                "the tests of the chat page need Chromium: install it so that `chromium` is on PATH"
                " (on Debian: apt-get install chromium)"
            )
        install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
        try:
            run(current, install, environment=QUIET)
        except SetupError:
            # Its lists of packages may be missing or out of date.
            run(current, ["apt-get", "update"], environment=QUIET)
            run(current, install, environment=QUIET)
