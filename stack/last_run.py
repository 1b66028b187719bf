"""What the stack made in its last run, read from its own outputs: a program sees Azure, but not the engine's state."""

from collections.abc import Mapping

import pulumi.runtime


def made_last_time(stack: str) -> Mapping[str, str]:
    """Names of the resources that a stack, named in full, owned when it was last brought up, by their keys in `adopt`.

    A refresh since then leaves the outputs as they were.
    """
    outputs = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value["outputs"] or {}
    owned = {key for key, whose in outputs.get("ownership", {}).items() if whose == "stack"}
    return {key: value for key, value in outputs.get("names", {}).items() if key in owned}
