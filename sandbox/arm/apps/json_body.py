"""The JSON of Microsoft.App: how it is read, and what is answered where a value has the wrong type."""

import uuid
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from sandbox.arm.errors import ArmError
from sandbox.arm.resources import JsonObject

_Model = TypeVar("_Model", bound="Json")


class Json(BaseModel):
    """camelCase on the wire; unknown members are fine; null counts as absent."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore", populate_by_name=True)


class SchemaError(ArmError):
    """A value of the wrong JSON type: the service answers with ASP.NET's problem body instead of ARM's.

    Seen in vscode-azurecontainerapps#116.
    """

    def __init__(self, problems: dict[str, list[str]]) -> None:
        super().__init__(400, "ValidationProblem", "; ".join(text for texts in problems.values() for text in texts))
        self._problems = problems

    @property
    def body(self) -> JsonObject:
        """The problem body."""
        return {
            "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "traceId": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-00",
            "errors": self._problems,
        }


def parsed(model: type[_Model], properties: Any) -> _Model:
    """The properties as a model.

    Raises:
        SchemaError: a value has the wrong type.
    """
    try:
        return model.model_validate(properties)
    except ValidationError as error:
        problems: dict[str, list[str]] = {}
        for problem in error.errors():
            path = "$.properties" + "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in problem["loc"])
            problems[path] = [f"The JSON value could not be converted: {problem['msg']}. Path: {path}."]
        raise SchemaError(problems) from error
