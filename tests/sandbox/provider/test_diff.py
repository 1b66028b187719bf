"""What counts as a difference, how it is named, and what of it needs a replacement."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.provider.wire import UNKNOWN
from tests.sandbox.provider.fake_arm import SUBSCRIPTION
from tests.sandbox.provider.harness import ACCOUNT, APP, ENVIRONMENT, GROUP, SHARE, WORKSPACE, Engine, account

Kind = provider_pb2.PropertyDiff.Kind
ENVIRONMENTS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Group/providers/Microsoft.App/managedEnvironments"


def detailed(found: provider_pb2.DiffResponse) -> dict[str, Any]:
    return {path: difference.kind for path, difference in found.detailedDiff.items()}


@pytest.mark.parametrize(
    ("change", "replaced"),
    [
        ({"location": "westus3"}, ["location"]),
        ({"accountName": "another"}, ["accountName"]),
        ({"resourceGroupName": "another"}, ["resourceGroupName"]),
        ({"isHnsEnabled": True}, ["isHnsEnabled"]),
        ({"minimumTlsVersion": "TLS1_2"}, []),
        ({"sku": {"name": "Standard_GRS"}}, []),
        ({"tags": {"team": "ml"}}, []),
    ],
)
def test_immutable_properties_replace_and_others_update(
    engine: Engine, change: dict[str, Any], replaced: list[str]
) -> None:
    old = account("group")
    found = engine.diff(ACCOUNT, old, {**old, **change})
    assert found.changes == found.DIFF_SOME
    assert list(found.diffs) == list(change)
    assert list(found.replaces) == replaced
    assert found.deleteBeforeReplace is bool(replaced)


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (GROUP, "location"),
        (SHARE, "enabledProtocols"),
        (WORKSPACE, "location"),
        (ENVIRONMENT, "zoneRedundant"),
        (ENVIRONMENT, "infrastructureResourceGroup"),
        (APP, "environmentId"),
        (APP, "managedEnvironmentId"),
    ],
)
def test_what_cannot_change_is_replaced(engine: Engine, token: str, name: str) -> None:
    found = engine.diff(token, {name: "before"}, {name: "after"})
    assert detailed(found) == {name: Kind.UPDATE_REPLACE}
    assert list(engine.diff(token, {name: "before"}, {}).replaces) == [name]


def test_a_random_name_lets_the_new_one_be_made_first(engine: Engine) -> None:
    old = {**account("group"), "__createBeforeDelete": True}
    found = engine.diff(ACCOUNT, old, {**old, "location": "westus3"})
    assert list(found.replaces) == ["location"]
    assert found.deleteBeforeReplace is False


def test_what_is_not_known_yet_counts_as_changed(engine: Engine) -> None:
    old = account("group")
    assert list(engine.diff(ACCOUNT, old, {**old, "resourceGroupName": UNKNOWN}).replaces) == ["resourceGroupName"]
    assert list(engine.diff(ACCOUNT, old, {**old, "sku": {"name": UNKNOWN}}).diffs) == ["sku"]


@pytest.mark.parametrize(("said", "replaced"), [("b", ["kind"]), ("a", [])])
def test_saying_for_the_first_time_what_is_so_replaces_nothing(engine: Engine, said: str, replaced: list[str]) -> None:
    found = engine.diff(APP, {}, {"kind": said}, outputs={"kind": "a"})
    assert list(found.diffs) == ["kind"]
    assert list(found.replaces) == replaced


@pytest.mark.parametrize(
    ("token", "old", "new"),
    [
        (ACCOUNT, {"location": "swedencentral"}, {"location": "Sweden Central"}),
        (ACCOUNT, {"resourceGroupName": "Group"}, {"resourceGroupName": "group"}),
        (ACCOUNT, {"__createBeforeDelete": True}, {}),
        (
            APP,
            {"environmentId": f"{ENVIRONMENTS}/a"},
            {"environmentId": f"{ENVIRONMENTS}/a".replace("resourceGroups/Group", "resourcegroups/group")},
        ),
    ],
)
def test_what_means_the_same_is_no_difference(
    engine: Engine, token: str, old: dict[str, Any], new: dict[str, Any]
) -> None:
    found = engine.diff(token, old, new)
    assert found.changes == found.DIFF_NONE
    assert not found.diffs


@pytest.mark.parametrize(
    ("token", "old", "new"),
    [
        (ACCOUNT, {"tags": {"userId": "Ann"}}, {"tags": {"userId": "ann"}}),
        (ACCOUNT, {"accountName": "Account"}, {"accountName": "account"}),
        (APP, {"environmentId": f"{ENVIRONMENTS}/a"}, {"environmentId": f"{ENVIRONMENTS}/A"}),
    ],
)
def test_elsewhere_the_case_counts(engine: Engine, token: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """In an id what all have in common knows no case; in the names after it, some services do."""
    assert engine.diff(token, old, new).changes == provider_pb2.DiffResponse.DIFF_SOME


def test_the_order_of_what_has_a_name_is_nothing(engine: Engine) -> None:
    def app(*containers: dict[str, Any]) -> dict[str, Any]:
        return {"template": {"containers": list(containers)}}

    first, second = {"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}
    assert not detailed(engine.diff(APP, app(first, second), app(second, first)))
    assert detailed(engine.diff(APP, app(first, second), app({**second, "image": "b:2"}, first))) == {
        "template.containers[0].image": Kind.UPDATE
    }
    assert detailed(engine.diff(APP, app(first), app(first, second))) == {"template.containers[1]": Kind.ADD}
    assert detailed(engine.diff(APP, app(first, second), app(second))) == {"template.containers[0]": Kind.DELETE}


def test_the_order_of_other_lists_counts(engine: Engine) -> None:
    old, new = ({"template": {"containers": [{"name": "a", "args": args}]}} for args in (["-x", "1"], ["1", "-x"]))
    assert detailed(engine.diff(APP, old, new)) == {
        "template.containers[0].args[0]": Kind.UPDATE,
        "template.containers[0].args[1]": Kind.UPDATE,
    }


def test_imported_inputs_do_not_differ_by_the_api_version(engine: Engine) -> None:
    """They have none; the outputs tell with which one they were read."""
    new = {"azureApiVersion": "2024-01-01", "kind": "StorageV2"}
    assert not engine.diff(ACCOUNT, {"kind": "StorageV2"}, new, outputs={"azureApiVersion": "2024-01-01"}).diffs
    older = engine.diff(ACCOUNT, {"kind": "StorageV2"}, new, outputs={"azureApiVersion": "2023-01-01"})
    assert list(older.diffs) == ["azureApiVersion"]
