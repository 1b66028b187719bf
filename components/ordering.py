"""Values that are known at once, but whose users have to wait for something else."""

from collections.abc import Awaitable
from typing import TypeVar, cast

import pulumi

_Value = TypeVar("_Value")


def after(resource: pulumi.Resource | None, value: pulumi.Input[_Value]) -> pulumi.Output[_Value]:
    """The value, for users that come after the resource and go before it; also known where that is only previewed."""
    output = pulumi.Output.from_input(value)
    if resource is None:
        return output

    async def resources() -> set[pulumi.Resource]:
        return {*await output.resources(), resource}

    # None where the value is unknown, as everywhere.
    future = cast("Awaitable[_Value]", output.future())
    return pulumi.Output(resources(), future, output.is_known(), output.is_secret())
