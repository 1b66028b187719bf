"""The stack `local`: a backend, a passphrase and a configuration of its own, all below the sandbox's folder.

Nothing of it is written next to the tracked files, and nothing of a person's own Pulumi or Azure set-up reaches it.
"""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

from cli import stack_state
from cli.errors import PulumiError
from cli.pulumi_process import TOOL_FOLDERS, UNASKED, pulumi_program, run_shown
from cli.terminal import Say
from operations.config_file import write_atomically

STACK: Final = "local"
PROJECT_FILE: Final = "Pulumi.yaml"
STACK_FILE: Final = f"Pulumi.{STACK}.yaml"

_FOREIGN: Final = re.compile("(ARM|AZURE|IDENTITY|MSI|PULUMI)_")
"""Variables of a person's own Azure or Pulumi set-up: kept, they could send a request to a real subscription."""
_HINTS: Final = ("The resources in the stack have been deleted", "If you want to remove the stack completely")
_SALT: Final = re.compile(r"^encryptionsalt:.*\n?", re.MULTILINE)


class LocalStack:
    """The stack of the project in this folder, deployed to the sandbox whose state is in `state_dir`.

    What pulumi prints goes to `out`, our own output by default.
    """

    def __init__(self, project: Path, state_dir: Path, out: IO[str] | None = None) -> None:
        self._project = project.absolute()
        self._out = out
        self._backend = state_dir.absolute() / "pulumi"
        self._home = self._backend / "home"
        self._passphrase = self._backend / "passphrase"
        self._configuration = self._backend / "project"

    def environment(self, sandbox: Mapping[str, str]) -> dict[str, str]:
        """This process's environment as `pulumi` needs it, with what leads to the sandbox."""
        kept = {key: value for key, value in os.environ.items() if not _FOREIGN.match(key)}
        return {**kept, **self.variables(sandbox)}

    def variables(self, sandbox: Mapping[str, str]) -> dict[str, str]:
        """The variables that make `pulumi` and Azure's clients work on the sandbox and this stack."""
        # Resolved, because pulumi warns of a language host on PATH that does not lie next to itself.
        tools = [str((self._project / folder).resolve()) for folder in TOOL_FOLDERS]
        others = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder not in tools]
        return {
            **sandbox,
            "PATH": os.pathsep.join([*tools, *others]),
            "PULUMI_BACKEND_URL": self._backend.as_uri(),
            "PULUMI_HOME": str(self._home),
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self._passphrase),
            "PULUMI_STACK": STACK,
            "PULUMI_OPTION_CONFIG_FILE": str(self._configuration / STACK_FILE),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The provider is attached by PULUMI_DEBUG_PROVIDERS: there is nothing to download.
            "PULUMI_OPTION_SKIP_PLUGIN_PRE_INSTALL": "true",
        }

    def foreign(self, sandbox: Mapping[str, str]) -> list[str]:
        """Variables of this process that a shell must drop to stay on the sandbox."""
        wanted = self.variables(sandbox)
        return sorted(key for key in os.environ if _FOREIGN.match(key) and key not in wanted)

    def exists(self) -> bool:
        """Whether the stack was ever made (and not removed since)."""
        return stack_state.state_file(self._backend, self._project_name(), STACK).is_file()

    def prepare(self, environment: Mapping[str, str]) -> None:
        """Makes what is missing: folders, passphrase, configuration copy, and the stack itself, empty."""
        for folder in (self._home, self._configuration):
            folder.mkdir(parents=True, exist_ok=True)
        if not self._passphrase.exists():
            write_atomically(self._passphrase, secrets.token_urlsafe(32) + "\n")
        self._copy_configuration()
        if not self.exists():
            # In the folder of the copy, because `stack init` writes its salt next to the project file it finds.
            self._run(environment, "stack", "init", STACK, "--no-select", "--secrets-provider", "passphrase")

    def up(self, environment: Mapping[str, str], say: Say) -> None:
        """Brings everything to what the program says; repairs first what a killed run left.

        Raises:
            PulumiError: another run is busy with the stack, or `pulumi up` failed.
        """
        self._repair(environment, say)
        run_shown(self._project, environment, say, "up", *UNASKED, "--suppress-outputs", out=self._out)

    def destroy(self, environment: Mapping[str, str], say: Say) -> None:
        """Deletes everything that the stack owns, then the stack.

        Raises:
            PulumiError: another run is busy with the stack, or `pulumi destroy` failed.
        """
        self._repair(environment, say)
        run_shown(self._project, environment, say, "destroy", *UNASKED, out=self._out, unless=_is_hint)
        self._run(environment, "stack", "rm", STACK, "--yes", "--preserve-config")

    def _repair(self, environment: Mapping[str, str], say: Say) -> None:
        stack_state.wait_for_lock(self._backend, self._project_name(), STACK, say)
        if stack_state.restore_if_cut(self._backend, self._project_name(), STACK):
            say("taking up the state from before a run that was killed")
        if stack_state.has_pending_creates(self._backend, self._project_name(), STACK):
            say("forgetting what a killed run had begun; the program finds it again")
            exported = self._run(environment, "stack", "export")
            self._run(environment, "stack", "import", given=stack_state.without_pending_creates(exported))

    def _copy_configuration(self) -> None:
        """Copies the tracked configuration, with this machine's salt in the place of any other."""
        copy = self._configuration / STACK_FILE
        salt = _SALT.search(copy.read_text(encoding="utf-8")) if copy.exists() else None
        tracked = _SALT.sub("", (self._project / STACK_FILE).read_text(encoding="utf-8"))
        write_atomically(copy, tracked.rstrip("\n") + "\n" + (salt.group() if salt else ""))
        shutil.copyfile(self._project / PROJECT_FILE, self._configuration / PROJECT_FILE)

    def _project_name(self) -> str:
        found = re.search(r"^name:\s*(\S+)", (self._project / PROJECT_FILE).read_text(encoding="utf-8"), re.MULTILINE)
        if not found:
            raise PulumiError(f"{self._project / PROJECT_FILE} has no `name:`")
        return found.group(1).strip("\"'")

    def _run(self, environment: Mapping[str, str], *words: str, given: str | None = None) -> str:
        done = subprocess.run(
            [pulumi_program(environment), "--non-interactive", *words],
            cwd=self._configuration,
            env=dict(environment),
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise PulumiError(f"`pulumi {' '.join(words)}` failed:\n{(done.stderr or done.stdout).strip()}")
        return done.stdout


def _is_hint(line: str) -> bool:
    """Whether pulumi advises to remove the stack, which happens here without asking."""
    return line.startswith(_HINTS)
