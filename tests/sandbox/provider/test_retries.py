"""What is tried again, how often, and after how long."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from sandbox.provider import arm_client
from tests.sandbox.provider.fake_arm import SUBSCRIPTION, Answer, FakeArm, error
from tests.sandbox.provider.harness import GROUP, LOCATION, Engine, refusal, until

INPUTS = {"resourceGroupName": "group", "location": LOCATION}
IDENTITY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"
RETRIED = [408, 429, 500, 502, 503, 504]
BUSY = error(409, "AnotherOperationInProgress", "Wait.")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many attempts, without the waiting."""
    monkeypatch.setattr(arm_client, "RETRY_SECONDS", (0.01,) * len(arm_client.RETRY_SECONDS))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("refused", [*(error(status, "Later", "Later.") for status in RETRIED), BUSY])
def test_a_passing_fault_is_not_seen(scripted: Engine, fake: FakeArm, refused: Answer) -> None:
    fake.script("PUT", "/group", refused, refused, refused)
    assert scripted.create(GROUP, INPUTS)[0] == IDENTITY
    assert fake.asked("PUT") == 4


@pytest.mark.usefixtures("at_once")
def test_after_three_retries_the_fault_is_told(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", *[error(503, "ServerBusy", "Busy.")] * 4)
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS)
    assert refusal(caught) == 'Status=503 Code="ServerBusy" Message="Busy."'
    assert fake.asked("PUT") == 4


@pytest.mark.parametrize(
    "refused",
    [error(400, "Bad", "No."), error(403, "AuthorizationFailed", "No."), error(409, "Conflict", "No.")],
)
def test_what_would_be_refused_again_is_told_at_once(scripted: Engine, fake: FakeArm, refused: Answer) -> None:
    fake.script("PUT", "/group", refused)
    with pytest.raises(grpc.RpcError):
        scripted.create(GROUP, INPUTS)
    assert fake.asked("PUT") == 1


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_reads_and_deletes_are_tried_again_too(scripted: Engine, fake: FakeArm, method: str) -> None:
    identity, _ = scripted.create(GROUP, INPUTS)
    fake.script(method, "/group", error(500, "InternalServerError", "Oh."))
    if method == "GET":
        assert scripted.read(GROUP, identity).id == identity
    else:
        scripted.delete(GROUP, identity)
        assert identity not in fake.resources


@pytest.mark.usefixtures("at_once")
def test_a_lost_connection_is_tried_again(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", Answer(lost=True))
    assert scripted.create(GROUP, INPUTS)[0] == IDENTITY
    assert fake.asked("PUT") == 2


@pytest.mark.usefixtures("at_once")
def test_a_sandbox_that_is_gone_is_named(scripted: Engine, fake: FakeArm) -> None:
    fake.close()
    with pytest.raises(grpc.RpcError) as caught:
        scripted.read(GROUP, IDENTITY)
    assert f"the sandbox does not answer at {fake.url}" in refusal(caught)


@pytest.mark.usefixtures("at_once")
def test_an_answer_that_is_no_arm_error_is_shown_as_it_is(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", Answer(400, {"detail": "a proxy's own words"}))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS)
    assert refusal(caught) == 'Status=400 Message="{"detail": "a proxy\'s own words"}"'


def test_the_waiting_grows(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", BUSY, BUSY)
    scripted.create(GROUP, INPUTS)
    first, second, third = [time for time, (method, _) in zip(fake.times, fake.seen, strict=True) if method == "PUT"]
    assert second - first >= arm_client.RETRY_SECONDS[0]
    assert third - second >= arm_client.RETRY_SECONDS[1]


def test_arm_may_say_when_to_come_again(scripted: Engine, fake: FakeArm) -> None:
    throttled = error(429, "TooManyRequests", "Slowly.", **{"Retry-After": "1"})
    fake.script("PUT", "/group", throttled)
    scripted.create(GROUP, INPUTS)
    first, second = [time for time, (method, _) in zip(fake.times, fake.seen, strict=True) if method == "PUT"]
    assert second - first >= 1


def test_a_cancel_ends_the_waiting_for_another_attempt(scripted: Engine, fake: FakeArm) -> None:
    fake.script("PUT", "/group", error(429, "TooManyRequests", "Slowly.", **{"Retry-After": "60"}))
    with ThreadPoolExecutor() as pool:
        making = pool.submit(scripted.create, GROUP, INPUTS)
        until(lambda: fake.asked("PUT"))
        scripted.cancel()
        with pytest.raises(grpc.RpcError) as caught:
            making.result(timeout=5)
    assert refusal(caught).startswith("canceled")
