"""A generated project, and how its commands are run."""

import subprocess
from pathlib import Path

from operations import config_file
from operations.endpoint import endpoint_url
from tests.daily import template
from tests.workspace import command, copy_project, environment

COMMAND_SECONDS = 240


class Project:
    """Runs commands in the project's folder, as a person in a shell does who says yes to what is asked."""

    def __init__(self, folder: Path, bytecode: Path) -> None:
        self.folder = folder
        self.environment = {
            **{key: value for key, value in environment(folder).items() if key != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(bytecode),
            "COLUMNS": "120",
            "BROWSER": "true",
            "XDG_CACHE_HOME": str(folder / "cache"),
            # Nobody listens there: as on a machine without network.
            "ACA_INFERENCE_PRICES_URL": "http://127.0.0.1:9/api/retail/prices",
        }

    def run(self, *words: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        """`aca-inference WORDS`, its two outputs apart; its exit status must be this one."""
        done = self._run(words, stderr=subprocess.PIPE)
        assert done.returncode == status, f"aca-inference {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done

    def shown(self, *words: str, status: int = 0) -> str:
        """What a person sees of `aca-inference WORDS`; its exit status must be this one."""
        done = self._run(words, stderr=subprocess.STDOUT)
        assert done.returncode == status, f"aca-inference {' '.join(words)}\n{done.stdout}"
        return done.stdout

    def _run(self, words: tuple[str, ...], stderr: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(self.folder, *words),
            cwd=self.folder,
            env={**self.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    @property
    def url(self) -> str:
        """Of the endpoint."""
        return endpoint_url(config_file.read(self.folder / config_file.DEFAULT_PATH).aca_app_endpoint)


def new_project(folder: Path, bytecode: Path) -> Project:
    """A generated project below `folder` in which nothing has been done yet."""
    copied = copy_project(folder / "project")
    template.lay_out(copied)
    return Project(copied, bytecode)
