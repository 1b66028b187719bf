"""A sandbox started as a person starts it, and az signed in to it with a configuration folder of its own."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
PROGRAM = PROJECT / ".venv/bin/aca-inference"
AZ = os.environ.get("AZ", "az")
"""The program; `make test-clients` names the one that it installed."""
CLIENT_ID = "2f9f4d8a-6f0b-4b56-9a3e-5d1c7a4e0b11"
"""The sandbox's service principal, as its documentation names it."""
CLOUD = "AcaSandbox"
FOREIGN = ("ARM_", "AZURE_", "IDENTITY_", "PULUMI_")

Az = Callable[..., Any]


class AzError(Exception):
    """What az said when it failed."""


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `aca-inference sandbox env` says, for a sandbox of these tests."""
    place = tmp_path_factory.mktemp("place")
    shutil.copy(PROJECT / "Pulumi.yaml", place)
    (place / ".venv").symlink_to(PROJECT / ".venv")
    plain = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    subprocess.run([PROGRAM, "sandbox", "start"], cwd=place, env=plain, check=True, timeout=120)
    try:
        told = subprocess.run(
            [PROGRAM, "sandbox", "env", "--json"], cwd=place, env=plain, check=True, timeout=60, stdout=subprocess.PIPE
        )
        folder = tmp_path_factory.mktemp("az")
        yield plain | json.loads(told.stdout) | {"AZURE_CONFIG_DIR": str(folder), "AZURE_CORE_COLLECT_TELEMETRY": "no"}
    finally:
        subprocess.run([PROGRAM, "sandbox", "stop"], cwd=place, env=plain, check=True, timeout=120)


@pytest.fixture(scope="session")
def az(environment: dict[str, str]) -> Az:
    """az, signed in as the sandbox's service principal; answers with what it printed, read as JSON.

    Raises:
        AzError: az failed.
    """

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [AZ, *arguments, "--output", "json"], env=environment, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise AzError(done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None

    arm = f"https://{environment['ARM_METADATA_HOSTNAME']}"
    directory = ("active-directory", "active-directory-resource-id", "active-directory-graph-resource-id")
    names = ("resource-manager", "management", *directory)
    run("config", "set", "core.instance_discovery=false")
    run("cloud", "register", "--name", CLOUD, *(part for name in names for part in (f"--endpoint-{name}", arm)))
    run("cloud", "set", "--name", CLOUD)
    secret, tenant = environment["IDENTITY_HEADER"], environment["ARM_TENANT_ID"]
    run("login", "--service-principal", "--username", CLIENT_ID, "--password", secret, "--tenant", tenant)
    return run


@pytest.fixture
def az_lines(az: Az, environment: dict[str, str]) -> Callable[..., Iterator[str]]:
    """az, already signed in, for commands that go on: the lines that it prints. It ends when nobody reads any more."""

    def run(*arguments: str) -> Iterator[str]:
        with subprocess.Popen([AZ, *arguments], env=environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield from process.stdout
            finally:
                process.terminate()

    return run
