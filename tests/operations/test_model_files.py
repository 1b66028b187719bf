"""What is taken for a model or adapter, where it goes, and why anything else is refused."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from operations.errors import OperationError
from operations.model_files import Kind, recognise
from tests.workspace import PROJECT

MODEL = {"config.json": '{"model_type": "llama"}', "tokenizer.json": "{}"}


def safetensors(length: int = 8) -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, length]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(length)


def folder(root: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def model(root: Path, **changes: str | bytes | None) -> Path:
    files: dict[str, Any] = {**MODEL, "model.safetensors": safetensors(), **changes}
    return folder(root, **{name: content for name, content in files.items() if content is not None})


def test_a_base_model_goes_where_fine_tuning_leaves_it(tmp_path: Path) -> None:
    found = recognise(model(tmp_path / "model-cache/microsoft/Phi-3", **{".cache/x.lock": "", "sub/extra.txt": "x"}))
    assert (found.kind, found.remote) == (Kind.MODEL, "model-cache/microsoft/Phi-3")
    assert set(found.files) == {"config.json", "tokenizer.json", "model.safetensors", "sub/extra.txt"}
    assert found.total_bytes == sum(path.stat().st_size for path in found.files.values())
    assert recognise(tmp_path / "model-cache/microsoft/Phi-3", "org/other").remote == "model-cache/org/other"


def test_one_gguf_file_or_a_folder_with_one(tmp_path: Path) -> None:
    file = folder(tmp_path / "org/name", **{"model.gguf": b"GGUF" + bytes(9)}) / "model.gguf"
    assert recognise(file).remote == recognise(file.parent).remote == "model-cache/org/name"


def test_an_adapter_is_named_by_its_folder(tmp_path: Path) -> None:
    found = recognise(PROJECT / "examples/tone/adapter")
    assert (found.kind, found.remote) == (Kind.ADAPTER, "models/qlora/qlora/tone/adapter")
    assert found.base == "HuggingFaceTB/SmolLM2-135M-Instruct"
    named = folder(tmp_path / "mine", **{"adapter_config.json": "{}", "adapter_model.safetensors": safetensors()})
    assert recognise(named).remote == "models/qlora/qlora/mine/adapter"
    assert recognise(named, "yours").remote == "models/qlora/qlora/yours/adapter"
    assert "checkpoint-5/x" not in recognise(folder(named, **{"checkpoint-5/x": "y"})).files


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"config.json": None}, "no base model .* and no adapter"),
        ({"config.json": "{}"}, "names no model_type"),
        ({"config.json": "{"}, "is not JSON"),
        ({"config.json": "[]"}, "is not a JSON object"),
        ({"model.safetensors": None}, "holds no weights"),
        ({"tokenizer.json": None}, "holds no tokenizer"),
        ({"model.safetensors": safetensors()[:-1]}, "not a whole safetensors file"),
        ({"model.safetensors": b"version https://git-lfs.github.com/spec/v1\noid"}, "git-lfs pointer"),
        ({"model.safetensors": b""}, "not a whole safetensors file"),
        (
            {"model.safetensors.index.json": '{"weight_map": {"a": "model-2.safetensors"}}'},
            "names model-2.safetensors, which is missing",
        ),
        ({"model.gguf": b"<html>"}, "is no GGUF file"),
    ],
)
def test_what_is_no_whole_model_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(OperationError, match=words):
        recognise(model(tmp_path / "org/name", **changes))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"adapter_config.json": "{}"}, "no adapter_model.safetensors"),
        ({"adapter_config.json": '{"peft_type": "IA3"}', "adapter_model.bin": "x"}, "only LoRA"),
    ],
)
def test_what_is_no_whole_adapter_is_refused(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(OperationError, match=words):
        recognise(folder(tmp_path / "mine", **files))


def test_other_places_are_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="does not exist"):
        recognise(tmp_path / "nothing")
    with pytest.raises(OperationError, match="is empty"):
        recognise(tmp_path)
    with pytest.raises(OperationError, match=r"no \*\.gguf"):
        recognise(folder(tmp_path / "a", **{"readme.md": ""}) / "readme.md")
    nested = model(tmp_path / "outer/org/name").parent.parent
    with pytest.raises(OperationError, match=f"did you mean {nested}/org/name"):
        recognise(nested)
    with pytest.raises(OperationError, match="cannot be a model's name"):
        recognise(model(tmp_path / "x/y"), "only-one-part")
    with pytest.raises(OperationError, match="cannot be an adapter's name"):
        recognise(PROJECT / "examples/tone/adapter", "a/b")
