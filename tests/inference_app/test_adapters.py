"""An adapter's own prompt template and defaults, which travel with it on the share."""

from pathlib import Path

import httpx
import openai
import pytest

from inference_app.adapters import Description
from inference_app.engines.contract import Turn
from tests.inference_app.conftest import client_of
from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import ADAPTER_FOLDER, TONE, copy_adapter, make_adapter, make_real_share, make_share

# Of the AI Toolkit's templates for 7B models, and for Phi-3.
TEXT_TEMPLATE = "### Text: {}\n### The tone is:\n"
PHI_TEMPLATE = "<|user|>\n{}<|end|>\n<|assistant|>"


@pytest.mark.parametrize(
    ("template", "turns", "rendered"),
    [
        (TEXT_TEMPLATE, [("user", "I won")], "### Text: I won\n### The tone is:\n"),
        (TEXT_TEMPLATE, [("user", "a {} {b}")], "### Text: a {} {b}\n### The tone is:\n"),
        (TEXT_TEMPLATE, [("system", "S"), ("user", "U")], "### Text: S\n\nU\n### The tone is:\n"),
        (
            PHI_TEMPLATE,
            [("user", "1"), ("assistant", "2"), ("user", "3")],
            "<|user|>\n1<|end|>\n<|assistant|>2\n<|user|>\n3<|end|>\n<|assistant|>",
        ),
        ("{x} {}", [("user", "U")], "{x} U"),
    ],
)
def test_a_conversation_in_a_template(template: str, turns: list[tuple[str, str]], rendered: str) -> None:
    description = Description(prompt_template=template)
    assert description.render(tuple(Turn(role, content) for role, content in turns)) == rendered  # type: ignore[arg-type]


def test_without_a_template_the_engine_gets_the_conversation() -> None:
    turns = (Turn("user", "U"),)
    assert Description().render(turns) is turns


def test_plain_completions_pass_untouched() -> None:
    assert Description(prompt_template=TEXT_TEMPLATE).render("as it is") == "as it is"


def test_the_template_is_used_for_the_adapter_alone(tmp_path: Path) -> None:
    make_share(tmp_path)
    make_adapter(tmp_path / ADAPTER_FOLDER, name="tone", prompt_template="Say: {} please", defaults={"stop": ["x"]})
    with running_app(tmp_path, tmp_path / "log", engine="scripted") as app, client_of(app) as client:
        messages = [{"role": "user", "content": "hello"}]
        adapted = client.chat.completions.create(model="tone", messages=messages)
        assert adapted.choices[0].message.content == "tone: Say: hello please"
        base = client.chat.completions.create(model=client.models.list().data[0].id, messages=messages)
        assert base.choices[0].message.content == "hello"
        plain = client.completions.create(model="tone", prompt="hello")
        assert plain.choices[0].text == "tone: hello"


def asked(app: App, model: str) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "I won the race and danced all night"}]}
    return httpx.post(f"{app.url}/v1/chat/completions", json=body, timeout=60)


def test_adapters_come_change_and_go_while_the_app_runs(tmp_path: Path) -> None:
    """With the real engine: new, replaced, broken, mended, removed; the others answer all the while."""
    make_real_share(tmp_path)
    second = tmp_path / "models/second/adapter"
    with running_app(tmp_path, tmp_path / "log", context_tokens=256) as app:
        assert asked(app, "second").status_code == 404
        copy_adapter(TONE, second, name="second", defaults={"max_tokens": 4})
        app.wait_for(lambda: asked(app, "second").is_success)
        assert asked(app, "second").json()["usage"]["completion_tokens"] <= 4

        weights = (second / "adapter_model.safetensors").read_bytes()
        (second / "adapter_model.safetensors").write_bytes(weights[: len(weights) // 2])
        app.wait_for(lambda: app.models()["unusable"])
        (unusable,) = app.models()["unusable"]
        assert unusable["id"] == "second"
        assert "truncated" in unusable["reason"]
        refused = asked(app, "second")
        assert refused.status_code == 404
        assert refused.json()["error"]["code"] == "adapter_unusable"
        assert asked(app, "tone").is_success

        copy_adapter(TONE, second, name="renamed")
        app.wait_for(lambda: asked(app, "renamed").is_success)
        assert asked(app, "second").status_code == 404

        for file in second.iterdir():
            file.unlink()
        app.wait_for(lambda: asked(app, "renamed").status_code == 404)
        assert asked(app, "tone").is_success


def test_an_adapter_for_another_model_is_refused_and_the_others_serve(tmp_path: Path) -> None:
    make_real_share(tmp_path)
    make_adapter(tmp_path / "models/wide", rank=2, config={"r": 4})
    make_adapter(tmp_path / "models/dora", config={"use_dora": True})
    with running_app(tmp_path, tmp_path / "log", context_tokens=256) as app:
        reasons = {item["id"]: item["reason"] for item in app.models()["unusable"]}
        assert "was it trained on this base?" in reasons["wide"]
        assert "DoRA" in reasons["dora"]
        assert asked(app, "tone").is_success
        with client_of(app) as client, pytest.raises(openai.NotFoundError, match="DoRA"):
            client.chat.completions.create(model="dora", messages=[{"role": "user", "content": "x"}])
