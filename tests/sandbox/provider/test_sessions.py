"""Several engines at once, each with its own configuration; and nothing but a sandbox on this machine."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from tests.sandbox.provider.conftest import Attach
from tests.sandbox.provider.fake_arm import SUBSCRIPTION, Answer, FakeArm
from tests.sandbox.provider.harness import GROUP, LOCATION, WORKSPACE, Engine, refusal, until

INPUTS = {"resourceGroupName": "group", "location": LOCATION}
OTHER = "00000000-0000-0000-0000-000000000002"


def refused(engine: Engine, **variables: str) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        engine.configure(**variables)
    return refusal(caught)


def test_each_engine_has_its_own_configuration(fake: FakeArm, attach: Attach) -> None:
    """One after the other and at once, so that neither sees what was configured last."""
    first = attach(fake.environment)
    second = attach(port=first.port)
    first.configure(location="westus3")
    second.configure(location="eastus", subscriptionId=OTHER)
    both = {"westus3": (first, SUBSCRIPTION), "eastus": (second, OTHER)}
    for location, (engine, subscription) in both.items():
        assert engine.checked(WORKSPACE, {"resourceGroupName": "group"})["location"] == location
        assert engine.invoke("authorization:getClientConfig")["subscriptionId"] == subscription

    def make(name: str) -> list[str]:
        engine, _ = both[name]
        return [engine.create(GROUP, {**INPUTS, "resourceGroupName": f"{name}{n}"})[0] for n in range(8)]

    with ThreadPoolExecutor() as pool:
        made = dict(zip(both, pool.map(make, both), strict=True))
    for name, (_, subscription) in both.items():
        assert made[name] == [f"/subscriptions/{subscription}/resourceGroups/{name}{n}" for n in range(8)]


def test_a_cancel_is_for_one_engine(fake: FakeArm, attach: Attach) -> None:
    first = attach(fake.environment)
    second = attach(port=first.port)
    fake.resources["/operation"] = {"status": "InProgress"}
    fake.script("PUT", "/group", Answer(201, headers={"Azure-AsyncOperation": f"{fake.url}/operation"}))
    with ThreadPoolExecutor() as pool:
        first.configure()
        making = pool.submit(first.create, GROUP, INPUTS)
        until(lambda: fake.asked("GET", "/operation"))
        second.configure()
        second.cancel()
        asked = fake.asked("GET", "/operation")
        until(lambda: fake.asked("GET", "/operation") > asked)
        assert not making.done()
        fake.resources["/operation"] = {"status": "Succeeded"}
        assert making.result(timeout=5)[0].endswith("/group")


def test_the_configuration_comes_before_the_environment(fake: FakeArm, attach: Attach) -> None:
    engine = attach(fake.environment | {"ARM_METADATA_HOSTNAME": "127.0.0.1:1", "ARM_SUBSCRIPTION_ID": "another"})
    engine.configure(metadataHost=fake.url, subscriptionId=SUBSCRIPTION)
    assert engine.create(GROUP, INPUTS)[0] == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"


def test_without_a_sandbox_the_stand_in_says_how_to_name_one(attach: Attach) -> None:
    told = refused(attach({}))
    assert "azure-native:metadataHost nor ARM_METADATA_HOSTNAME" in told
    assert 'eval "$(aca-inference sandbox env)"' in told


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("ARM_SUBSCRIPTION_ID", "set azure-native:subscriptionId or ARM_SUBSCRIPTION_ID"),
        ("IDENTITY_ENDPOINT", "IDENTITY_ENDPOINT"),
    ],
)
def test_what_is_missing_to_log_in_is_named(fake: FakeArm, attach: Attach, missing: str, told: str) -> None:
    environment = {key: value for key, value in fake.environment.items() if key != missing}
    assert told in refused(attach(environment))


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_are_none_are_named(fake: FakeArm, attach: Attach, tmp_path: Path, content: str) -> None:
    file = tmp_path / "certificates.pem"
    if content:
        file.write_text(content)
    assert f"no certificates in {file} (SSL_CERT_FILE)" in refused(
        attach(fake.environment | {"SSL_CERT_FILE": str(file)})
    )


@pytest.mark.parametrize(
    "host",
    [
        "management.azure.com",
        "https://management.azure.com",
        "http://169.254.169.254",
        "127.0.0.1@management.azure.com",
        "127.0.0.1.example.com",
        "[::ffff:8.8.8.8]",
    ],
)
@pytest.mark.parametrize("where", ["ARM_METADATA_HOSTNAME", "IDENTITY_ENDPOINT", "configuration"])
def test_the_stand_in_goes_to_no_other_machine(fake: FakeArm, attach: Attach, host: str, where: str) -> None:
    if where == "configuration":
        told = refused(attach(fake.environment), metadataHost=host)
    else:
        address = host if "://" in host or where == "ARM_METADATA_HOSTNAME" else f"https://{host}/token"
        told = refused(attach(fake.environment | {where: address}))
    assert "not a sandbox on this machine" in told


@pytest.mark.parametrize("endpoint", ["https://management.azure.com", "http://127.0.0.1:80"])
def test_no_token_goes_where_the_metadata_lead_astray(scripted: Engine, fake: FakeArm, endpoint: str) -> None:
    fake.metadata_endpoint = endpoint
    with pytest.raises(grpc.RpcError) as caught:
        scripted.read(GROUP, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group")
    assert "not a sandbox on this machine" in refusal(caught) or "is not https" in refusal(caught)


@pytest.mark.parametrize(
    "address", ["https://management.azure.com/operations/1", "http://127.0.0.1:80/operations/1", "https://[/"]
)
@pytest.mark.parametrize("header", ["Azure-AsyncOperation", "Location"])
def test_no_token_goes_where_an_operation_leads_astray(
    scripted: Engine, fake: FakeArm, header: str, address: str
) -> None:
    fake.script("PUT", "/group", Answer(202, headers={header: address}))
    with pytest.raises(grpc.RpcError) as caught:
        scripted.create(GROUP, INPUTS)
    told = refusal(caught)
    assert any(words in told for words in ("not a sandbox on this machine", "is not https", "no valid address"))


def test_a_resource_id_leads_nowhere_else(scripted: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        scripted.read(GROUP, "@management.azure.com/subscriptions/x/resourceGroups/group")
    assert "management.azure.com, not a sandbox on this machine" in refusal(caught)
