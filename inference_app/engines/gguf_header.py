"""Reads what the header of a GGUF file says, in milliseconds.

The `gguf` package's reader takes over two seconds for the vocabulary of a small model, which is a multiple of the
whole model load. Format: ggml's docs/gguf.md, versions 2 and 3, little endian.
"""

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from inference_app.errors import EngineError

MAGIC = b"GGUF"
STRING, ARRAY = 8, 9
# Value type -> struct format; strings and arrays are read apart.
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
MAX_DIMENSIONS = 4


@dataclass(frozen=True)
class GgufHeader:
    """Scalars and strings of the metadata (arrays are skipped) and the shape of each tensor."""

    metadata: dict[str, int | float | bool | str] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Tensor name -> dimensions, the contiguous one first (for a linear layer: inputs, outputs)."""

    @property
    def architecture(self) -> str:
        """The family of models, such as `llama`."""
        return str(self.metadata.get("general.architecture", ""))

    def integer(self, key: str) -> int | None:
        """A number of this architecture, such as `attention.head_count`; None when the file does not have it."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        return value if isinstance(value, int) else None


def read_gguf_header(path: Path) -> GgufHeader:
    """The header of the file; `EngineError` when it is not one, or not all of it is there."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:4] != MAGIC:
                raise EngineError(f"{path} is not a GGUF file: it does not begin with {MAGIC.decode()}")
            return _Reader(data).header()
    except (OSError, struct.error, LookupError, ValueError, OverflowError) as error:
        raise EngineError(f"the header of {path} is broken or not complete: {error}") from error


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self.data = data
        self.position = 4

    def header(self) -> GgufHeader:
        version = self.number("I")
        if version not in (2, 3):
            raise ValueError(f"GGUF version {version} is not known")
        tensors, entries = self.number("Q"), self.number("Q")
        metadata = {key: value for key, value in self.entries(entries) if value is not None}
        return GgufHeader(metadata, dict(self.tensor() for _ in range(tensors)))

    def entries(self, count: int) -> Iterator[tuple[str, int | float | bool | str | None]]:
        for _ in range(count):
            key = self.string()
            yield key, self.value(self.number("I"))

    def value(self, kind: int) -> int | float | bool | str | None:
        if kind == STRING:
            return self.string()
        if kind == ARRAY:
            self.skip_array()
            return None
        return self.number(SCALARS[kind])

    def skip_array(self) -> None:
        kind, count = self.number("I"), self.number("Q")
        if kind in SCALARS:
            self.position += count * struct.calcsize(SCALARS[kind])
            return
        if kind != STRING:
            raise ValueError("arrays of arrays are not known")
        length, data, position = struct.Struct("<Q").unpack_from, self.data, self.position
        for _ in range(count):  # once per word of the vocabulary: this loop is what takes the time
            position += 8 + length(data, position)[0]
        self.position = position

    def tensor(self) -> tuple[str, tuple[int, ...]]:
        name, dimensions = self.string(), self.number("I")
        if dimensions > MAX_DIMENSIONS:
            raise ValueError(f"tensor {name} has {dimensions} dimensions")
        shape = tuple(self.number("Q") for _ in range(dimensions))
        self.position += 4 + 8  # element type, offset
        return name, shape

    def string(self) -> str:
        length = self.number("Q")
        start, self.position = self.position, self.position + length
        if self.position > len(self.data):
            raise ValueError("a string reaches past the end of the file")
        return self.data[start : self.position].decode()

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(f"<{form}", self.data, self.position)
        self.position += struct.calcsize(form)
        return value
