"""Uploads against `az storage file`, both as whole commands, on one sandbox in one run: `python -m bench.uploads`.

Once with the sandbox as near as it is, where a request costs what both sides compute, and once behind a proxy that
makes a round trip as long as to a region on the same continent.

az is made on the first run, in an environment of its own in the user's cache (about 90 s, 750 MB).
"""

import os
import statistics
import subprocess
import tempfile
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from rich.console import Console
from rich.table import Table

from cli.workplace import STATE_DIR
from operations import config_file, deployment
from operations.endpoint import wait_until_ready
from operations.file_share import ShareAddress
from operations.management import current_cloud, open_client
from sandbox import control
from tests.distance import distance
from tests.operations.deployed import GROUP, IMAGE, LOCATION, Deployed
from tests.operations.requests_sent import recorded
from tests.sign_in import signed_in
from tests.workspace import PROJECT, environment
from toolchain.azure_cli import azure_cli

COMMAND = "python -m bench.uploads"
SMALL_FILES = 1000
SMALL_BYTES = (200, 4000)
LARGE_MIB = (64, 256, 1024)
"""The last is compared with az; all show what memory is used."""
ROUNDS = 3
ROUND_TRIP_SECONDS = 0.02
LOOK_SECONDS = 0.02
TIMES_FASTER = 10.0
MOST_REQUESTS = 3
MOST_SECONDS = 1.0
MOST_GROWTH = 1.1
"""Of memory from the smallest of the large files to the largest, at most."""
OURS, AZ = "aca-inference", "az"


@dataclass(frozen=True)
class Run:
    """How long a command took, start of its program included, and the most memory that it had."""

    seconds: float
    peak_mib: float


def main() -> None:
    """Measures and prints."""
    console = Console()
    with tempfile.TemporaryDirectory() as name, deployed(Path(name)) as app:
        bench = Bench(Path(name), app.address)
        unchanged(bench, app, console)
        small(bench, console)
        large(bench, console)
        with distance(ROUND_TRIP_SECONDS) as proxy:
            bench.proxy = {"HTTPS_PROXY": proxy, "NO_PROXY": ""}
            small(bench, console, f", {1000 * ROUND_TRIP_SECONDS:.0f} ms away")
    console.print(f"medians of {ROUNDS} rounds, in turns on one sandbox in one run: {COMMAND}")


@contextmanager
def deployed(folder: Path) -> Generator[Deployed]:
    """A sandbox with an app on it, whose configuration file is where commands look for it; this process its client."""
    control.start(folder / STATE_DIR, images={IMAGE: PROJECT / ".venv"})
    try:
        with signed_in(control.environment(folder / STATE_DIR)):
            app = Deployed(current_cloud(), *_account(), folder)
            wait_until_ready(app.url, 60)
            config_file.write(folder / config_file.DEFAULT_PATH, app.config)
            yield app
            app.close()
    finally:
        control.stop(folder / STATE_DIR, 10)


