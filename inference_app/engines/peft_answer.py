"""Drawing one answer with transformers, token by token."""

import importlib
import threading
from collections.abc import Callable
from typing import Any

from inference_app.engines.answer_text import AnswerText
from inference_app.engines.chat_tokens import ChatTokens
from inference_app.engines.contract import Event, Finish, Sampling, Text, TokenLogprob

torch: Any = importlib.import_module("torch")
transformers: Any = importlib.import_module("transformers")

Tell = Callable[[Event], None]
LEAST_TEMPERATURE = 1e-3  # below it, dividing by the temperature overflows


def draw(
    model: Any,
    tokens: ChatTokens,
    prompt: list[int],
    sampling: Sampling,
    context_tokens: int,
    gone: threading.Event,
    tell: Tell,
) -> None:
    """Tells the pieces of the answer and its end; blocks until then, or until `gone` is set."""
    room = context_tokens - len(prompt)
    ends = model.generation_config.eos_token_id
    answer = _Answer(tokens, sampling, len(prompt), set(ends if isinstance(ends, list) else [ends]), gone, tell)
    greedy = sampling.temperature < LEAST_TEMPERATURE
    # Nobody else draws meanwhile, so the one source of chance belongs to this answer.
    if sampling.seed is not None:
        torch.manual_seed(sampling.seed)
    else:
        torch.seed()
    ids = torch.tensor([prompt], device=model.device)
    with torch.inference_mode():
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=min(sampling.max_tokens or room, room),
            do_sample=not greedy,
            temperature=None if greedy else sampling.temperature,
            top_p=None if greedy else sampling.top_p,
            top_k=None if greedy else sampling.top_k or 0,
            logits_processor=transformers.LogitsProcessorList([answer]),
            stopping_criteria=transformers.StoppingCriteriaList([answer.is_over]),
            streamer=answer,
        )
    if not gone.is_set():
        answer.finish()


class _Answer:
    """A logits processor and a streamer in one: makes pieces of the scores before each token and the token itself."""

    def __init__(
        self,
        tokens: ChatTokens,
        sampling: Sampling,
        prompt_tokens: int,
        ends: set[int],
        gone: threading.Event,
        tell: Tell,
    ) -> None:
        self._tokens = tokens
        self._sampling = sampling
        self._prompt_tokens = prompt_tokens
        self._ends = ends
        self._gone = gone
        self._tell = tell
        self._text = AnswerText(tokens.tokenizer, sampling.stop)
        self._drawn: list[int] = []
        self._logprobs: Any = None
        self._prompt_seen = False

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """The scores with penalties; notes their logprobs first, as they are told before anything is done to them."""
        sampling = self._sampling
        if sampling.top_logprobs is not None:
            self._logprobs = torch.log_softmax(scores[0].float(), dim=-1)
        if self._drawn and (sampling.presence_penalty or sampling.frequency_penalty):
            drawn = torch.tensor(self._drawn, device=scores.device)
            counts = torch.bincount(drawn, minlength=scores.shape[-1]).to(scores.dtype)
            penalty = sampling.frequency_penalty * counts + sampling.presence_penalty * (counts > 0)
            return scores - penalty
        return scores

    def put(self, value: Any) -> None:
        """The prompt, once, then each token."""
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        if self._text.stopped:  # one more token may be under way when the answer is over
            return
        token = int(value.flatten()[-1])
        self._drawn.append(token)
        if token in self._ends:
            return
        text = self._text.add(token)
        logprobs = self._noted(token)
        if text or logprobs:
            self._tell(Text(text, logprobs))

    def end(self) -> None:
        """Called by transformers after the last token; `finish` tells the end."""

    def is_over(self, input_ids: Any, scores: Any, **more: Any) -> Any:
        """Whether to stop after this token."""
        over = self._gone.is_set() or self._text.stopped
        return torch.full((input_ids.shape[0],), over, dtype=torch.bool, device=input_ids.device)

    def finish(self) -> None:
        """Tells what was held back, and the end."""
        rest = self._text.end()
        if rest:
            self._tell(Text(rest))
        ended = self._text.stopped or (bool(self._drawn) and self._drawn[-1] in self._ends)
        self._tell(Finish("stop" if ended else "length", self._prompt_tokens, len(self._drawn)))

    def _noted(self, token: int) -> tuple[TokenLogprob, ...]:
        if self._logprobs is None:
            return ()
        wanted = self._sampling.top_logprobs or 0
        best = torch.topk(self._logprobs, wanted).indices.tolist() if wanted else []
        top = tuple(self._logprob(number) for number in best)
        return (TokenLogprob(*self._tokens.token(token), self._logprobs[token].item(), top),)

    def _logprob(self, number: int) -> TokenLogprob:
        assert self._logprobs is not None
        return TokenLogprob(*self._tokens.token(number), self._logprobs[number].item())
