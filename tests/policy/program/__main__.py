"""Declares what stack.json lists: `{"$ref": NAME, "output": KEY}` is an output, `{"$secret": VALUE}` a secret."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi

made: dict[str, pulumi.CustomResource] = {}


def value(given: Any) -> Any:
    match given:
        case {"$ref": source, "output": "id"}:
            return made[source].id
        case {"$ref": source, "output": output}:
            return getattr(made[source], output)
        case {"$secret": hidden}:
            return pulumi.Output.secret(hidden)
        case dict():
            return {key: value(item) for key, item in given.items()}
        case list():
            return [value(item) for item in given]
        case _:
            return given


for name, declared in json.loads(Path(os.environ.get("DECLARED", "stack.json")).read_text()).items():
    inputs = {"name": None, "customerId": None, **{key: value(item) for key, item in declared["inputs"].items()}}
    made[name] = pulumi.CustomResource(
        f"azure-native:{declared['type']}", name, inputs, pulumi.ResourceOptions(**declared.get("options", {}))
    )
