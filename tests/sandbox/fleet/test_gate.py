"""Whom the ingress lets through: by address, and by a token for the right audience that has not expired."""

import time

import jwt
import pytest

from sandbox.fleet.gate import Gate
from tests.sandbox.fleet.harness import Harness, app

GATE = Gate(token_audiences=("client",), open_paths=("/healthz",))


def token(**changes) -> str:
    claims = {"aud": "client", "exp": int(time.time()) + 3600, **changes}
    kept = {key: value for key, value in claims.items() if value is not None}
    return jwt.encode(kept, "a key that nobody else has, of at least 32 bytes", algorithm="HS256")


def refused(gate: Gate, target: str = "/", authorization: str = "", peer: str = "127.0.0.1") -> int | None:
    refusal = gate.refusal(target, authorization, peer)
    return None if refusal is None else int(refusal[0])


def test_nobody_is_kept_out_by_default():
    assert refused(Gate()) is None


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("", 401),
        ("Bearer", 401),
        ("Bearer not-a-token", 401),
        ("Basic dXNlcjpwYXNz", 401),
        (f"Bearer {token()}", None),
        (f"bearer {token()}", None),
        (f"Bearer {token(aud='another')}", 401),
        (f"Bearer {token(exp=int(time.time()) - 3600)}", 401),
        (f"Bearer {token(exp=None)}", 401),
    ],
)
def test_a_token_must_be_for_this_audience_and_of_today(authorization: str, status: int | None):
    assert refused(GATE, authorization=authorization) == status


@pytest.mark.parametrize(("target", "status"), [("/healthz", None), ("/healthz?a=1", None), ("/healthz/more", 401)])
def test_open_paths_need_no_token(target: str, status: int | None):
    assert refused(GATE, target) == status


@pytest.mark.parametrize(
    ("gate", "status"),
    [
        (Gate(allowed_networks=("203.0.113.0/24",)), 403),
        (Gate(allowed_networks=("203.0.113.0/24", "127.0.0.1")), None),
        (Gate(denied_networks=("127.0.0.0/8",)), 403),
        (Gate(denied_networks=("203.0.113.0/24",)), None),
    ],
)
def test_addresses_are_let_through_or_not(gate: Gate, status: int | None):
    assert refused(gate) == status


async def test_a_running_apps_ingress_keeps_to_the_newest_gate(harness: Harness):
    spec = await harness.run(app())
    assert (await harness.get(spec, "/state")).status_code == 200
    await harness.fleet.apply(app(ingress_port=spec.ingress_port, gate=GATE))
    while (answer := await harness.get(spec, "/state")).status_code == 200:
        pass
    assert answer.status_code == 401
    assert "token" in answer.text
    allowed = await harness.get(spec, "/state", headers={"Authorization": f"Bearer {token()}"})
    assert allowed.status_code == 200
