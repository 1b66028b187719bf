"""An adapter converted for llama.cpp answers like the adapter itself: log-probabilities against transformers and PEFT.

On weights that both read alike, the embedded model dequantised, so that what is left is the conversion. Equal answers
prove nothing here: they come out equal, nearly always, even when the conversion is wrong.
"""

import statistics
from collections.abc import AsyncIterator
from pathlib import Path

import gguf
import pytest

from inference_app.engines import peft_to_gguf
from inference_app.engines.contract import AdapterFiles, BaseFiles, Engine, Generation, Sampling, Text, Turn
from inference_app.engines.llama_cpp import LlamaCppEngine
from inference_app.engines.peft_engine import PeftEngine
from inference_app.fingerprint import fingerprint
from tests.engines.questions import questions
from tests.inference_app.shares import TONE, embedded_model

MOST_DIFFERENCE = 0.01
QUESTIONS = 12
TOP = 10
Logprobs = list[dict[str, float]]
"""Of each question: the most likely first tokens."""


@pytest.fixture(scope="module")
def dequantised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded model's GGUF file with the same metadata and its weights as float32."""
    target = tmp_path_factory.mktemp("dequantised") / "model.gguf"
    reader = gguf.GGUFReader(embedded_model())
    writer = gguf.GGUFWriter(target, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, inner)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, gguf.quants.dequantize(tensor.data, tensor.tensor_type))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target.parent


async def first_tokens(engine: Engine, adapter: bool) -> Logprobs:
    files = AdapterFiles("tone", TONE, fingerprint(TONE))
    assert await engine.serve([files]) == {}
    found: Logprobs = []
    for question in questions(QUESTIONS):
        sampling = Sampling(max_tokens=1, temperature=0, top_p=1, top_logprobs=TOP)
        generation = Generation((Turn("user", question),), sampling, "tone" if adapter else None)
        events: AsyncIterator[object] = engine.generate(generation)
        told = [token for event in [e async for e in events] if isinstance(event, Text) for token in event.logprobs]
        found.append({other.token: other.logprob for other in told[0].top})
    await engine.close()
    return found


def difference(one: Logprobs, other: Logprobs) -> float:
    """Mean over all tokens that are among the most likely of both."""
    return statistics.mean(
        abs(first[token] - second[token])
        for first, second in zip(one, other, strict=True)
        for token in first.keys() & second.keys()
    )


def llama(folder: Path) -> LlamaCppEngine:
    return LlamaCppEngine(BaseFiles("base", folder, fingerprint(folder)), 512, 1, 2)


async def with_peft(base: Path, adapter: bool) -> Logprobs:
    return await first_tokens(PeftEngine(BaseFiles("base", base, fingerprint(base)), 512, 2), adapter)


async def test_a_converted_adapter_is_the_adapter(
    base: Path, dequantised: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await with_peft(base, adapter=True)
    converted = difference(await first_tokens(llama(dequantised), adapter=True), expected)
    monkeypatch.setattr(peft_to_gguf, "interleave_rotary", lambda rows, heads: rows)
    unordered = difference(await first_tokens(llama(dequantised), adapter=True), expected)
    print(f"mean difference of log-probabilities: {converted:.4f}; without the permutation {unordered:.4f}")  # noqa: T201
    assert converted <= MOST_DIFFERENCE
    assert unordered > 10 * MOST_DIFFERENCE, "the measure would not notice a missing permutation"


async def test_the_base_is_the_same_on_both_sides(base: Path, dequantised: Path) -> None:
    """What the proof above stands on."""
    bare = difference(await first_tokens(llama(dequantised), adapter=False), await with_peft(base, adapter=False))
    assert bare <= MOST_DIFFERENCE
