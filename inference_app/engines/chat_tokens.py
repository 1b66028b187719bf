"""From a prompt to tokens, by the tokenizer and the chat template in a model's folder."""

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from inference_app.engines.contract import Prompt
from inference_app.errors import ContextOverflowError, EngineError, InvalidRequestError

BYTE = re.compile(r"<0x([0-9A-F]{2})>")
MARK = "\u2581"  # how SentencePiece writes a space


class ChatTokens:
    """A tokenizer, safe to share between threads that only read."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab()
        self._byte_level = any(piece.startswith("\u0120") for piece in vocabulary)  # how byte-level BPE writes a space

    @classmethod
    def load(cls, folder: Path) -> "ChatTokens":
        """Reads the folder, with its chat_template.jinja if it has one; blocks. `EngineError`: it cannot be used."""
        try:
            return cls(
                importlib.import_module("transformers").AutoTokenizer.from_pretrained(folder, local_files_only=True)
            )
        except Exception as error:  # the library raises whatever its parsers raise
            raise EngineError(f"the tokenizer in {folder} cannot be loaded: {error}") from error

    def read(self, prompt: Prompt) -> list[int]:
        """The prompt's tokens; a conversation goes through the model's own chat template."""
        if isinstance(prompt, str):
            return list(self.tokenizer(prompt)["input_ids"])
        messages = [{"role": turn.role, "content": turn.content} for turn in prompt]
        if self.tokenizer.chat_template is None:
            raise InvalidRequestError("this model has no chat template; ask /v1/completions", param="messages")
        try:
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # templates refuse conversations by raising, in words of their own
            raise InvalidRequestError(f"the chat template refuses: {error}", param="messages") from error
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def read_within(self, prompt: Prompt, context_tokens: int) -> list[int]:
        """The tokens of a prompt that leaves room for an answer; `ContextOverflowError` otherwise."""
        tokens = self.read(prompt)
        if not tokens:
            raise InvalidRequestError("the prompt is empty", param="prompt")
        if len(tokens) >= context_tokens:
            raise ContextOverflowError(f"the prompt has {len(tokens)} tokens, the context only {context_tokens}")
        return tokens

    def token(self, number: int) -> tuple[str, bytes]:
        """A token as text, with replacement characters for parts of characters, and its very bytes."""
        piece = self.tokenizer.convert_ids_to_tokens(number) or ""
        found = BYTE.fullmatch(piece)
        if found:
            utf8 = bytes([int(found[1], 16)])
        elif self._byte_level and all(character in _byte_of() for character in piece):
            utf8 = bytes(_byte_of()[character] for character in piece)
        else:
            utf8 = piece.replace(MARK, " ").encode()
        return utf8.decode(errors="replace"), utf8


@cache
def _byte_of() -> dict[str, int]:
    """The printable characters by which byte-level BPE (GPT-2) writes the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}
