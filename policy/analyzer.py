"""The pack's side of the engine's analyzer protocol (pulumi/proto/pulumi/analyzer.proto).

A resource is read once for all rules, each finding has a level of its own, and wrong configuration is refused: see
docs/adr/0011-the-pack-speaks-the-analyzer-protocol.md.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from concurrent import futures
from dataclasses import replace
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from policy.message import message
from policy.pack import NAME, RULES, VERSION, adopted, findings, level
from policy.resource import Resource, Stack, package, short_type
from policy.rule import Finding, Kind, Level, Rule, Scope, Severity
from policy.settings import ALL, LEVEL, RuleSettings, SettingsError, level_of, of_stack, parse
from policy.values import decode

MAXIMUM_MESSAGE_BYTES: Final = 400 << 20
"""What the engine may send at once: all resources of a stack."""

_LEVELS: Final = {
    Level.DISABLED: analyzer_pb2.DISABLED,
    Level.ADVISORY: analyzer_pb2.ADVISORY,
    Level.MANDATORY: analyzer_pb2.MANDATORY,
    Level.REMEDIATE: analyzer_pb2.REMEDIATE,
}
_SEVERITIES: Final = {
    Severity.LOW: analyzer_pb2.POLICY_SEVERITY_LOW,
    Severity.MEDIUM: analyzer_pb2.POLICY_SEVERITY_MEDIUM,
    Severity.HIGH: analyzer_pb2.POLICY_SEVERITY_HIGH,
    Severity.CRITICAL: analyzer_pb2.POLICY_SEVERITY_CRITICAL,
}
_TYPES: Final = {
    Scope.RESOURCE: analyzer_pb2.POLICY_TYPE_RESOURCE,
    Scope.STACK: analyzer_pb2.POLICY_TYPE_STACK,
}
_SCHEMAS: Final[Mapping[Kind, dict[str, Any]]] = {
    Kind.INTEGER: {"type": "integer", "minimum": 0},
    Kind.NUMBER: {"type": "number", "minimum": 0},
    Kind.STRINGS: {"type": "array", "items": {"type": "string"}},
    Kind.NUMBERS: {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
    Kind.TEXTS: {"type": "object", "additionalProperties": {"type": "string"}},
    Kind.PATTERNS: {"type": "object", "additionalProperties": {"type": "string", "format": "regex"}},
}


def serve() -> None:
    """Serves the pack until the engine ends the process; tells it the port on standard output."""
    server = grpc.server(
        futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", MAXIMUM_MESSAGE_BYTES)]
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(), server)
    sys.stdout.write(f"{server.add_insecure_port('127.0.0.1:0')}\n")
    sys.stdout.flush()
    server.start()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(0)


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Judges one stack in one preview or update."""

    def __init__(self) -> None:
        self._mark = ""
        self._dry_run = False
        self._of_stack: dict[str, Any] = {}
        self._settings: Mapping[str, RuleSettings] = parse(RULES, {})
        self._seen: dict[str, Resource] = {}

    def Handshake(
        self, request: analyzer_pb2.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """Nothing of the engine's address is needed."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The pack's version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def ConfigureStack(
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """Learns whose stack it is, and what its configuration says about the rules."""
        self._mark = "/".join((request.organization, request.project, request.stack))
        self._dry_run = request.dry_run
        try:
            self._of_stack = of_stack(request.config, request.config_secret_keys)
            self._settings = parse(RULES, self._of_stack)
        except SettingsError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def GetAnalyzerInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> analyzer_pb2.AnalyzerInfo:
        """Every rule that the engine can judge; what the stack's configuration says is the initial configuration."""
        info = analyzer_pb2.AnalyzerInfo(name=NAME, version=VERSION, supportsConfig=True, provider="azure-native")
        info.policies.extend(_info(rule) for rule in RULES.values() if rule.scope in _TYPES)
        for name, given in self._of_stack.items():
            chosen = level_of(given) if name == ALL else self._settings[name].level
            if chosen is None:
                continue
            entry = info.initialConfig[name]
            entry.enforcementLevel = _LEVELS[Level(chosen)]
            if isinstance(given, dict):
                entry.properties.update({key: value for key, value in given.items() if key != LEVEL})
        return info

    def Configure(
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Takes what the engine made of the defaults, the stack's configuration and `--policy-pack-config`."""
        names = {number: name for name, number in _LEVELS.items()}
        given: dict[str, Any] = {
            name: {LEVEL: names[entry.enforcementLevel], **decode(entry.properties)}
            for name, entry in request.policyConfig.items()
        }
        try:
            self._settings = parse(RULES, given)
        except SettingsError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return empty_pb2.Empty()

    def Remediate(
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.RemediateResponse:
        """Repairs what rules of the level `remediate` can repair; not in a resource that is adopted."""
        response = analyzer_pb2.RemediateResponse()
        kind = short_type(request.type)
        for rule in RULES.values():
            chosen = self._settings[rule.id]
            if rule.remedy is None or chosen.level is not Level.REMEDIATE or "*" in request.options.ignoreChanges:
                continue
            if kind in rule.types and rule.remedy(request.properties, chosen.options):
                response.remediations.add(
                    policyName=rule.id,
                    policyPackName=NAME,
                    policyPackVersion=VERSION,
                    description=rule.title,
                    properties=request.properties,
                )
        return response

    def Analyze(
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """Judges one resource before it is touched."""
        resource = _resource(request)
        resource = replace(resource, adopted=adopted(resource, self._mark, self._settings))
        self._seen[resource.urn] = resource
        return self._response(findings(resource, Scope.RESOURCE, self._settings))

    def AnalyzeStack(
        self, request: analyzer_pb2.AnalyzeStackRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """Judges the stack as a whole, by what the program asks for: outputs say little in a preview."""
        stack = Stack([self._in_stack(entry) for entry in request.resources], self._mark)
        return self._response(
            finding for resource in stack.resources for finding in findings(resource, Scope.STACK, self._settings)
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Nothing runs longer than a call."""
        return empty_pb2.Empty()

    def _in_stack(self, entry: analyzer_pb2.AnalyzerResource) -> Resource:
        seen = self._seen.get(entry.urn) or _resource(entry)
        named = {key: tuple(found.urns) for key, found in entry.propertyDependencies.items()}
        found = decode(Struct(fields={"id": entry.properties.fields["id"]})) if "id" in entry.properties.fields else {}
        return replace(seen, dependencies=named, id=found.get("id"))

    def _response(self, found: Iterable[Finding]) -> analyzer_pb2.AnalyzeResponse:
        response = analyzer_pb2.AnalyzeResponse()
        for finding in found:
            response.diagnostics.add(
                policyName=finding.rule.id,
                policyPackName=NAME,
                policyPackVersion=VERSION,
                description=finding.rule.title,
                message=str(message(finding)),
                urn=finding.resource.urn,
                enforcementLevel=_LEVELS[level(finding, self._settings, self._dry_run)],
                severity=_SEVERITIES[finding.rule.severity],
            )
        return response


def _resource(request: analyzer_pb2.AnalyzeRequest | analyzer_pb2.AnalyzerResource) -> Resource:
    return Resource(
        urn=request.urn,
        type=short_type(request.type),
        inputs=decode(request.properties),
        ignored=frozenset(request.options.ignoreChanges),
        protected=request.options.protect,
        package=package(request.type),
    )


def _info(rule: Rule) -> analyzer_pb2.PolicyInfo:
    info = analyzer_pb2.PolicyInfo(
        name=rule.id,
        displayName=rule.title,
        description=rule.reason,
        enforcementLevel=_LEVELS[rule.level],
        policy_type=_TYPES[rule.scope],
        severity=_SEVERITIES[rule.severity],
        tags=[rule.family],
        remediation_steps=rule.fix,
    )
    if rule.references:
        info.framework.reference = "; ".join(rule.references)
    for option in rule.options:
        schema = {**_SCHEMAS[option.kind], "description": option.meaning, "default": option.default}
        info.configSchema.properties[option.name] = json.loads(json.dumps(schema))
    return info
