"""The configuration file of a deployment on Azure, kept out of the way while the sandbox's has its place."""

from typing import Final
from urllib.parse import urlsplit

from rich.console import Console

from cli.errors import CliError
from operations import config_file
from operations.endpoint import endpoint_url
from operations.errors import ConfigFileError

FILE: Final = config_file.DEFAULT_PATH
ASIDE: Final = FILE.with_name("inference.config.set-aside.json")


def set_aside(console: Console) -> None:
    """Renames a file that leads anywhere but to this machine, and says so.

    Raises:
        CliError: another file was set aside before and would be lost.
    """
    if not FILE.exists() or _leads_here():
        return
    if ASIDE.exists():
        raise CliError(
            f"{FILE} is not of the sandbox and would be replaced, but {ASIDE} holds another one already:"
            " move one of them elsewhere, then run this again"
        )
    FILE.rename(ASIDE)
    console.print(f"{FILE} is not of the sandbox: set aside as {ASIDE} until `make down`", highlight=False)


def put_back(console: Console) -> None:
    """Removes the sandbox's file and puts back what was set aside."""
    if _leads_here():
        FILE.unlink()
    if ASIDE.exists() and not FILE.exists():
        ASIDE.rename(FILE)
        console.print(f"{FILE} is again the one that was set aside", highlight=False)


def _leads_here() -> bool:
    """Whether the file can be read and its endpoint is on this machine: what a person wrote half is no less theirs."""
    try:
        return urlsplit(endpoint_url(config_file.read(FILE).aca_app_endpoint)).hostname == "127.0.0.1"
    except (ConfigFileError, ValueError):
        return False
