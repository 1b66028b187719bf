"""What a folder holds: a base model, a LoRA adapter, or neither; and where fine-tuning would leave it on the share."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from operations.errors import OperationError

MODEL_CACHE: Final = "model-cache"
ADAPTERS: Final = "models/qlora/qlora"
"""Fine-tuning leaves base models at `model-cache/ORG/NAME`, adapters at `models/qlora/qlora/NAME/adapter`."""
DEFAULT_ADAPTER: Final = "gpu_model"
_MODEL_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_ADAPTER_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*")
_LFS_POINTER: Final = b"version https://git-lfs"
_WEIGHTS: Final = (".safetensors", ".bin", ".gguf", ".pt")


class Kind(StrEnum):
    """What is uploaded."""

    MODEL = "base model"
    ADAPTER = "adapter"


@dataclass(frozen=True)
class Found:
    """A model or adapter of this machine, its files by path in it, and where it goes."""

    kind: Kind
    files: dict[str, Path]
    remote: str
    """Folder on the share."""
    total_bytes: int
    base: str | None = None
    """Name of the base model that an adapter was trained on, as its configuration says."""


def recognise(local: Path, name: str | None = None) -> Found:
    """The model or adapter in this folder (or this one *.gguf file).

    Raises:
        OperationError: it is neither, or not whole, or has no name that the share's layout could carry; says why.
    """
    files = _files(local)
    if "adapter_config.json" in files:
        return _adapter(local, files, name)
    if local.is_file() or any(path.endswith(".gguf") for path in files):
        return _model(local, files, name)
    if "config.json" in files:
        _check_transformers(local, files)
        return _model(local, files, name)
    nested = sorted(path for path in files if path.endswith(("/adapter_config.json", "/config.json")))
    hint = f"; did you mean {local / Path(nested[0]).parent}?" if nested else ""
    raise OperationError(
        f"{local} is no base model (no config.json, no *.gguf) and no adapter (no adapter_config.json){hint}"
    )


def _adapter(local: Path, files: dict[str, Path], name: str | None) -> Found:
    described = _json(files["adapter_config.json"])
    if str(described.get("peft_type", "LORA")).upper() != "LORA":
        raise OperationError(f"{local} is a {described['peft_type']} adapter; only LoRA adapters can be served")
    if not {"adapter_model.safetensors", "adapter_model.bin"} & files.keys():
        raise OperationError(
            f"{local} has an adapter_config.json but no adapter_model.safetensors: the training did not finish, or its"
            " weights are somewhere else"
        )
    wanted = name or (local.parent.name if local.name == "adapter" else local.name)
    wanted = wanted if name or _ADAPTER_NAME.fullmatch(wanted) else DEFAULT_ADAPTER
    if not _ADAPTER_NAME.fullmatch(wanted):
        raise OperationError(f"{wanted!r} cannot be an adapter's name: letters, digits, `.`, `_` and `-` only")
    base = described.get("base_model_name_or_path")
    return Found(Kind.ADAPTER, files, f"{ADAPTERS}/{wanted}/adapter", _size(files), str(base) if base else None)


def _model(local: Path, files: dict[str, Path], name: str | None) -> Found:
    folder = local.parent if local.is_file() else local
    wanted = name or f"{folder.absolute().parent.name}/{folder.absolute().name}"
    if not _MODEL_NAME.fullmatch(wanted):
        raise OperationError(f"{wanted!r} cannot be a model's name: give `--name ORG/NAME`")
    return Found(Kind.MODEL, files, f"{MODEL_CACHE}/{wanted}", _size(files))


def _check_transformers(local: Path, files: dict[str, Path]) -> None:
    if "model_type" not in _json(files["config.json"]):
        raise OperationError(f"{local / 'config.json'} names no model_type: it is not the configuration of a model")
    index = next((path for path in files if path.endswith(".index.json")), None)
    if index is not None:
        parts = set(map(str, _json(files[index]).get("weight_map", {}).values()))
        if missing := sorted(parts - files.keys()):
            raise OperationError(f"{local} is not whole: {index} names {missing[0]}, which is missing")
    if not any(path.endswith(_WEIGHTS) for path in files):
        raise OperationError(f"{local} holds no weights (*.safetensors): the download did not finish")
    if not any(Path(path).name.startswith(("tokenizer", "vocab", "spiece")) for path in files):
        raise OperationError(f"{local} holds no tokenizer (tokenizer.json or tokenizer.model)")


def _files(local: Path) -> dict[str, Path]:
    if local.is_file():
        if local.suffix != ".gguf":
            raise OperationError(f"{local} is one file, but no *.gguf: give the folder of the model")
        _check_gguf(local)
        return {local.name: local}
    if not local.is_dir():
        raise OperationError(f"{local} does not exist")
    files: dict[str, Path] = {}
    for path in sorted(local.rglob("*")):
        relative = path.relative_to(local)
        # Hidden files are a download's book-keeping (.cache, .git), checkpoints a training's.
        if path.is_file() and not any(part.startswith((".", "checkpoint-")) for part in relative.parts):
            files[relative.as_posix()] = path
            if path.suffix == ".gguf":
                _check_gguf(path)
            if path.suffix == ".safetensors":
                _check_safetensors(path)
    if not files:
        raise OperationError(f"{local} is empty")
    return files


def _check_gguf(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise OperationError(f"{path} is no GGUF file: it does not begin like one; was it downloaded whole?")


def _check_safetensors(path: Path) -> None:
    """The header's length and JSON, and that the last tensor ends where the file does."""
    size = path.stat().st_size
    with path.open("rb") as file:
        pointer = file.read(len(_LFS_POINTER)) == _LFS_POINTER
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        try:
            header: dict[str, Any] = json.loads(file.read(length)) if length < size else {}
            ends = [item["data_offsets"][1] for key, item in header.items() if key != "__metadata__"]
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            ends = []
    if 8 + length + max(ends, default=0) != size or not ends:
        hint = " (it is a git-lfs pointer: run `git lfs pull`)" if pointer else ""
        raise OperationError(f"{path} is not a whole safetensors file{hint}; get it again")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OperationError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise OperationError(f"{path} is not a JSON object")
    return content


def _size(files: dict[str, Path]) -> int:
    return sum(path.stat().st_size for path in files.values())
