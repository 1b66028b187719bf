"""A project of the test's own in the current folder, whose stack file is given to the program as Pulumi gives it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from stack.settings import Settings, load, parameters

PREFIX = "aca-inference:"
Load = Callable[[], Settings]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the current one, for a stack called dev."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PULUMI_OPTION_CONFIG_FILE", raising=False)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    return tmp_path


@pytest.fixture
def load_settings(project: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Loads the settings of the stack dev from the files that are in the project."""

    def load_settings() -> Settings:
        config = yaml.safe_load((project / "Pulumi.dev.yaml").read_text(encoding="utf-8"))["config"]
        values = {key: _text(_decrypted(value)) for key, value in config.items()}
        secret = [key for key, value in config.items() if _is_secret(value)]
        monkeypatch.setattr(pulumi.runtime.config, "CONFIG", _Held(values))
        monkeypatch.setattr(pulumi.runtime.config, "_SECRET_KEYS", _Held(set(secret)))
        return load()

    return load_settings


def write_stack_file(project: Path, settings: str) -> None:
    """`Pulumi.dev.yaml` with these lines, each with the project's prefix where it has no indentation."""
    lines = [line if line.startswith((" ", "-", "#")) else f"{PREFIX}{line}" for line in settings.splitlines()]
    text = "".join(f"  {line}\n" for line in lines)
    (project / "Pulumi.dev.yaml").write_text(f"config:\n{text}", encoding="utf-8")


def write_parameters(project: Path, content: str | bytes) -> None:
    """The AI Toolkit's parameter file."""
    path = project / parameters.PARAMETERS_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


class _Held:
    """Stands for the context variable in which Pulumi keeps its configuration."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def get(self) -> Any:
        return self._value


def _text(value: Any) -> str:
    """How Pulumi hands a value of a stack file to a program (seen with 3.259): everything is text."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _decrypted(value: Any) -> Any:
    """Encrypted values as the program gets them; here they are only marked, not encrypted."""
    if isinstance(value, dict):
        return value["secure"] if "secure" in value else {key: _decrypted(item) for key, item in value.items()}
    return value


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and ("secure" in value or any(map(_is_secret, value.values())))
