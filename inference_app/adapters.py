"""What describes an adapter: PEFT's adapter_config.json, and serving.json, in which its maker may say how to serve it.

{"name": "tone", "prompt_template": "### Text: {}\\n### The tone is:\\n", "defaults": {"temperature": 0}}
"""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from inference_app.engines.contract import Prompt
from inference_app.limits import MAX_STOPS, MaxTokens, Stop, Temperature, TopK, TopP, Unicode

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
SERVING = "serving.json"
PLACEHOLDER = "{}"
MAX_JSON_BYTES = 1024 * 1024
NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$"


class AdapterError(Exception):
    """An adapter that cannot be served; the message says why, for a person."""


class Defaults(BaseModel):
    """Values for what a request leaves out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: Temperature | None = None
    top_p: TopP | None = None
    top_k: TopK | None = None
    max_tokens: MaxTokens | None = None
    stop: Annotated[tuple[Stop, ...], Field(max_length=MAX_STOPS)] | None = None


def _one_place(template: str) -> str:
    if template.count(PLACEHOLDER) != 1:
        raise ValueError(f"it must hold {PLACEHOLDER} exactly once, where the user's message goes")
    return template


class Description(BaseModel):
    """The content of serving.json; all of it optional, as is the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=NAME_PATTERN)] | None = None
    """Model id under which requests choose the adapter; without it, its path below models/."""
    prompt_template: Annotated[Unicode, AfterValidator(_one_place)] | None = None
    """What the adapter was trained on, with {} for the user's message; without it, the base's chat template is used."""
    defaults: Defaults = Defaults()

    def render(self, prompt: Prompt) -> Prompt:
        """The prompt as the engine gets it: a conversation is put into the template, if there is one.

        Each user message fills the template once, and the answer follows it, as in training. Templates of this kind
        have no place for a system prompt: it goes before the first message of the user, as part of it.
        """
        if self.prompt_template is None or isinstance(prompt, str):
            return prompt
        before, _, after = self.prompt_template.partition(PLACEHOLDER)
        pieces: list[str] = []
        instructions: list[str] = []
        for turn in prompt:
            if turn.role == "system":
                instructions.append(turn.content)
            elif turn.role == "user":
                pieces.append(before + "\n\n".join([*instructions, turn.content]) + after)
                instructions.clear()
            else:
                pieces.append(turn.content + "\n")
        return "".join(pieces)


def read_description(folder: Path) -> Description:
    """Checks that the folder holds a PEFT adapter and reads how to serve it; `AdapterError` says what is wrong.

    What depends on the engine (method, target modules, shapes) is checked when the engine takes it.
    """
    peft_type = read_json(folder / ADAPTER_CONFIG).get("peft_type")
    if not isinstance(peft_type, str):
        raise AdapterError(f"{ADAPTER_CONFIG} has peft_type {json.dumps(peft_type)}; it must name a method of PEFT")
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise AdapterError(f"{ADAPTER_WEIGHTS} is missing")
    if not (folder / SERVING).exists():
        return Description()
    try:
        return Description.model_validate(read_json(folder / SERVING))
    except ValidationError as error:
        problems = (
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors(include_url=False)
        )
        raise AdapterError(f"{SERVING}: {'; '.join(problems)}") from error


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a small file; `AdapterError` names the file and what is wrong with it."""
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise AdapterError(f"{path.name} is larger than {MAX_JSON_BYTES} bytes")
        value: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise AdapterError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise AdapterError(f"{path.name} must hold a JSON object")
    return value
