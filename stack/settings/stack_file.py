"""`Pulumi.STACK.yaml` and `Pulumi.yaml` as files: where a setting stands. Its value comes from Pulumi."""

import os
from pathlib import Path
from typing import Any, Final

import yaml

from operations.json_file import Location
from stack.settings.problems import Origin, SettingsError

PROJECT_FILE: Final = Path("Pulumi.yaml")
CONFIG_FILE_VARIABLE: Final = "PULUMI_OPTION_CONFIG_FILE"
"""Names a stack file at another place (Pulumi takes every option of its command line from such a variable)."""


def path_of(stack: str) -> Path:
    """The project's own file of this stack, whose name may have its organisation and project before it."""
    return Path(f"Pulumi.{stack.rpartition('/')[2]}.yaml")


def origins(stack: str, prefix: str) -> dict[str, Origin]:
    """For each setting that stands in one of the two files, which one and in which line; keys without the prefix."""
    found: dict[str, Origin] = {}
    for path in (PROJECT_FILE, _used(path_of(stack))):
        lines = lines_of(path, prefix)
        for key in {steps[0] for steps in lines}:
            found[str(key)] = Origin(str(path), prefix, lines)
    return found


def lines_of(path: Path, prefix: str) -> dict[Location, int]:
    """The line (from 1) of everything below `config:` whose key has this prefix; nothing where the file is unusable:
    Pulumi has read it, or will say why it cannot."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    config = _child(root, "config")
    lines: dict[Location, int] = {}
    if isinstance(config, yaml.MappingNode):
        for key, value in config.value:
            if str(key.value).startswith(prefix):
                _collect(value, (str(key.value).removeprefix(prefix),), key.start_mark.line + 1, lines)
    return lines


def values_in(path: Path, prefix: str) -> dict[str, Any]:
    """What stands below `config:` under keys with this prefix; encrypted values as they are. Empty without a file.

    Raises:
        SettingsError: the file is no YAML, or no stack file.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        items = content.get("config") or {}
        return {key.removeprefix(prefix): value for key, value in items.items() if key.startswith(prefix)}
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError) as error:
        raise SettingsError([f"{path}: is no stack file of Pulumi: {error}"]) from error


def _used(own: Path) -> Path:
    """The file that Pulumi was told to use, unless that is a mere copy of the project's own, which people edit."""
    told = os.environ.get(CONFIG_FILE_VARIABLE)
    if not told:
        return own
    try:
        if Path(told).read_bytes().startswith(own.read_bytes().rstrip()):
            return own
    except OSError:
        pass
    return Path(told)


def _collect(node: yaml.Node, steps: Location, line: int, lines: dict[Location, int]) -> None:
    lines[steps] = line
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _collect(value, (*steps, str(key.value)), key.start_mark.line + 1, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*steps, index), value.start_mark.line + 1, lines)


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)
