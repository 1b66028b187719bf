"""Text out of tokens as they come: whole characters only, and nothing of a stop sequence."""

from collections.abc import Sequence
from typing import Any

UNFINISHED = "\ufffd"  # what a decoder makes of a part of a character


class AnswerText:
    """Decodes one answer. What could still become a stop sequence is held back until it is clear."""

    def __init__(self, tokenizer: Any, stops: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._stops = stops
        self._tokens: list[int] = []
        self._clean = 0  # tokens whose text is whole
        self._held = ""
        self.stopped = False
        """Whether a stop sequence has come; nothing follows then."""

    def add(self, token: int) -> str:
        """The text that has become certain with this token."""
        self._tokens.append(token)
        # Decoded together with what came before: a token's text may depend on it (SentencePiece drops a first space).
        before = self._decode(self._tokens[max(0, self._clean - 4) : self._clean])
        whole = self._decode(self._tokens[max(0, self._clean - 4) :])
        if whole.endswith(UNFINISHED):
            return ""
        self._clean = len(self._tokens)
        return self._release(whole[len(before) :])

    def end(self) -> str:
        """What was held back when the answer ended for another reason than a stop sequence."""
        rest = self._decode(self._tokens[self._clean :]) if self._clean < len(self._tokens) else ""
        held = self._release(rest) + self._held if not self.stopped else ""
        self._held = ""
        return held

    def _release(self, text: str) -> str:
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped = True
            released, self._held = self._held[: min(places)], ""
            return released
        kept = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        released = self._held[: len(self._held) - kept]
        self._held = self._held[len(released) :]
        return released

    def _decode(self, tokens: Sequence[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _overlap(text: str, stop: str) -> int:
    """How many of the last characters of the text could be the first ones of the stop sequence."""
    longest = min(len(text), len(stop) - 1)
    return next((length for length in range(longest, 0, -1) if text.endswith(stop[:length])), 0)
