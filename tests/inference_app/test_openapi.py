"""Whatever the OpenAPI document allows, and what it does not, is answered without a failure and without a hang."""

import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case
from schemathesis.checks import CheckContext, not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.inference_app.serving import App

CASES_PER_OPERATION = int(os.environ.get("OPENAPI_CASES", "130"))  # four of them take anything: 520 cases
HANG_SECONDS = 20

OPERATIONS = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/tokenize"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/{model_id}"),
    ("GET", "/health/startup"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def document(scripted: App) -> Any:
    return schemathesis.openapi.from_url(f"{scripted.url}/v1/openapi.json")


def errors_have_openais_shape(ctx: CheckContext, response: Response, case: Case) -> None:
    if response.status_code >= 400:
        error = response.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}


def cases(operation: Any, method: str) -> SearchStrategy[Case]:
    """Right ones; and wrong ones, where there is a body that can be wrong."""
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    return right | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if method == "POST" else right


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_asked(document: Any, method: str, path: str) -> None:
    """Requests that the document allows, and some that it does not."""

    @given(case=cases(document[path][method], method))
    @settings(
        max_examples=CASES_PER_OPERATION,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case) -> None:
        case.call_and_validate(timeout=HANG_SECONDS, checks=[*CHECKS, errors_have_openais_shape])

    ask()


def test_the_document_knows_every_route(scripted: App) -> None:
    paths = httpx.get(f"{scripted.url}/v1/openapi.json").json()["paths"]
    assert sorted((method.upper(), path) for path, methods in paths.items() for method in methods) == sorted(OPERATIONS)
