"""Settings: the original's nine names work, and every problem is told at once, before anything is touched."""

import pytest

from stack.settings import Authentication, SettingsError, parse

ENOUGH = {"resourceGroup": "group", "image": "registry.example/app:1", "authentication": "none"}


def problems(**values: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse({**ENOUGH, **values})
    return str(caught.value)


def test_the_nine_original_parameters_are_known_by_their_names() -> None:
    settings = parse(
        {
            **ENOUGH,
            "defaultCommands": '["cd /mount/inference", "python3 ./gradio_chat.py"]',
            "maximumInstanceCount": "2",
            "location": "westus3",
            "storageAccountName": "myaccount",
            "fileShareName": "my-share",
            "acaEnvironmentName": "my-env",
            "acaEnvironmentStorageName": "my-link",
            "acaAppName": "my-app",
            "acaLogAnalyticsName": "my-logs",
        }
    )
    assert settings.default_commands == ("cd /mount/inference", "python3 ./gradio_chat.py")
    assert settings.maximum_instance_count == 2
    assert settings.aca_environment_storage_name == "my-link"


def test_one_instance_is_enough_by_default_so_that_a_quota_of_one_is() -> None:
    assert parse(ENOUGH).maximum_instance_count == 1


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    assert "storageAcountName: no such setting; did you mean storageAccountName?" in problems(storageAcountName="x")


def test_every_problem_is_told_at_once() -> None:
    message = problems(maximumInstanceCount="many", storageAccountName="Not_Valid", gpuProfile="H100")
    assert message.count("\n  - ") == 3
    assert "Consumption-GPU-NC8as-T4" in message


def test_missing_settings_are_named_with_the_command_that_sets_them() -> None:
    with pytest.raises(SettingsError) as caught:
        parse({"authentication": "none"})
    assert "resourceGroup: missing; set it with `pulumi config set resourceGroup VALUE`" in str(caught.value)
    assert "image: missing" in str(caught.value)


def test_authentication_is_by_api_key_unless_switched_off() -> None:
    settings = parse({key: value for key, value in ENOUGH.items() if key != "authentication"})
    assert settings.authentication is Authentication.API_KEY
    assert not settings.secrets.api_key


def test_a_secret_itself_never_becomes_part_of_the_settings() -> None:
    settings = parse({**ENOUGH, "authentication": "apiKey", "apiKey": "very-secret"})
    assert settings.secrets.api_key
    assert "very-secret" not in repr(settings)
