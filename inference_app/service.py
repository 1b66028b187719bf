"""Answers: the one way from a wish to an engine, for the API and for the chat page alike."""

import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from inference_app.admission import Admission
from inference_app.catalogue import Catalogue, Model
from inference_app.engines.contract import Event, Finish, Generation, Sampling, Turn
from inference_app.errors import InferenceError
from inference_app.limits import DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE, DEFAULT_TOP_P
from inference_app.logs import log


@dataclass(frozen=True)
class Wish:
    """What somebody asks for; None leaves it to the model's defaults."""

    messages: tuple[Turn, ...]
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    """Zero and below: up to the end of the context."""
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


N = TypeVar("N", int, float)


class InferenceService:
    """Models, places and the answers in progress."""

    def __init__(self, catalogue: Catalogue, admission: Admission) -> None:
        self.catalogue = catalogue
        self.admission = admission
        self.draining = False
        """True from SIGTERM on: not ready any more, though what has come is still answered."""

    async def answer(self, model: Model, wish: Wish) -> AsyncGenerator[Event, None]:
        """Waits for a place and draws the answer; closing the generator gives the place back at once."""
        account = _Account(model)
        try:
            async with self.admission.place():
                account.admitted = time.monotonic()
                async with aclosing(self.catalogue.engine.generate(_generation(model, wish))) as events:
                    async for event in events:
                        account.note(event)
                        yield event
        except InferenceError as error:
            account.outcome = error.code
            raise
        except Exception:
            account.outcome = "error"
            raise
        finally:
            account.close()


class _Account:
    """What is logged of one answer: counts and times, never text."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.began = time.monotonic()
        self.admitted: float | None = None
        self.first: float | None = None
        self.finish: Finish | None = None
        self.outcome = "cancelled"

    def note(self, event: Event) -> None:
        if isinstance(event, Finish):
            self.finish, self.outcome = event, "ok"
        elif self.first is None:
            self.first = time.monotonic()

    def close(self) -> None:
        finish = self.finish
        log(
            "answer",
            logging.ERROR if self.outcome in ("error", "engine_failed") else logging.INFO,
            exc_info=self.outcome == "error",
            model=self.model.base or self.model.id,
            adapter=self.model.id if self.model.base else None,
            outcome=self.outcome,
            finish_reason=finish.reason if finish else None,
            prompt_tokens=finish.prompt_tokens if finish else None,
            completion_tokens=finish.completion_tokens if finish else None,
            queue_ms=self._milliseconds(self.admitted),
            first_token_ms=self._milliseconds(self.first),
            duration_ms=self._milliseconds(time.monotonic()),
        )

    def _milliseconds(self, moment: float | None) -> int | None:
        return None if moment is None else round((moment - self.began) * 1000)


def _generation(model: Model, wish: Wish) -> Generation:
    defaults = model.defaults
    limit = _first(wish.max_tokens, defaults.max_tokens, DEFAULT_MAX_TOKENS)
    sampling = Sampling(
        max_tokens=limit if limit > 0 else None,
        temperature=_first(wish.temperature, defaults.temperature, DEFAULT_TEMPERATURE),
        top_p=_first(wish.top_p, defaults.top_p, DEFAULT_TOP_P),
        top_k=wish.top_k if wish.top_k is not None else defaults.top_k,
        stop=wish.stop,
        seed=wish.seed,
        presence_penalty=wish.presence_penalty or 0.0,
        frequency_penalty=wish.frequency_penalty or 0.0,
    )
    return Generation(wish.messages, sampling, model.id if model.base else None)


def _first(wished: N | None, default: N | None, otherwise: N) -> N:
    return next((value for value in (wished, default) if value is not None), otherwise)
