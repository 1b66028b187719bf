"""The page of parity says what a stack with default settings really sends, puts out, and is tested by."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.harness import Stack
from tests.engine.kinds import ACCOUNT, APP, ENVIRONMENT, GROUP, LINK, SHARE, WORKSPACE, Json, Kind, name_of
from tests.engine.world import used
from tests.workspace import PROJECT

PAGE = (PROJECT / "docs/parity.md").read_text(encoding="utf-8")
ABSENT = "—"
FILE_SERVICE = "/fileservices/default"
WEAKNESSES = 25
RESOURCES: dict[str, Kind] = {
    "Resource group": GROUP,
    "Storage account": ACCOUNT,
    "File share": SHARE,
    "Log Analytics workspace": WORKSPACE,
    "Environment": ENVIRONMENT,
    "Environment storage": LINK,
    "Container App": APP,
}
"""By the page's heading."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without backticks, but for the head."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, heading
    lines = [line for line in section[1].splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[1:]]


@pytest.fixture(scope="module")
def stack(bench: Any, numbered: Any) -> Iterator[Stack]:
    """A stack with default settings, brought up from nothing."""
    name = numbered("parity")
    stack = bench.stack(name, resourceGroup=name, gpuProfile=None, authentication=None)
    stack.up().succeeded()
    yield stack
    stack.destroy().succeeded()


@pytest.fixture(scope="module")
def values(stack: Stack) -> dict[str, Any]:
    """What the page's placeholders stand for."""
    cloud = stack.bench.cloud
    where = cloud.where(stack.group)
    there = cloud.snapshot(stack.group)
    app = there[where[APP].lower()]
    return {
        "location": "swedencentral",
        "mark": stack.mark,
        "image": stack.setting("image"),
        "group": stack.group,
        "subscription": cloud.subscription.rpartition("/")[2],
        "storageAccount": name_of(where[ACCOUNT]),
        "fileShare": name_of(where[SHARE]),
        "app": name_of(where[APP]),
        "environmentId": where[ENVIRONMENT],
        "linkName": name_of(where[LINK]),
        "ownLinkName": name_of(used(LINK, where[LINK], there, stack.mark)),
        "customerId": there[where[WORKSPACE].lower()]["properties"]["customerId"],
        "workspaceKey": cloud.act(where[WORKSPACE], "sharedKeys")["primarySharedKey"],
        "accountKey": cloud.act(where[ACCOUNT], "listKeys")["keys"][0]["value"],
        "apiKey": cloud.act(where[APP], "listSecrets")["value"][0]["value"],
        "release": f"releases/{stack.outputs()['release']}",
        "deployedCode": stack.outputs()["release"],
        "fqdn": app["properties"]["configuration"]["ingress"]["fqdn"],
        "url": f"http://{app['properties']['configuration']['ingress']['fqdn']}",
    }


@pytest.mark.parametrize("heading", [*RESOURCES, "File service"])
def test_the_table_says_what_is_sent(stack: Stack, values: dict[str, Any], heading: str) -> None:
    kind = RESOURCES.get(heading, ACCOUNT)
    identity = stack.bench.cloud.where(stack.group)[kind]
    key = used(kind, identity, stack.bench.cloud.snapshot(stack.group), stack.mark)
    key += FILE_SERVICE if heading == "File service" else ""
    sent = dict(_leaves(stack.bench.cloud.sent[key]))
    if kind is LINK:
        sent["name"] = name_of(key)
    said = {path: _filled(ours, values) for path, _, ours, _ in rows(heading) if ours != ABSENT}
    assert said == {path: _text(value) for path, value in sent.items()}


def test_the_table_says_what_is_put_out(stack: Stack, values: dict[str, Any]) -> None:
    shown = json.loads(stack.bench.pulumi("stack", "output", "--json", "--show-secrets", "--stack", stack.name))
    for name, _, ours, _ in rows("Outputs"):
        assert str(shown[name]) == _filled(ours, values)


@pytest.mark.parametrize("heading", [*RESOURCES, "File service", "Outputs"])
def test_every_difference_has_a_reason(heading: str) -> None:
    for path, original, ours, why in rows(heading):
        assert original == ours or why, path


def test_every_weakness_has_its_row_and_every_test_it_names_is_there() -> None:
    table = rows("The weaknesses of the original, one by one")
    assert [weakness.split()[0] for weakness, _, _ in table] == [f"W{number}" for number in range(1, WEAKNESSES + 1)]
    missing = [shown for _, _, shown in table if not _exists(shown)]
    assert missing == []


def _exists(node: str) -> bool:
    file, _, name = node.partition("::")
    path = PROJECT / file
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name == name for item in tree.body)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is neither an object nor a list, by its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _filled(cell: str, values: Json) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), cell)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)
