"""What a refresh makes of the inputs.

Azure fills in much that a program never said, so its answer cannot simply become the inputs. As the real provider
does, the answer of the last update is compared with today's: what differs was changed outside, and only that goes into
the inputs. What ARM never returns, such as keys, stays as it was.
"""

from typing import Any

from sandbox.provider.bodies import to_inputs
from sandbox.provider.type_spec import TypeSpec
from sandbox.provider.wire import Json


def refreshed_inputs(spec: TypeSpec, inputs: Json, before: Json, now: Json) -> Json:
    """The inputs with what changed between two sets of outputs."""
    return _with_changes(inputs, to_inputs(spec, before), to_inputs(spec, now))


def _with_changes(base: Any, before: Any, now: Any) -> Any:
    if isinstance(base, dict) and isinstance(before, dict) and isinstance(now, dict):
        kept = {key: value for key, value in base.items() if key not in before or key in now}
        changed = {key: value for key, value in now.items() if key not in before or before[key] != value}
        return kept | {
            key: _with_changes(base[key], before[key], value) if key in base and key in before else value
            for key, value in changed.items()
        }
    if isinstance(base, list) and isinstance(before, list) and isinstance(now, list):
        both = min(len(base), len(before))
        return [
            _with_changes(base[index], before[index], item) if index < both else item for index, item in enumerate(now)
        ]
    return now
