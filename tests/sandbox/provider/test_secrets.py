"""No secret crosses the wire without its mark, even from an ARM that returns what it should not."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from sandbox.provider.wire import UNKNOWN
from tests.sandbox.provider.fake_arm import Answer, FakeArm
from tests.sandbox.provider.harness import (
    APP,
    ENVIRONMENT,
    LINK,
    LOCATION,
    SECRET,
    Engine,
    environment_storage,
    half_made,
    plain,
    secret,
)

WORD = "open-sesame"
APP_INPUTS = {
    "resourceGroupName": "group",
    "containerAppName": "app",
    "location": LOCATION,
    "configuration": {"secrets": [{"name": "first", "value": WORD}, {"name": "second", "value": f"{WORD}!"}]},
}
ENVIRONMENT_INPUTS = {
    "resourceGroupName": "group",
    "environmentName": "environment",
    "location": LOCATION,
    "appInsightsConfiguration": {"connectionString": WORD},
    "appLogsConfiguration": {"logAnalyticsConfiguration": {"customerId": "id", "sharedKey": WORD}},
    "customDomainConfiguration": {"certificatePassword": WORD, "certificateValue": WORD},
    "daprAIConnectionString": WORD,
    "daprAIInstrumentationKey": WORD,
    "openTelemetryConfiguration": {"destinationsConfiguration": {"dataDogConfiguration": {"key": WORD}}},
}
EVERY_TYPE_WITH_SECRETS = pytest.mark.parametrize(
    ("token", "inputs"),
    [(APP, APP_INPUTS), (ENVIRONMENT, ENVIRONMENT_INPUTS), (LINK, environment_storage("group", key=WORD))],
)


def in_the_clear(value: Any) -> Any:
    """What is left of a value without what is marked."""
    if isinstance(value, dict):
        marked = value.items() >= SECRET.items()
        return "marked" if marked else {key: in_the_clear(item) for key, item in value.items()}
    return [in_the_clear(item) for item in value] if isinstance(value, list) else value


def opened(value: Any) -> Any:
    """A value without its marks."""
    if isinstance(value, dict):
        marked = value.items() >= SECRET.items()
        return opened(value["value"]) if marked else {key: opened(item) for key, item in value.items()}
    return [opened(item) for item in value] if isinstance(value, list) else value


def checked(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return engine.checked(token, inputs)


def previewed(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return engine.create(token, inputs, preview=True)[1]


def created(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return engine.create(token, inputs)[1]


def updated(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    identity, _ = engine.create(token, inputs)
    return engine.update(token, identity, inputs)


def update_previewed(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return engine.update(token, "/id", inputs, preview=True)


def imported(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    identity, _ = engine.create(token, inputs)
    answer = engine.read(token, identity)
    return {"inputs": plain(answer.inputs), "outputs": plain(answer.properties)}


def refreshed(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    identity, outputs = engine.create(token, inputs)
    answer = engine.refresh(token, identity, inputs, outputs)
    return {"inputs": plain(answer.inputs), "outputs": plain(answer.properties)}


def half_created(engine: Engine, token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(grpc.RpcError) as caught:
        engine.create(token, inputs, timeout=0.1)
    failed = half_made(caught)
    return {"inputs": plain(failed.inputs), "outputs": plain(failed.properties), "reasons": list(failed.reasons)}


@EVERY_TYPE_WITH_SECRETS
@pytest.mark.parametrize("call", [checked, previewed, created, updated, update_previewed, imported, refreshed])
def test_every_answer_marks_secrets(
    scripted: Engine, token: str, inputs: dict[str, Any], call: Callable[..., dict[str, Any]]
) -> None:
    answer = call(scripted, token, inputs)
    assert WORD not in str(in_the_clear(answer))
    assert WORD in str(opened(answer)), "marked, not lost"


@EVERY_TYPE_WITH_SECRETS
def test_the_record_of_a_half_made_resource_marks_secrets(
    scripted: Engine, fake: FakeArm, token: str, inputs: dict[str, Any]
) -> None:
    fake.resources["/operation"] = {"status": "InProgress"}
    fake.script("PUT", "", Answer(201, headers={"Azure-AsyncOperation": f"{fake.url}/operation"}))
    record = half_created(scripted, token, inputs)
    assert WORD not in str(in_the_clear(record))
    assert str(opened(record)).count(WORD) >= 2, "in inputs and outputs"


def test_arm_gets_secrets_without_marks(scripted: Engine, fake: FakeArm) -> None:
    """An engine that sends marks is understood; the marks go no further."""
    inputs = environment_storage("group", key=WORD)
    inputs["properties"]["azureFile"]["accountKey"] = secret(WORD)
    scripted.create(LINK, inputs)
    assert fake.bodies[0]["properties"]["azureFile"]["accountKey"] == WORD


def test_a_secret_that_is_not_known_yet_is_just_unknown(scripted: Engine) -> None:
    answer = scripted.checked(LINK, environment_storage("group", key=UNKNOWN))
    assert answer["properties"]["azureFile"]["accountKey"] == UNKNOWN
