"""Who may reach the endpoint, as whom it pulls its image, and how its server is started and watched."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.entra_sign_in import EntraSignIn
from components.inference_container import RESERVED_VARIABLES, secret_name, shell_command
from components.inference_endpoint import RegistryAccess
from tests.components.recorder import record
from tests.components.service import app_of, container_of, make_service, secrets_of

IDENTITY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller"


def test_a_registry_password_is_a_secret_that_the_registry_refers_to() -> None:
    registry = RegistryAccess("registry.example", username="user", password="pass word")
    recorder = record(lambda: make_service(registry=registry))
    (credentials,) = app_of(recorder)["configuration"]["registries"]
    assert credentials == {
        "server": "registry.example",
        "username": "user",
        "passwordSecretRef": "registry-password",
    }
    assert secrets_of(recorder) == {"registry-password": "pass word"}


def test_an_identity_pulls_without_any_password() -> None:
    registry = RegistryAccess("registry.example", identity=IDENTITY)
    recorder = record(lambda: make_service(registry=registry, user_assigned_identities=[IDENTITY]))
    (credentials,) = app_of(recorder)["configuration"]["registries"]
    assert credentials == {"server": "registry.example", "identity": IDENTITY}
    assert app_of(recorder)["identity"] == {"type": "UserAssigned", "userAssignedIdentities": [IDENTITY]}
    assert secrets_of(recorder) == {}


@pytest.mark.parametrize(
    ("system", "users", "kind"),
    [
        (True, [], "SystemAssigned"),
        (False, [IDENTITY], "UserAssigned"),
        (True, [IDENTITY], "SystemAssigned,UserAssigned"),
    ],
)
def test_the_app_carries_the_identities_it_was_given(system: bool, users: list[str], kind: str) -> None:
    recorder = record(lambda: make_service(system_assigned_identity=system, user_assigned_identities=users))
    assert app_of(recorder)["identity"]["type"] == kind


def test_an_app_has_no_identity_unless_one_is_asked_for() -> None:
    assert "identity" not in app_of(record(make_service))


def test_only_the_allowed_ranges_may_call() -> None:
    recorder = record(lambda: make_service(allowed_ip_ranges=["203.0.113.0/24", "198.51.100.7/32"]))
    rules = app_of(recorder)["configuration"]["ingress"]["ipSecurityRestrictions"]
    assert [(rule["ipAddressRange"], rule["action"]) for rule in rules] == [
        ("203.0.113.0/24", "Allow"),
        ("198.51.100.7/32", "Allow"),
    ]
    assert len({rule["name"] for rule in rules}) == 2


def test_secret_variables_reach_the_container_as_references_only() -> None:
    recorder = record(
        lambda: make_service(
            environment_variables={"PLAIN": "seen"}, secret_environment_variables={"HF_TOKEN": "hidden"}, api_key="key"
        )
    )
    variables = {variable["name"]: variable for variable in container_of(recorder)["env"]}
    assert variables["PLAIN"]["value"] == "seen"
    assert variables["HF_TOKEN"] == {"name": "HF_TOKEN", "secretRef": "env-hf-token"}
    assert "hidden" not in str(container_of(recorder))
    assert secrets_of(recorder) == {"api-key": "key", "env-hf-token": "hidden"}
    assert {*RESERVED_VARIABLES} <= variables.keys()


def test_variables_that_would_share_a_secret_are_refused() -> None:
    with pytest.raises(ValueError, match="env-a-b"):
        record(lambda: make_service(secret_environment_variables={"A_B": "1", "A.B": "2"}))


def test_the_secrets_of_an_app_that_is_taken_over_are_sent_with_ours() -> None:
    recorder = record(lambda: make_service(api_key="ours", other_secrets={"theirs": "1", "api-key": "old"}))
    assert secrets_of(recorder) == {"theirs": "1", "api-key": "ours"}


@given(name=st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,300}", fullmatch=True))
def test_every_variable_has_a_secret_name_that_the_service_takes(name: str) -> None:
    secret = secret_name(name)
    assert 1 <= len(secret) <= 253
    assert secret[0].isalnum()
    assert secret[-1].isalnum()
    assert set(secret) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_with_entra_id_a_request_needs_a_token_but_asking_for_health_does_not() -> None:
    recorder = record(lambda: make_service(entra=EntraSignIn("client", "tenant", ("api://client",))))
    config = recorder.of_type("azure-native:app:ContainerAppsAuthConfig").inputs
    assert config["authConfigName"] == "current"
    assert config["platform"] == {"enabled": True}
    assert config["globalValidation"]["unauthenticatedClientAction"] == "Return401"
    assert "/health/ready" in config["globalValidation"]["excludedPaths"]
    directory = config["identityProviders"]["azureActiveDirectory"]
    assert directory["registration"] == {
        "clientId": "client",
        "openIdIssuer": "https://login.microsoftonline.com/tenant/v2.0",
    }
    assert directory["validation"]["allowedAudiences"] == ["client", "api://client"]
    assert secrets_of(recorder) == {}


def test_with_a_client_secret_people_are_sent_to_sign_in() -> None:
    recorder = record(lambda: make_service(entra=EntraSignIn("client", "tenant", client_secret="hidden")))
    config = recorder.of_type("azure-native:app:ContainerAppsAuthConfig").inputs
    assert config["globalValidation"]["unauthenticatedClientAction"] == "RedirectToLoginPage"
    registration = config["identityProviders"]["azureActiveDirectory"]["registration"]
    assert registration["clientSecretSettingName"] in secrets_of(recorder)
    assert "hidden" not in str(config)


def test_without_entra_id_nothing_stands_before_the_app() -> None:
    assert record(make_service).none_of_type("azure-native:app:ContainerAppsAuthConfig")


def test_a_server_that_is_not_ours_is_probed_by_its_port_and_may_install_first() -> None:
    recorder = record(lambda: make_service(has_health_routes=False, start_seconds=1200))
    probes = {probe["type"]: probe for probe in container_of(recorder)["probes"]}
    assert {probe["tcpSocket"]["port"] for probe in probes.values()} == {7860}
    assert all("httpGet" not in probe for probe in probes.values())
    assert probes["Startup"]["periodSeconds"] * probes["Startup"]["failureThreshold"] >= 1200


@pytest.mark.parametrize("seconds", [30, 90, 91, 1200])
def test_the_start_gets_its_time_within_what_the_service_takes(seconds: int) -> None:
    recorder = record(lambda: make_service(start_seconds=seconds))
    (startup,) = [probe for probe in container_of(recorder)["probes"] if probe["type"] == "Startup"]
    assert startup["failureThreshold"] <= 30
    assert seconds <= startup["periodSeconds"] * startup["failureThreshold"] < seconds + 30


def run(*commands: str) -> tuple[int, str]:
    done = subprocess.run(["/bin/bash", "-c", shell_command(commands)], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    "failing", ["false", "cd /nowhere", "true; false", "true && false", "(exit 3)", "false || false"]
)
def test_a_command_that_fails_stops_the_start(failing: str) -> None:
    code, said = run("echo before", failing, "echo after")
    assert code != 0
    assert said == "before\n"


@pytest.mark.parametrize(
    "fine", ["false || true", "true # a comment", "cd / && pwd > /dev/null", "sleep 0 &", "echo 'a; b' > /dev/null"]
)
def test_what_a_shell_can_say_in_one_command_stays_one_command(fine: str) -> None:
    assert run("echo before", fine, "echo after") == (0, "before\nafter\n")


def test_the_commands_run_in_one_shell() -> None:
    assert run("cd /tmp", "x='1 2'; true", 'echo "$PWD $x"') == (0, "/tmp 1 2\n")
