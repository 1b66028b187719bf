"""The Pulumi CLI built from its Go modules: where no release can be downloaded, but a Go module proxy is there."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from toolchain.errors import SetupError
from toolchain.phases import Phase, run

MODULE: Final = Path(__file__).parent / "pulumi_cli"
SDK: Final = "github.com/pulumi/pulumi/sdk/v3"
PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SCRIPTS: Final = {
    "pulumi-language-python-exec": "python/cmd/pulumi-language-python-exec",
    "pulumi-resource-pulumi-python": "python/dist/pulumi-resource-pulumi-python",
}
"""What a Python program needs beside the CLI, with its place in the SDK's module."""


def build(current: Phase, version: str, target: Path) -> Path:
    """Builds the CLI into the folder `target`, all or nothing; returns the executable. Takes minutes when cold.

    Raises:
        SetupError: there is no Go, or the build failed.
    """
    go = shutil.which("go")
    if go is None:
        raise SetupError("it could not be downloaded, and there is no Go to build it with: install Go 1.25 or newer")
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        flags = f"-s -w -X {SDK}/go/common/version.Version=v{version}"
        run(
            current,
            [go, "build", "-v", "-mod=readonly", "-ldflags", flags, "-o", str(staging / "pulumi"), PACKAGE],
            cwd=MODULE,
            environment={"CGO_ENABLED": "0"},
        )
        sdk = _module_folder(go)
        for name, place in SCRIPTS.items():
            shutil.copyfile(sdk / place, staging / name)
            (staging / name).chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        staging.chmod(0o755)
        staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target / "pulumi"


def _module_folder(go: str) -> Path:
    listed = subprocess.run(
        [go, "list", "-m", "-f", "{{.Dir}}", SDK], cwd=MODULE, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0 or not listed.stdout.strip():
        raise SetupError(f"the Go module {SDK} is not where it should be: {listed.stderr.strip()}")
    return Path(listed.stdout.strip())
