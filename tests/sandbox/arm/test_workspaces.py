"""Log Analytics workspaces as the SDK sees them."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.sandbox.conftest import LOCATION, Clients

WORKSPACE: Any = {"location": LOCATION, "properties": {"retentionInDays": 30}}


def test_a_workspace_has_an_identity_and_keys_that_stay(clients: Clients, group: str) -> None:
    workspaces = clients.logs.workspaces
    made = workspaces.begin_create_or_update(group, "logs", WORKSPACE).result()
    keys = clients.logs.shared_keys.get_shared_keys(group, "logs").as_dict()
    changed = workspaces.update(group, "logs", {"properties": {"retentionInDays": 60}})  # type: ignore[arg-type]
    again = workspaces.get(group, "logs")
    assert (again.customer_id, again.retention_in_days) == (made.customer_id, 60)
    assert changed.customer_id == made.customer_id
    assert clients.logs.shared_keys.get_shared_keys(group, "logs").as_dict() == keys
    assert keys["primarySharedKey"] != keys["secondarySharedKey"]
    workspaces.begin_delete(group, "logs").result()
    assert list(workspaces.list_by_resource_group(group)) == []


def test_a_stale_etag_changes_nothing(clients: Clients, group: str) -> None:
    workspaces = clients.logs.workspaces
    first = workspaces.begin_create_or_update(group, "logs", WORKSPACE).result()
    workspaces.update(group, "logs", {"tags": {"a": "1"}})  # type: ignore[arg-type]
    with pytest.raises(HttpResponseError) as refused:
        workspaces.update(group, "logs", {"tags": {}}, headers={"If-Match": str(first.etag)})  # type: ignore[arg-type]
    assert refused.value.status_code == 412
    assert workspaces.get(group, "logs").tags == {"a": "1"}
