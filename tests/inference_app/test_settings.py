"""Settings from the environment: all checked at once, and told in a way that helps."""

import subprocess
import sys
from pathlib import Path

import pytest

from inference_app.settings import Settings, SettingsError, describe_settings, read_settings, setting_names
from tests.inference_app.serving import environment
from tests.workspace import PROJECT


def problems(**variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings({f"INFERENCE_{name}": value for name, value in variables.items()})
    return str(caught.value)


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings({"PATH": "/bin"})
    assert (settings.port, str(settings.model_root), settings.api_keys) == (7860, "/mount", ())


def test_values_are_read_from_what_is_given_and_from_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFERENCE_PORT", "1")
    settings = read_settings({"INFERENCE_PARALLEL": "8", "INFERENCE_PAGE": "false", "INFERENCE_API_KEYS": ""})
    assert (settings.port, settings.parallel, settings.page, settings.api_keys) == (7860, 8, False, ())


def test_keys_are_a_list_and_never_shown() -> None:
    settings = read_settings({"INFERENCE_API_KEYS": "first-secret, second-secret"})
    assert [key.get_secret_value() for key in settings.api_keys] == ["first-secret", "second-secret"]
    assert "secret" not in repr(settings).replace("SecretStr", "")


def test_all_problems_are_told_at_once_by_the_names_that_were_set() -> None:
    told = problems(PORT="http", PARALLEL="0", ENGINE="ollama", BASE_MODEL="no-slash", PRALLEL="4")
    for line in (
        "INFERENCE_PORT: Input should be a valid integer",
        "INFERENCE_PARALLEL: Input should be greater than or equal to 1",
        "INFERENCE_ENGINE: Input should be 'auto'",
        "INFERENCE_BASE_MODEL: String should match pattern",
        "INFERENCE_PRALLEL: there is no such setting; did you mean INFERENCE_PARALLEL?",
    ):
        assert line in told


def test_a_key_at_fault_is_not_repeated() -> None:
    assert "short" not in problems(API_KEYS="short")


def test_a_file_of_keys_that_holds_none(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("\n")
    assert "holds no key" in problems(API_KEYS_FILE=str(tmp_path / "keys"))
    assert "cannot be read: FileNotFoundError" in problems(API_KEYS_FILE=str(tmp_path / "none"))


def test_keys_come_from_one_place(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("long-enough\n")
    assert "only one of them" in problems(API_KEYS="long-enough", API_KEYS_FILE=str(tmp_path / "keys"))


def test_help_lists_every_setting_with_its_default() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "inference_app", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    for name, field in zip(setting_names(), Settings.model_fields.values(), strict=True):
        assert name in shown
        assert str(field.description) in shown
    assert describe_settings() in shown
    assert "[7860]" in shown


def test_wrong_settings_end_the_program_before_it_starts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inference_app"],
        cwd=PROJECT,
        env=environment({"port": "http"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "INFERENCE_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_page_of_documentation_names_every_setting() -> None:
    page = (PROJECT / "docs/inference-app.md").read_text()
    missing = [name for name in setting_names() if f"`{name}`" not in page]
    assert not missing
