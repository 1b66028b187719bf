"""Many kills at random instants, where `make test` does a few."""

import random
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from operations.file_share import ShareAddress
from tests.campaign.conftest import Record
from tests.cli import test_commands_killed
from tests.end_to_end.arm import list_resources
from tests.end_to_end.conftest import endpoint_in, is_ready
from tests.operations import test_killed
from tests.operations.deployed import Deployed
from tests.sandbox.conftest import Clients
from tests.sandbox.control import test_kills as sandbox_kills
from tests.workspace import command, environment, run

COMMAND_KILLS = 100
UPLOAD_KILLS = 100
SANDBOX_KILLS = 100
UP_KILLS = 10
UP_SECONDS = (1, 20)


def test_releases_killed(
    address: ShareAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    monkeypatch.setattr(test_killed, "KILLS", UPLOAD_KILLS)
    test_killed.test_a_killed_release_is_never_half_visible_and_the_next_run_finishes_it(address, tmp_path)
    record(
        "releases killed", f"{UPLOAD_KILLS} kills -9 of a release, each of other content", "none was ever half visible"
    )


def test_uploads_killed(address: ShareAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Record) -> None:
    monkeypatch.setattr(test_killed, "KILLS", UPLOAD_KILLS)
    test_killed.test_a_killed_upload_shows_old_content_or_new_and_the_next_run_finishes_it(address, tmp_path)
    record(
        "uploads killed",
        f"{UPLOAD_KILLS} kills -9 of a model's upload",
        "the share held old content or new, never both",
    )


def test_the_command_deploy_killed(
    deployed: Deployed, folder: Path, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    monkeypatch.setattr(test_commands_killed, "KILLS", COMMAND_KILLS)
    test_commands_killed.test_a_killed_deployment_is_never_half_there_and_the_next_one_finishes_it(deployed, folder)
    record(
        "deploy killed",
        f"{COMMAND_KILLS} kills -9 of `aca-inference deploy`, each of other code, while the endpoint is asked",
        "every answer was of one whole release, none failed; the next run finished the work",
    )


def test_the_command_upload_killed(
    deployed: Deployed, folder: Path, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    monkeypatch.setattr(test_commands_killed, "KILLS", COMMAND_KILLS)
    test_commands_killed.test_a_killed_upload_shows_nothing_or_all_of_it_and_the_next_one_finishes_it(deployed, folder)
    record(
        "upload killed",
        f"{COMMAND_KILLS} kills -9 of `aca-inference upload`",
        "the share showed nothing of the model or all of it; the next run finished the work",
    )


def test_the_sandbox_killed_under_load(
    state: Path, clients: Clients, monkeypatch: pytest.MonkeyPatch, record: Record
) -> None:
    monkeypatch.setattr(sandbox_kills, "KILLS", SANDBOX_KILLS)
    sandbox_kills.test_every_acknowledged_write_survives_kills_at_random_moments(state, clients)
    record(
        "sandbox killed",
        f"{SANDBOX_KILLS} kills -9 under a load of resource groups and files",
        "every acknowledged write was there afterwards, whole",
    )


def test_up_killed(workspace: Path, record: Record) -> None:
    chance = random.Random()
    for _ in range(UP_KILLS):
        first = subprocess.Popen(
            command(workspace, "sandbox", "up"),
            cwd=workspace,
            env=environment(workspace),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(chance.uniform(*UP_SECONDS))  # the instant is the point
        for process in (*psutil.Process(first.pid).children(), psutil.Process(first.pid)):
            if chance.random() < 0.7 or process.pid == first.pid:
                process.kill()
        first.wait()
        assert is_ready(endpoint_in(run(workspace, "sandbox", "up").stdout))
        kinds = [identity.rpartition("/")[0] for identity in list_resources(workspace)]
        assert len(kinds) == len(set(kinds))
        run(workspace, "sandbox", "down")
    record(
        "up killed",
        f"{UP_KILLS} kills -9 of `sandbox up` and what it had started",
        "the next up gave a working endpoint",
    )