def _account() -> tuple[str, str]:
    subscription, account = os.environ["ARM_SUBSCRIPTION_ID"], f"bench{uuid.uuid4().hex[:12]}"
    body: Any = {"location": LOCATION, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    share: Any = {}
    with open_client(ResourceManagementClient, subscription) as groups:
        groups.resource_groups.create_or_update(GROUP, {"location": LOCATION})
    with open_client(StorageManagementClient, subscription) as storage:
        storage.storage_accounts.begin_create(GROUP, account, body).result()
        storage.file_shares.create(GROUP, account, "files", share)
    return account, "files"


class Bench:
    """Runs both programs in the folder of the deployment."""

    def __init__(self, folder: Path, address: ShareAddress) -> None:
        self.folder, self._share = folder, address.share_name
        self.proxy: dict[str, str] = {}
        self._az = str(azure_cli())
        endpoint = address.endpoint_url.rstrip("/")
        # In the environment, not on the command line, as az itself advises.
        connection = {"AccountName": address.account_name, "AccountKey": address.account_key, "FileEndpoint": endpoint}
        self._az_environment = {
            **os.environ,
            "AZURE_CONFIG_DIR": str(folder / "az"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_STORAGE_CONNECTION_STRING": ";".join(f"{key}={value}" for key, value in connection.items()),
        }

    def ours(self, *words: str) -> Run:
        """`aca-inference WORDS`."""
        return self._run([str(PROJECT / ".venv/bin/aca-inference"), *words], environment(PROJECT))

    def az_batch(self, source: Path, target: str) -> Run:
        """A folder, as az uploads folders."""
        words = ("upload-batch", "--source", str(source), "--destination", self._share, "--destination-path", target)
        return self._run([self._az, "storage", "file", *words], self._az_environment)

    def az_file(self, source: Path, target: str, *more: str) -> Run:
        """One file."""
        words = ("upload", "--source", str(source), "--share-name", self._share, "--path", target, *more)
        return self._run([self._az, "storage", "file", *words], self._az_environment)

    def _run(self, command: Sequence[str], variables: Mapping[str, str]) -> Run:
        # Programs as installed: this may run where Python was told to keep no bytecode.
        variables = {key: value for key, value in variables.items() if key != "PYTHONDONTWRITEBYTECODE"}
        started, peak = time.perf_counter(), 0
        with (self.folder / "output").open("w+") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**variables, **self.proxy},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            while process.poll() is None:
                peak = max(peak, _memory(process.pid))
                time.sleep(LOOK_SECONDS)
            seconds = time.perf_counter() - started
            if process.returncode:
                output.seek(0)
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{output.read()[-2000:]}")
        return Run(seconds, peak / (1 << 20))


def _memory(pid: int) -> int:
    """Bytes in memory of a process and those that it has started: az is a script that starts Python."""
    try:
        parent = psutil.Process(pid)
        return sum(process.memory_info().rss for process in (parent, *parent.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def unchanged(bench: Bench, app: Deployed, console: Console) -> None:
    """`deploy` where nothing has changed."""
    deployment.plan(app.config, app.source)
    with pytest.MonkeyPatch.context() as patch, recorded(patch) as sent:
        assert deployment.plan(app.config, app.source).settled
    runs = [bench.ours("deploy", str(app.source)) for _ in range(ROUNDS + 1)][1:]
    seconds = statistics.median(run.seconds for run in runs)
    console.print(
        f"nothing changed: {len(sent)} requests, at most {MOST_REQUESTS}: {_verdict(len(sent) <= MOST_REQUESTS)};"
        f" {seconds:.2f} s, under {MOST_SECONDS:.0f}: {_verdict(seconds < MOST_SECONDS)}"
    )


def small(bench: Bench, console: Console, where: str = "") -> None:
    """Many small files, to a folder that is not there yet."""
    least, most = SMALL_BYTES
    source = bench.folder / "models/small"
    for number in range(SMALL_FILES - 1):
        path = source / f"part{number % 20}/file{number}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(least + number * 7919 % (most - least)))
    (source / "model.gguf").write_bytes(b"GGUF" + os.urandom(most))
    runs: dict[str, list[Run]] = {OURS: [], AZ: []}
    for number in range(ROUNDS):
        runs[OURS].append(bench.ours("upload", str(source), "--name", f"small{len(where)}/ours{number}", "--yes"))
        runs[AZ].append(bench.az_batch(source, f"az{len(where)}x{number}"))
    show(console, f"{SMALL_FILES} small files{where}", runs, TIMES_FASTER)


def large(bench: Bench, console: Console) -> None:
    """Files of several sizes; the largest with az, too."""
    memory = list[Run]()
    source = bench.folder / "models/large/model.gguf"
    source.parent.mkdir(parents=True)
    for mib in LARGE_MIB:
        with source.open("wb") as file:
            file.write(b"GGUF")
            for _ in range(mib):
                file.write(os.urandom(1 << 20))
        memory.append(bench.ours("upload", str(source), "--name", f"memory/of{mib}", "--yes"))
    runs: dict[str, list[Run]] = {OURS: [], AZ: [], f"{AZ} --max-connections 4": []}
    for number in range(ROUNDS):
        for name, found in runs.items():
            if name == OURS:
                found.append(bench.ours("upload", str(source), "--name", f"large/ours{number}", "--yes"))
            else:
                found.append(bench.az_file(source, f"large{number}x{len(name)}.gguf", *name.split()[1:]))
    show(console, f"one file of {LARGE_MIB[-1]} MiB", runs, 1.0)
    used = ", ".join(f"{mib} MiB: {run.peak_mib:.0f}" for mib, run in zip(LARGE_MIB, memory, strict=True))
    growth = memory[-1].peak_mib / memory[0].peak_mib
    console.print(
        f"most memory of `aca-inference upload`, MiB, by the file's size: {used};"
        f" grows {growth:.2f} times, at most {MOST_GROWTH}: {_verdict(growth <= MOST_GROWTH)}"
    )


def show(console: Console, title: str, runs: dict[str, list[Run]], wanted: float) -> None:
    """A table of medians, with how many times longer others take."""
    table = Table(title, "seconds", "peak MiB", "times as long as ours", f"at least {wanted:g}")
    seconds = {name: statistics.median(run.seconds for run in found) for name, found in runs.items()}
    for name, found in runs.items():
        ratio = seconds[name] / seconds[OURS]
        judged = ("", "") if name == OURS else (f"{ratio:.1f}", _verdict(ratio >= wanted))
        table.add_row(name, f"{seconds[name]:.2f}", f"{max(run.peak_mib for run in found):.0f}", *judged)
    console.print(table)


def _verdict(met: bool) -> str:
    return "met" if met else "missed"


if __name__ == "__main__":
    main()
