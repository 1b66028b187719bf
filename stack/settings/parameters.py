"""The AI Toolkit's ARM parameter file, as it is: null means what leaving a parameter out means, the default.

So do the commands that the template itself writes into every project: they install and start its chat app, whose place
the inference app takes here (docs/adr/0016).
"""

import re
from pathlib import Path
from typing import Any, Final

from operations import json_file
from operations.errors import JsonFileError
from operations.json_file import JsonFile, Location, shorten
from stack.settings.model import KEYS, ORIGINAL
from stack.settings.problems import Given, Origin, unknown
from stack.settings.secrets import SECRETS, set_command

PARAMETERS_FILE: Final = Path("infra/provision/inference.parameters.json")

TEMPLATE_COMMANDS: Final = (r"cd /mount", r"pip install \S.*", r"cd /mount/inference", r"python3 \./gradio_chat\.py")
"""As the template generates them; only the packages' versions differ between its models."""
_TOP: Final = ("$schema", "contentVersion", "parameters", "metadata")
_ENTRY: Final = ("value", "metadata", "reference")


def read(path: Path = PARAMETERS_FILE) -> tuple[dict[str, Given], list[str]]:
    """What the file gives, and what is wrong with the file itself. Nothing at all where there is no file."""
    try:
        document = json_file.read(path)
    except FileNotFoundError:
        return {}, []
    except JsonFileError as error:
        return {}, [str(error)]
    if not isinstance(document.content, dict):
        return {}, [f"{path}: must be an ARM parameter file, a JSON object with `parameters` (it is not an object)"]
    problems = [
        _at(path, document, (key,), unknown(key, _TOP, "key of a parameter file"))
        for key in document.content
        if key not in _TOP
    ]
    parameters = document.content.get("parameters")
    if not isinstance(parameters, dict):
        place = ("parameters",) if "parameters" in document.content else ()
        return {}, [*problems, _at(path, document, place, "must be an object, with the parameters by name")]
    given: dict[str, Given] = {}
    for key, entry in parameters.items():
        if problem := _entry_problem(key, entry):
            problems.append(_at(path, document, ("parameters", key), problem))
        else:
            value = None if key == "defaultCommands" and _is_of_template(entry["value"]) else entry["value"]
            given[key] = Given(value, Origin(str(path), lines=_lines(document, key)))
    return given, problems


def _is_of_template(commands: Any) -> bool:
    return (
        isinstance(commands, list)
        and len(commands) == len(TEMPLATE_COMMANDS)
        and all(
            isinstance(command, str) and re.fullmatch(pattern, command)
            for pattern, command in zip(TEMPLATE_COMMANDS, commands, strict=True)
        )
    )


def _entry_problem(key: str, entry: Any) -> str | None:
    if key in SECRETS:
        return f"a secret stands in no parameter file; set it with `{set_command(key)}` (it asks for the value)"
    if key in KEYS and key not in ORIGINAL:
        return f"the template has no such parameter; set it with `pulumi config set {key} VALUE`"
    if key not in ORIGINAL:
        return unknown(key, ORIGINAL, "parameter")
    if not isinstance(entry, dict):
        return f'must be an object {{"value": …}} (it is {shorten(entry)})'
    if "reference" in entry:
        return "takes a value, no reference to a key vault: it is no secret"
    if strange := [name for name in entry if name not in _ENTRY]:
        return f"{strange[0]}: {unknown(strange[0], _ENTRY[:2], 'key of a parameter')}"
    return None if "value" in entry else 'must be an object {"value": …} (it has no value)'


def _at(path: Path, document: JsonFile, location: Location, what: str) -> str:
    line = document.lines[location]
    return f"{path}:{line}: {location[-1]}: {what}" if location else f"{path}:{line}: parameters: {what}"


def _lines(document: JsonFile, key: str) -> dict[Location, int]:
    """Lines by the path of the setting: the key's own, then those of items below its value."""
    start = ("parameters", key, "value")
    below = {(key, *place[3:]): line for place, line in document.lines.items() if place[:3] == start}
    return {**below, (key,): document.lines[start]}
