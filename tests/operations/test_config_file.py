"""The configuration file: what is written can be read, and what a person wrote wrongly is explained at once."""

import json
import stat
import threading
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
    assert "RESOURCE_GROUP_NAME (resource group that holds the resources below): must be a text" in message
    assert "it is 7" in message
    assert message.count("\n  - ") == 4


BAD: list[tuple[str, str, list[str]]] = [
    ("", "", ["is empty"]),
    ("{", ":1", ["is not JSON"]),
    ("[]", ":1", ["must be an object with the keys SUBSCRIPTION_ID", "[]"]),
    ("null", ":1", ["must be an object"]),
    ('"text"', ":1", ["must be an object"]),
    (json.dumps({**KEYS, "ACA_APP_NAME": {}}, indent=2), ":6", ["ACA_APP_NAME", "a text that is not empty", "{}"]),
    (json.dumps({**KEYS, "ACA_APP_NAME": 7}, indent=2), ":6", ["ACA_APP_NAME", "a text that is not empty", "7"]),
    (json.dumps({**KEYS, "ACA_APP_NAME": " "}, indent=2), ":6", ["ACA_APP_NAME", "a text that is not empty"]),
    (json.dumps({**KEYS, "ACA_APP_NAME": None, "x": 1}, indent=2), ":6", ["null; nothing is provisioned yet"]),
    (json.dumps({**KEYS, "ACA_APP_NAME": "<your-aca-name>"}, indent=2), ":6", ["placeholder", "<your-aca-name>"]),
    (json.dumps({**KEYS, "ACA_JOB_NAME": "x"}, indent=2), ":8", ["no such key; did you mean ACA_APP_NAME?"]),
    (json.dumps({**KEYS, "zzz": "x"}, indent=2), ":8", ["no such key; remove it"]),
    ('{\n"ACA_APP_NAME": "a",\n"ACA_APP_NAME": "b"}', ":3", ["ACA_APP_NAME stands twice, first in line 2"]),
    ('{\n"ACA_APP_NAME": "a",\n}', ":2", ["a comma stands before the closing bracket"]),
    ('{\n// mine\n"ACA_APP_NAME": "a"}', ":2", ["JSON knows no comments"]),
]


@pytest.mark.parametrize(("content", "line", "says"), BAD)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, content: str, line: str, says: list[str]) -> None:
    message = message_for(tmp_path, content)
    assert f"inference.config.json{line}: " in message
    assert [text for text in says if text not in message] == []


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "inference.config.json"
    path.write_bytes(json.dumps(KEYS).encode("utf-16"))
    with pytest.raises(ConfigFileError, match=r"inference\.config\.json: .*UTF-16; save it as UTF-8"):
        config_file.read(path)


def test_a_missing_file_says_what_would_write_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="aca-inference provision"):
        config_file.read(tmp_path / "inference.config.json")


def test_the_template_s_own_file_is_told_in_one_line(tmp_path: Path) -> None:
    """As the AI Toolkit generates it: every value null."""
    message = message_for(tmp_path, json.dumps(dict.fromkeys(KEYS)))
    assert "\n" not in message
    assert "nothing is provisioned yet; `aca-inference provision`" in message


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


def test_a_reader_never_sees_a_part(tmp_path: Path) -> None:
    """Every read during a thousand writes gives one whole configuration or the other."""
    path = tmp_path / "inference.config.json"
    configs = [InferenceConfig.model_validate({**KEYS, "ACA_APP_NAME": name * 1000}) for name in ("a", "b")]
    config_file.write(path, configs[0])
    seen: list[InferenceConfig] = []
    done = threading.Event()

    def reading() -> None:
        while not done.is_set():
            seen.append(config_file.read(path))

    reader = threading.Thread(target=reading)
    reader.start()
    for number in range(1000):
        config_file.write(path, configs[number % 2])
    done.set()
    reader.join()
    assert len(seen) > 10
    assert all(config in configs for config in seen)


def test_only_the_owner_may_read_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    config_file.write_atomically(path, "text")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
