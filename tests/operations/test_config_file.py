"""The configuration file: what is written can be read, and what a person wrote wrongly is explained at once."""

import json
import stat
from pathlib import Path

import pytest

from operations import config_file
from operations.config_file import InferenceConfig
from operations.errors import ConfigFileError

KEYS = {
    "SUBSCRIPTION_ID": "7b2f",
    "RESOURCE_GROUP_NAME": "group",
    "STORAGE_ACCOUNT_NAME": "account",
    "FILE_SHARE_NAME": "share",
    "ACA_APP_NAME": "app",
    "ACA_APP_ENDPOINT": "app.region.azurecontainerapps.io",
}


def written(folder: Path, content: object) -> Path:
    path = folder / "inference.config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def message_for(folder: Path, content: object) -> str:
    with pytest.raises(ConfigFileError) as caught:
        config_file.read(written(folder, content))
    return str(caught.value)


def test_what_is_written_has_the_six_keys_and_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "infra/inference.config.json"
    config = InferenceConfig.model_validate(KEYS)
    config_file.write(path, config)
    assert json.loads(path.read_text()) == KEYS
    assert config_file.read(path) == config
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_a_file_written_by_hand_on_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "inference.config.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(KEYS).encode().replace(b", ", b",\r\n"))
    assert config_file.read(path).file_share_name == "share"


def test_every_problem_is_named_at_once_with_its_key_and_what_belongs_there(tmp_path: Path) -> None:
    wrong = {**KEYS, "FILE_SHARE_NAME": None, "ACA_APP_NAM": "app", "RESOURCE_GROUP_NAME": 7}
    del wrong["ACA_APP_NAME"]
    message = message_for(tmp_path, wrong)
    assert "FILE_SHARE_NAME (file share with models, adapters and code): null" in message
    assert "ACA_APP_NAME (name of the Container App): missing" in message
    assert "ACA_APP_NAM: no such key; did you mean ACA_APP_NAME?" in message
    assert "RESOURCE_GROUP_NAME" in message
    assert "it is 7" in message


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"text"', '{"SUBSCRIPTION_ID": {}}'])
def test_anything_else_is_refused_with_the_path_of_the_file(tmp_path: Path, content: str) -> None:
    assert "inference.config.json" in message_for(tmp_path, content)


def test_a_missing_file_says_what_would_write_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="pulumi up"):
        config_file.read(tmp_path / "inference.config.json")


def test_a_failed_write_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    config_file.write_atomically(path, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        config_file.write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_only_the_owner_may_read_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    config_file.write_atomically(path, "text")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
