"""What Container Apps offers, and the use of its quota, as azure-mgmt-appcontainers sees them."""

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.sandbox.arm.test_environments import GPU, environment
from tests.sandbox.conftest import LOCATION, Clients


def test_profile_types_of_a_location(clients: Clients) -> None:
    offered = {
        item.name: item.as_dict()["properties"] for item in clients.apps.available_workload_profiles.get(LOCATION)
    }
    assert {key: offered[GPU][key] for key in ("cores", "memoryGiB", "gpus")} == {
        "cores": 24,
        "memoryGiB": 220,
        "gpus": 1,
    }
    assert offered["D4"]["gpus"] == 0


def test_usages_of_an_environment(clients: Clients, group: str) -> None:
    clients.apps.managed_environments.begin_create_or_update(group, "env", environment()).result()
    usages = [item.as_dict() for item in clients.apps.managed_environment_usages.list(group, "env")]
    found = {item["name"]["value"]: (item["currentValue"], item["limit"] > 0) for item in usages}
    assert found["ManagedEnvironmentConsumptionNCA100Gpus"] == (0, True)
    assert found["ManagedEnvironmentConsumptionT4Gpus"] == (0, True)
    with pytest.raises(ResourceNotFoundError):
        list(clients.apps.managed_environment_usages.list(group, "other"))
