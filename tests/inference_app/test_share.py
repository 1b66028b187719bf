"""What is found on the share, and when it may be used."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from inference_app.errors import NotReadyError
from inference_app.share import SETTLE_SECONDS, Share
from tests.inference_app.shares import ADAPTER_FOLDER, BASE, make_adapter, make_share


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_share(tmp_path)


def names(share: Share) -> list[str]:
    return [adapter.files.name for adapter in share.adapters(BASE).adapters]


def reasons(share: Share) -> dict[str, str]:
    return {item.path: item.reason for item in share.adapters(BASE).unusable}


def test_the_originals_layout_is_served_as_it_is(root: Path) -> None:
    """No serving.json: the adapter's name is its path."""
    make_adapter(root / ADAPTER_FOLDER)
    share = Share(root)
    assert share.base(None).id == BASE
    assert names(share) == ["qlora/qlora/gpu_model/adapter"]


def test_a_base_model_is_waited_for_by_name(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"waiting for a base model in .*model-cache/ORG/NAME"):
        Share(tmp_path).base(None)
    make_share(tmp_path)
    make_share(tmp_path, "another/model")
    with pytest.raises(NotReadyError, match=f"INFERENCE_BASE_MODEL to one of {BASE}, another/model"):
        Share(tmp_path).base(None)
    assert Share(tmp_path).base("another/model").id == "another/model"
    with pytest.raises(NotReadyError, match=r"there is no folder .*/model-cache/no/such"):
        Share(tmp_path).base("no/such")


def test_a_base_model_that_is_being_written_is_waited_for(root: Path) -> None:
    clock = Clock()
    share = Share(root, clock)
    file = root / "model-cache" / BASE / "model.gguf"
    os.utime(file, (clock.now, clock.now))
    with pytest.raises(NotReadyError, match="was written a moment ago"):
        share.base(None)
    clock.now += SETTLE_SECONDS
    assert share.base(None).id == BASE


def test_a_share_whose_clock_runs_ahead_is_used_after_a_while(root: Path) -> None:
    clock = Clock()
    share = Share(root, clock)
    file = root / "model-cache" / BASE / "model.gguf"
    os.utime(file, (clock.now + 9999, clock.now + 9999))
    with pytest.raises(NotReadyError):
        share.base(None)
    clock.now += SETTLE_SECONDS
    assert share.base(None).id == BASE


def test_an_adapter_is_used_when_it_has_settled_and_forgotten_when_it_is_gone(root: Path) -> None:
    clock = Clock()
    share = Share(root, clock)
    folder = make_adapter(root / ADAPTER_FOLDER, name="tone")
    os.utime(folder / "adapter_model.safetensors", (clock.now, clock.now))
    assert names(share) == []
    assert share.adapters(BASE).unsettled == (ADAPTER_FOLDER,)
    clock.now += SETTLE_SECONDS
    assert names(share) == ["tone"]
    shutil.rmtree(folder)
    assert names(share) == []


def test_an_adapter_stays_as_it_was_while_it_is_written_anew(root: Path) -> None:
    clock = Clock()
    share = Share(root, clock)
    folder = make_adapter(root / ADAPTER_FOLDER, name="tone")
    (before,) = share.adapters(BASE).adapters
    (folder / "adapter_model.safetensors").write_bytes(b"half")
    (folder / "adapter_config.json").write_text("{")
    assert share.adapters(BASE).adapters == (before,)
    assert share.adapters(BASE).unsettled == ()
    clock.now += SETTLE_SECONDS + 1
    assert names(share) == []
    assert "adapter_config.json cannot be read" in reasons(share)[ADAPTER_FOLDER]
    make_adapter(folder, name="tone", rank=3)
    (after,) = share.adapters(BASE).adapters
    assert after.files.fingerprint != before.files.fingerprint


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"adapter_config.json": '{"peft_type": 3}'}, "it must name a method of PEFT"),
        ({"adapter_config.json": "[]"}, "must hold a JSON object"),
        ({"adapter_config.json": "[" * 100_000}, "cannot be read"),
        ({"adapter_config.json": " " * 2_000_000}, "larger than"),
        ({"adapter_config.json": "\udcff"}, "cannot be read"),
        ({"adapter_model.safetensors": None}, "adapter_model.safetensors is missing"),
        ({"serving.json": "{"}, "serving.json cannot be read"),
        ({"serving.json": '{"nmae": "x"}'}, "nmae: Extra inputs are not permitted"),
        ({"serving.json": '{"name": "../x"}'}, "name: String should match pattern"),
        ({"serving.json": '{"defaults": {"temperature": 9}}'}, "defaults.temperature"),
        ({"serving.json": '{"prompt_template": "no place"}'}, "exactly once"),
        ({"serving.json": '{"prompt_template": "{} {}"}'}, "exactly once"),
        ({"serving.json": '{"defaults": {"stop": [""]}}'}, "defaults.stop"),
    ],
)
def test_an_adapter_that_cannot_be_used_says_why_and_disturbs_nobody(
    root: Path, files: dict[str, str | None], reason: str
) -> None:
    make_adapter(root / "models/good", name="good")
    bad = make_adapter(root / "models/bad")
    for name, content in files.items():
        if content is None:
            (bad / name).unlink()
        else:
            (bad / name).write_bytes(content.encode(errors="surrogateescape"))
            os.utime(bad / name, (0, 0))
    share = Share(root)
    assert names(share) == ["good"]
    assert reason in reasons(share)["models/bad"]


def test_a_name_that_two_claim_names_neither(root: Path) -> None:
    make_adapter(root / "models/a", name="tone")
    make_adapter(root / "models/b", name="tone")
    make_adapter(root / "models/c", name=BASE)
    make_adapter(root / "models/d")
    share = Share(root)
    assert names(share) == ["d"]
    assert reasons(share) == {
        "models/a": "models/b claims the name tone too",
        "models/b": "models/a claims the name tone too",
        "models/c": "the base model has this name",
    }


def test_a_share_that_cannot_be_read_is_not_a_share_without_adapters(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_adapter(root / ADAPTER_FOLDER, name="tone")
    share = Share(root)
    assert names(share) == ["tone"]

    def lost(path: object) -> None:
        raise OSError("the share is not reachable")

    monkeypatch.setattr(os, "scandir", lost)
    with pytest.raises(OSError, match="not reachable"):
        share.adapters(BASE)


def test_descriptions_are_read_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at the share must cost next to nothing, on a network."""
    make_adapter(root / ADAPTER_FOLDER, name="tone")
    share = Share(root)
    assert names(share) == ["tone"]

    def unexpected(text: str) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(json, "loads", unexpected)
    assert names(share) == ["tone"]
