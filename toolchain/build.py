"""The Pulumi CLI built from its Go modules: where no release can be downloaded, but a Go module proxy is there."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from toolchain.errors import SetupError
from toolchain.phases import Phase
from toolchain.processes import cause, run

MODULE: Final = Path(__file__).parent / "pulumi_cli"
SDK: Final = "github.com/pulumi/pulumi/sdk/v3"
PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
EXECUTOR: Final = "pulumi-language-python-exec"
"""The script that connects a Python program to the engine; it comes in the SDK's module, under python/cmd."""
OLDEST_GO: Final = (1, 21)
"""The first that fetches by itself the Go that a module asks for."""
NEEDED_FREE_BYTES: Final = 4 << 30
"""For modules, compiled packages and the link step, when nothing is there yet."""


def build(current: Phase, version: str, target: Path) -> None:
    """Builds the CLI into the folder `target`, all or nothing. Takes minutes when Go's own caches are cold.

    Raises:
        SetupError: there is no Go, or it is too old, or the build failed.
    """
    go = _find_go()
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free
    if free < NEEDED_FREE_BYTES:
        raise SetupError(
            f"building it needs {NEEDED_FREE_BYTES >> 30} GiB of free disk space; {target.parent} has {free >> 20} MiB"
        )
    staging = Path(tempfile.mkdtemp(prefix="build-", dir=target.parent))
    try:
        flags = f"-s -w -X {SDK}/go/common/version.Version=v{version}"
        run(
            current,
            [go, "build", "-v", "-mod=readonly", "-ldflags", flags, "-o", str(staging / "pulumi"), PACKAGE],
            cwd=MODULE,
            environment={"CGO_ENABLED": "0", "GOWORK": "off"},
            progress=_Count(),
        )
        shutil.copyfile(_module_folder(go) / "python/cmd" / EXECUTOR, staging / EXECUTOR)
        for file in staging.iterdir():
            file.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        staging.chmod(0o755)
        staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


class _Count:
    """What `go build -v` prints, counted: a line for each module that it fetches and each package that it compiles."""

    def __init__(self) -> None:
        self._modules = 0
        self._packages = 0

    def __call__(self, line: str) -> str:
        if line.startswith("go: downloading"):
            self._modules += 1
        elif not line.startswith("go:"):
            self._packages += 1
        if not self._packages:
            return f"building it from source: {self._modules} modules fetched"
        return f"building it from source: {self._packages} packages compiled"


def _find_go() -> str:
    go = shutil.which("go")
    if go is None:
        raise SetupError("there is no Go to build it with: install Go (https://go.dev/doc/install)")
    printed = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"go(\d+)\.(\d+)", printed)
    if found and (int(found[1]), int(found[2])) < OLDEST_GO:
        raise SetupError(
            f"Go {found[1]}.{found[2]} is too old to build it: install Go {OLDEST_GO[0]}.{OLDEST_GO[1]} or newer"
            " (https://go.dev/doc/install)"
        )
    return go


def _module_folder(go: str) -> Path:
    listed = subprocess.run(
        [go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", SDK],
        cwd=MODULE,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0 or not listed.stdout.strip():
        raise SetupError(f"the Go module {SDK} is not where it should be: {cause(listed.stderr.splitlines())}")
    return Path(listed.stdout.strip())
