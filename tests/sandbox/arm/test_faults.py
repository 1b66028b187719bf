"""Faults on demand, as Azure's unmodified clients meet them."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.fileshare import LinearRetry, ShareClient

from tests.sandbox.conftest import LOCATION, Clients, Cloud

HURRY: dict[str, Any] = {"retry_backoff_factor": 0.01}


class Control:
    """The sandbox's control routes."""

    def __init__(self, cloud: Cloud) -> None:
        self.http = httpx.Client(
            base_url=cloud.endpoints.identity_url, headers={"X-IDENTITY-HEADER": cloud.endpoints.identity_header}
        )

    def add(self, **fault: Any) -> int:
        """Sets a fault; its number."""
        return self.http.post("/sandbox/faults", json=fault).raise_for_status().json()["number"]

    def listed(self) -> list[dict[str, Any]]:
        """What is set."""
        return self.http.get("/sandbox/faults").raise_for_status().json()

    def clear(self, number: int | None = None) -> int:
        """Takes one back, or all; how many there were."""
        path = "/sandbox/faults" if number is None else f"/sandbox/faults/{number}"
        return self.http.delete(path).raise_for_status().json()["cleared"]


@pytest.fixture
def control(cloud: Cloud) -> Iterator[Control]:
    """The control routes; every fault is taken back in the end."""
    control = Control(cloud)
    with control.http:
        yield control
        control.clear()


def environment(clients: Clients, group: str) -> Any:
    """Begins to make one."""
    body: Any = {"location": LOCATION, "properties": {}}
    return clients.apps.managed_environments.begin_create_or_update(group, "env", body)


def happened(control: Control) -> list[int]:
    return [fault["happened"] for fault in control.listed()]


def test_a_throttled_client_comes_again_when_it_was_told_to(clients: Clients, group: str, control: Control) -> None:
    control.add(kind="throttle", method="GET", path=f"*/resourceGroups/{group}", times=1)
    started = time.monotonic()
    assert clients.resources.resource_groups.get(group).name == group
    assert time.monotonic() - started >= 1, "Retry-After was kept to"
    assert control.listed() == [], "once was once"


def test_an_error_that_does_not_pass_is_told_in_the_services_form(
    clients: Clients, group: str, control: Control
) -> None:
    control.add(kind="error", method="get", path=f"*/{group}", status=503)
    with pytest.raises(HttpResponseError) as told:
        clients.resources.resource_groups.get(group, **HURRY)
    assert told.value.status_code == 503
    assert told.value.error is not None and told.value.error.code == "ServiceUnavailable"
    assert happened(control) == [4], "the client's own three retries"


def test_an_answer_that_is_lost_was_done(clients: Clients, group: str, control: Control) -> None:
    control.add(kind="lost", method="PUT", path="*/resourcegroups/lost-*", times=1)
    body: Any = {"location": LOCATION}
    with pytest.raises(AzureError):
        clients.resources.resource_groups.create_or_update("lost-answer", body, retry_total=0)
    assert clients.resources.resource_groups.get("lost-answer").location == LOCATION


def test_a_timeout_ends_without_an_answer(clients: Clients, group: str, control: Control) -> None:
    control.add(kind="timeout", path=f"*/{group}", seconds=0.3)
    started = time.monotonic()
    with pytest.raises(AzureError):
        clients.resources.resource_groups.get(group, retry_total=0)
    assert time.monotonic() - started >= 0.3


def test_what_is_slow_comes_late(clients: Clients, group: str, control: Control) -> None:
    control.add(kind="slow", path=f"*/{group}", seconds=0.3)
    started = time.monotonic()
    assert clients.resources.resource_groups.get(group).name == group
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize(("kind", "ended"), [("fail", "Failed"), ("cancel", "Canceled")])
def test_an_operation_ends_as_it_is_told_to(
    clients: Clients, group: str, control: Control, kind: str, ended: str
) -> None:
    control.add(kind=kind, method="PUT", path=f"*/{group}/*/managedEnvironments/env", times=1)
    poller = environment(clients, group)
    with pytest.raises(HttpResponseError):
        poller.result()
    assert poller.status() == ended
    assert clients.apps.managed_environments.get(group, "env").provisioning_state == ended
    assert environment(clients, group).result().provisioning_state == "Succeeded", "the next one is as ever"


def test_an_operation_hangs_until_the_fault_is_taken_back(clients: Clients, group: str, control: Control) -> None:
    fault = control.add(kind="hang", path=f"*/{group}/*")
    poller = environment(clients, group)
    poller.wait(1.5)
    assert not poller.done()
    assert control.clear(fault) == 1
    assert poller.result().provisioning_state == "Succeeded"


def test_the_file_service_has_faults_of_its_own(clients: Clients, group: str, control: Control) -> None:
    account = clients.make_account(group)
    clients.storage.file_shares.create(group, account, "share", {})  # type: ignore[arg-type]
    control.add(kind="error", service="files", method="PUT", status=503, times=2)
    url, key = f"{clients.endpoints.files_url}/{account}/share", clients.account_key(group, account)
    at_once = LinearRetry(backoff=0, random_jitter_range=0)
    with ShareClient.from_share_url(url, credential=key, retry_policy=at_once) as share:
        share.get_file_client("file").upload_file(b"content")
        assert control.listed() == [], "retried twice"
        control.add(kind="error", service="files", method="GET", status=503)
        with pytest.raises(HttpResponseError) as told:
            share.get_file_client("file").download_file()
    assert "ServerBusy" in str(told.value)


def test_a_rate_is_a_share_of_the_requests(clients: Clients, group: str, control: Control) -> None:
    control.add(kind="slow", path=f"*/{group}", seconds=0, rate=0.5)
    for _ in range(40):
        clients.resources.resource_groups.get(group)
    assert 5 <= happened(control)[0] <= 35


def test_only_who_may_sign_in_sets_a_fault_and_only_one_that_there_is(control: Control) -> None:
    assert control.http.post("/sandbox/faults", json={"kind": "slow"}, headers={"X-IDENTITY-HEADER": "x"}).is_error
    slow = {"kind": "slow"}
    for wrong in ({}, {"kind": "sloth"}, {**slow, "rate": 0}, {"kind": "error", "status": 404}, {**slow, "for": 1}):
        assert control.http.post("/sandbox/faults", json=wrong).status_code == 400
    assert control.listed() == []
    assert control.clear(10_000) == 0
