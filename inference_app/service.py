"""Answers: the one way from a wish to an engine, for the API and for the chat page alike."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from inference_app.account import Account
from inference_app.admission import Admission
from inference_app.catalogue import Catalogue, Model
from inference_app.deadlines import Deadlines
from inference_app.engines.contract import Event, Generation, Prompt, Sampling
from inference_app.errors import (
    ContextOverflowError,
    InferenceError,
    InvalidRequestError,
    NotReadyError,
    RequestTimeoutError,
)
from inference_app.limits import DEFAULT_MAX_TOKENS, DEFAULT_TEMPERATURE, DEFAULT_TOP_P
from inference_app.metrics import Metrics
from inference_app.traces import Traces

RETRY_AFTER_SECONDS = 1  # another replica answers


@dataclass(frozen=True)
class Wish:
    """One answer that somebody asks for; None leaves it to the model's defaults."""

    prompt: Prompt
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    """Zero and below: up to the end of the context."""
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    top_logprobs: int | None = None
    json_schema: Mapping[str, Any] | None = None


Part = tuple[int, Event]
"""The number of a wish, and what happened to its answer."""

T = TypeVar("T")


class InferenceService:
    """Models, places and the answers in progress."""

    def __init__(
        self,
        catalogue: Catalogue,
        admission: Admission,
        deadlines: Deadlines,
        metrics: Metrics,
        traces: Traces | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.admission = admission
        self.deadlines = deadlines
        self.metrics = metrics
        self.traces = traces or Traces(None)
        self.draining = False
        """True from SIGTERM on: not ready any more, though what has come is still answered."""

    async def answer(self, model: Model, wishes: Sequence[Wish]) -> AsyncGenerator[Part, None]:
        """Waits for a place and draws the answers there, one after the other.

        Closing the generator gives the place back at once. Raises `RequestTimeoutError` when the time is up.
        """
        deadline = self.deadlines.begin()
        account = Account(model, self.metrics, self.traces)
        try:
            self._refuse_unsupported(wishes)
            async with AsyncExitStack() as held:
                async with self.deadlines.until(deadline):
                    await held.enter_async_context(self.admission.place(model.id))
                account.admit()
                # What the name stands for may have changed while the request waited: template, defaults and weights
                # must be of one version.
                model = self.catalogue.model(model.id)
                for index, wish in enumerate(wishes):
                    events = self.catalogue.engine.generate(_generation(model, wish))
                    async with aclosing(events):
                        while (event := await self._next(events, deadline)) is not None:
                            account.note(event)
                            yield index, event
                account.succeed()
        except ContextOverflowError as error:
            error.param = "prompt" if isinstance(wishes[0].prompt, str) else "messages"
            account.fail(error.code)
            raise
        except InferenceError as error:
            account.fail(error.code)
            raise
        except TimeoutError as error:
            late = self._too_late()
            account.fail(late.code)
            raise late from error
        except Exception:
            account.fail("error")
            raise
        finally:
            account.close()

    async def _next(self, events: AsyncGenerator[Event, None], deadline: float) -> Event | None:
        async with self.deadlines.until(deadline):
            return await anext(events, None)

    def _too_late(self) -> InferenceError:
        if self.deadlines.stopped:
            return NotReadyError(
                "the server stops before the answer is there", code="stopping", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        return RequestTimeoutError(
            f"the answer was not there within {self.deadlines.seconds:g} seconds, waiting included"
        )

    async def tokenize(self, model: Model, prompt: Prompt) -> list[int]:
        """The tokens that a request with this prompt would begin with."""
        return await self.catalogue.engine.tokenize(model.description.render(prompt))

    def _refuse_unsupported(self, wishes: Sequence[Wish]) -> None:
        unsupported = self.catalogue.engine.unsupported
        for field, asked in (
            ("response_format", any(wish.json_schema is not None for wish in wishes)),
            ("logprobs", any(wish.top_logprobs is not None for wish in wishes)),
        ):
            if asked and field in unsupported:
                raise InvalidRequestError(f"{field} is not supported by the engine that serves here", param=field)


def _generation(model: Model, wish: Wish) -> Generation:
    defaults = model.description.defaults
    limit = _first(wish.max_tokens, defaults.max_tokens, DEFAULT_MAX_TOKENS)
    sampling = Sampling(
        max_tokens=limit if limit > 0 else None,
        temperature=_first(wish.temperature, defaults.temperature, DEFAULT_TEMPERATURE),
        top_p=_first(wish.top_p, defaults.top_p, DEFAULT_TOP_P),
        top_k=wish.top_k if wish.top_k is not None else defaults.top_k,
        stop=_first(wish.stop, defaults.stop, ()),
        seed=wish.seed,
        presence_penalty=wish.presence_penalty,
        frequency_penalty=wish.frequency_penalty,
        top_logprobs=wish.top_logprobs,
        json_schema=wish.json_schema,
    )
    return Generation(model.description.render(wish.prompt), sampling, model.id if model.base else None)


def _first(wished: T | None, default: T | None, otherwise: T) -> T:
    return next((value for value in (wished, default) if value is not None), otherwise)
