"""Keys over a stack's life: made once, found again, never in plain, and renewed when the account's are."""

import json

from sandbox.provider.connection import REQUEST_TIMEOUT_SECONDS
from tests.engine.conftest import MakeStack
from tests.engine.harness import Stack
from tests.engine.kinds import ACCOUNT, APP, Json

LINK_TYPE = "ManagedEnvironmentsStorage"
ENTRA = {"clientId": "72f988bf-86f1-41af-91ab-2d7cd011db47", "tenantId": "72f988bf-86f1-41af-91ab-2d7cd011db48"}


def key_of(stack: Stack) -> str:
    return stack.bench.pulumi("stack", "output", "apiKey", "--show-secrets", "--stack", stack.name).strip()


def links(stack: Stack, group: str) -> list[str]:
    return [key.rpartition("/")[2] for key in stack.bench.cloud.snapshot(group) if "/storages/" in key]


def regenerate(stack: Stack, group: str) -> None:
    cloud = stack.bench.cloud
    account = cloud.where(group)[ACCOUNT]
    answer = cloud._connection.request(
        "POST", f"{account}/regenerateKey", ACCOUNT.api_version, {"keyName": "key1"}, REQUEST_TIMEOUT_SECONDS
    )
    answer.raise_for_status()


def changed(steps: list) -> set[str]:  # type: ignore[type-arg]
    return {step.op for step in steps} - {"same"}


def test_the_key_is_made_once_and_outlives_the_state(make_stack: MakeStack) -> None:
    stack = make_stack(authentication="apiKey")
    stack.up().succeeded()
    key = key_of(stack)
    assert len(key) >= 32
    exported = stack.bench.pulumi("stack", "export", "--stack", stack.name)
    assert key not in exported
    assert key not in stack.bench.pulumi("stack", "output", "--stack", stack.name)
    assert changed(stack.up().succeeded().log.steps) == set()
    assert key_of(stack) == key
    stack.lose_state()
    stack.up().succeeded()
    assert key_of(stack) == key


def test_after_a_rotation_the_next_up_moves_the_app_to_a_new_link(make_stack: MakeStack) -> None:
    stack = make_stack()
    stack.up().succeeded()
    (before,) = links(stack, stack.name)
    regenerate(stack, stack.name)
    preview = stack.preview().succeeded()
    assert changed(preview.log.of_type(LINK_TYPE)) == {"replace", "create-replacement", "delete-replaced"}
    stack.up().succeeded()
    (after,) = links(stack, stack.name)
    assert after != before
    (volume,) = stack.bench.cloud.get(stack.bench.cloud.where(stack.name)[APP])["properties"]["template"]["volumes"]  # type: ignore[index]
    assert volume["storageName"] == after
    assert changed(stack.up().succeeded().log.steps) == set()


def test_sign_in_is_found_again_and_goes_when_it_is_switched_off(make_stack: MakeStack) -> None:
    stack = make_stack(authentication="entra", entra=ENTRA)
    stack.up().succeeded()

    def gate() -> Json:
        app = stack.bench.cloud.where(stack.name)[APP].lower()
        return json.loads(json.dumps(stack.bench.cloud.fleet.specs[app].gate.__dict__))

    assert gate()["token_audiences"] == [ENTRA["clientId"]] * 2
    assert "/health/ready" in gate()["open_paths"]
    stack.lose_state()
    stack.up().succeeded()
    assert changed(stack.up().succeeded().log.steps) == set()
    stack.set(authentication="none", entra=None)
    stack.up().succeeded()
    assert gate()["token_audiences"] is None
