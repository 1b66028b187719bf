"""ARM's errors: status, code and message as the service sends them.

Codes that begin with `Sandbox` are the sandbox's own: the service refuses the same, but its code is not known.
"""

from typing import Any

from sandbox.arm.ids import ResourceId
from sandbox.errors import SandboxError


class ArmError(SandboxError):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str, target: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.target = target

    @property
    def body(self) -> dict[str, Any]:
        """The error as ARM's JSON shape has it."""
        error = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        return {"error": error}


def invalid(code: str, message: str, target: str | None = None) -> ArmError:
    """400: the request can never be accepted as it is."""
    return ArmError(400, code, message, target)


def not_found(resource: ResourceId) -> ArmError:
    """404 in ARM's words, for a group or a resource."""
    if not resource.types:
        return ArmError(404, "ResourceGroupNotFound", f"Resource group '{resource.group}' could not be found.")
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{_relative_name(resource)}' under resource group '{resource.group}' was not found. For more"
        " details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def parent_not_found(parent: ResourceId) -> ArmError:
    """404 for a nested resource without a parent, or a resource without a group."""
    if not parent.types:
        return not_found(parent)
    return ArmError(
        404,
        "ParentResourceNotFound",
        f"Failed to perform 'write' on resource(s) of type '{parent.type}', because the parent resource"
        f" '{parent}' could not be found.",
    )


def _relative_name(resource: ResourceId) -> str:
    pairs = zip(resource.types, resource.names, strict=True)
    return "/".join((resource.namespace, *(f"{kind}/{name}" for kind, name in pairs)))
