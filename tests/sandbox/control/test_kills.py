"""Kill -9 under a mixed load: what was acknowledged is there afterwards, whole."""

import hashlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.fileshare import ContentSettings, ShareServiceClient

from sandbox import control
from sandbox.endpoints import Endpoints
from sandbox.state import StateFolder
from tests.sandbox.conftest import LOCATION, Clients

KILLS = 4
WRITES_BETWEEN_KILLS = 10
UP_TO_SECONDS = 0.5
WAIT_SECONDS = 60


@pytest.fixture
def clients(state: Path) -> Generator[Clients]:
    control.start(state, {})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in control.environment(state).items():
            patch.setenv(name, value)
        clients = Clients(Endpoints.model_validate_json(StateFolder(state).endpoints.read_bytes()))
        yield clients
        clients.close()


class Load:
    """Writers that note what was acknowledged, and only that."""

    def __init__(self, clients: Clients, account: str, group: str) -> None:
        self.stopping = threading.Event()
        self.groups: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.deleted: set[str] = set()
        self.acknowledged = 0
        self._clients = clients
        key = clients.account_key(group, account)
        self.service = ShareServiceClient(f"{clients.endpoints.files_url}/{account}/", credential=key, retry_total=0)
        self.share = self.service.get_share_client("load")

    def write_groups(self) -> None:
        groups = self._clients.resources.resource_groups
        for number in range(10_000):
            if self.stopping.is_set():
                return
            name, value = f"load-{number % 7}", str(random.random())
            self._try(
                lambda name=name, value=value: groups.create_or_update(
                    name,
                    {"location": LOCATION, "tags": {"value": value}},
                    retry_total=0,  # type: ignore[arg-type]
                ),
                lambda name=name, value=value: self.groups.__setitem__(name, value),
                lambda name=name: self.groups.pop(name, None),
            )

    def write_files(self, writer: int) -> None:
        for number in range(10_000):
            if self.stopping.is_set():
                return
            name = f"{writer}-{number}"
            data = os.urandom(random.choice((0, 100, 70_000)))
            settings = ContentSettings(content_md5=bytearray(hashlib.md5(data).digest()))
            file = self.share.get_file_client(f"{name}.part")
            done = self._try(
                lambda file=file, data=data, settings=settings: file.upload_file(data, content_settings=settings),
                lambda name=name, data=data: self.files.__setitem__(f"{name}.part", data),
            )
            if done and number % 3 == 0:
                # While it is renamed, neither name is promised.
                data = self.files.pop(f"{name}.part")
                self._try(
                    lambda file=file, name=name: file.rename_file(name),
                    lambda name=name, data=data: self.files.__setitem__(name, data),
                )
            elif done and number % 3 == 1:
                self.files.pop(f"{name}.part")
                self._try(file.delete_file, lambda name=name: self.deleted.add(f"{name}.part"))

    def _try(
        self, write: Callable[[], object], note: Callable[[], object], unclear: Callable[[], object] = lambda: None
    ) -> bool:
        """Notes a write that was acknowledged; one that was cut off may have happened or not."""
        try:
            write()
        except AzureError:
            unclear()
            self.stopping.wait(0.02)
            return False
        note()
        self.acknowledged += 1
        return True

    def wait_for(self, writes: int) -> None:
        """Returns when so many more writes have been acknowledged."""
        enough, deadline = self.acknowledged + writes, time.monotonic() + WAIT_SECONDS
        while self.acknowledged < enough:
            assert time.monotonic() < deadline, "no write is acknowledged any more"
            time.sleep(0.01)

    def check(self) -> None:
        groups = {str(group.name): group.tags or {} for group in self._clients.resources.resource_groups.list()}
        for name, value in self.groups.items():
            assert groups[name] == {"value": value}
        for name, data in self.files.items():
            file = self.share.get_file_client(name)
            assert file.download_file().readall() == data, name
            assert file.get_file_properties().content_settings.content_md5 == hashlib.md5(data).digest(), name
        for name in self.deleted:
            with pytest.raises(ResourceNotFoundError):
                self.share.get_file_client(name).get_file_properties()


def test_every_acknowledged_write_survives_kills_at_random_moments(state: Path, clients: Clients) -> None:
    group = clients.make_group()
    account = clients.make_account(group)
    load = Load(clients, account, group)
    load.share.create_share()
    writers = [threading.Thread(target=load.write_groups)]
    writers += [threading.Thread(target=load.write_files, args=(number,)) for number in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(KILLS):
            load.wait_for(WRITES_BETWEEN_KILLS)
            time.sleep(random.uniform(0, UP_TO_SECONDS))  # the moment of the kill is what the test varies
            status = control.status(state)
            assert status is not None
            os.kill(status.pid, signal.SIGKILL)
            control.start(state, {})
    finally:
        load.stopping.set()
        for writer in writers:
            writer.join()
    assert load.groups
    assert load.files
    load.check()
    load.service.close()


def test_an_operation_that_a_kill_interrupts_is_carried_to_its_end(state: Path, clients: Clients) -> None:
    group = clients.make_group()
    environment = {"location": LOCATION, "properties": {}}
    poller = clients.apps.managed_environments.begin_create_or_update(group, "env", environment)  # type: ignore[arg-type]
    status = control.status(state)
    assert status is not None
    os.kill(status.pid, signal.SIGKILL)
    control.start(state, {})
    assert poller.result().provisioning_state == "Succeeded"


def test_a_deletion_that_a_kill_interrupts_is_carried_to_its_end(state: Path, clients: Clients) -> None:
    group = clients.make_group()
    account = clients.make_account(group)
    clients.storage.file_shares.create(group, account, "models", {})  # type: ignore[arg-type]
    poller = clients.resources.resource_groups.begin_delete(group)
    status = control.status(state)
    assert status is not None
    os.kill(status.pid, signal.SIGKILL)
    control.start(state, {})
    poller.result()
    assert not clients.resources.resource_groups.check_existence(group)
    assert not (StateFolder(state).shares / account / "models").exists()
