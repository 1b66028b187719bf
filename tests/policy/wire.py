"""Speaks to the pack as the engine does, without an engine."""

from typing import Any

import grpc
from google.protobuf import json_format
from pulumi.runtime.proto import analyzer_pb2

from policy.analyzer import Analyzer
from policy.values import SECRET, SIGNATURE, Secret, Unknown

UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
URN = "urn:pulumi:dev::example::azure-native:{}::thing"


class Refused(Exception):
    """The pack ended the call."""


class Context(grpc.ServicerContext):  # type: ignore[misc]
    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise Refused(f"{code.name}: {details}")


Context.__abstractmethods__ = frozenset()


def analyzer(dry_run: bool = True, configuration: dict[str, str] | None = None) -> Analyzer:
    """A pack that was told whose stack it judges, and what the engine made of its configuration."""
    pack = Analyzer()
    request = analyzer_pb2.AnalyzerStackConfigureRequest(
        stack="dev", project="example", organization="organization", dry_run=dry_run, config=configuration or {}
    )
    pack.ConfigureStack(request, Context())
    return pack


def analyze(pack: Analyzer, kind: str, inputs: dict[str, Any], **options: Any) -> list[Any]:
    """The diagnostics for one resource."""
    return list(pack.Analyze(request(kind, inputs, **options), Context()).diagnostics)


def analyze_stack(pack: Analyzer, *requests: Any) -> list[Any]:
    resources = [
        analyzer_pb2.AnalyzerResource(type=one.type, urn=one.urn, properties=one.properties, options=one.options)
        for one in requests
    ]
    return list(pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=resources), Context()).diagnostics)


def request(kind: str, inputs: dict[str, Any], **options: Any) -> Any:
    message = analyzer_pb2.AnalyzeRequest(type=f"azure-native:{kind}", urn=URN.format(kind))
    message.options.CopyFrom(analyzer_pb2.AnalyzerResourceOptions(**options))
    json_format.ParseDict(_wire(inputs), message.properties)
    return message


def _wire(value: Any) -> Any:
    match value:
        case Unknown():
            return UNKNOWN_STRING
        case Secret(inner):
            return {SIGNATURE: SECRET, "value": _wire(inner)}
        case dict():
            return {key: _wire(item) for key, item in value.items()}
        case list():
            return [_wire(item) for item in value]
        case _:
            return value
