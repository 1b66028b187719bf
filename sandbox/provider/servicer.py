"""The provider's protocol: check, diff, create, read, update, delete and functions, as azure-native does them."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.provider.arm_client import ArmClient, Cloud
from sandbox.provider.bodies import (
    imported_inputs,
    preview_outputs,
    refreshed_inputs,
    resource_path,
    to_body,
    to_outputs,
)
from sandbox.provider.differences import Change, differences
from sandbox.provider.errors import ArmError, OperationError, StandInError
from sandbox.provider.functions import call
from sandbox.provider.types import TYPES, TypeSpec
from sandbox.provider.wire import Json, decode, encode

VERSION: Final = "3.29.0"
"""The azure-native version whose behaviour this is."""
_RANDOM_SUFFIX_DIGITS: Final = 8
_STATUS_DETAILS: Final = "grpc-status-details-bin"

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")
_Kind = provider_pb2.PropertyDiff.Kind
_KINDS: Final = {
    (Change.ADD, False): _Kind.ADD,
    (Change.ADD, True): _Kind.ADD_REPLACE,
    (Change.DELETE, False): _Kind.DELETE,
    (Change.DELETE, True): _Kind.DELETE_REPLACE,
    (Change.UPDATE, False): _Kind.UPDATE,
    (Change.UPDATE, True): _Kind.UPDATE_REPLACE,
}


def _told(method: Callable[_Arguments, _Answer]) -> Callable[_Arguments, _Answer]:
    """Anticipated errors become the call's status, with the message and nothing else."""

    @wraps(method)
    def telling(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> _Answer:
        try:
            return method(*arguments, **named)
        except StandInError as error:
            _provider, _request, context = arguments  # gRPC gives them by position
            cast("grpc.ServicerContext", context).abort(grpc.StatusCode.UNKNOWN, str(error))

    return telling


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One stand-in serves any number of engines, one after the other or at once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._location: str | None = None
        self._client: ArmClient | None = None

    @property
    def _arm(self) -> ArmClient:
        if self._client is None:
            self._client = ArmClient(Cloud.from_environment(self._environment))
        return self._client

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """What the stand-in understands. Secrets are left to the engine's own account of them."""
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The engine says where it is; nothing here calls it."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The version whose behaviour this is."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No schema: programs bring the published package."""
        return provider_pb2.GetSchemaResponse(schema="{}")

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Any configuration that the real provider takes is taken."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Another configuration replaces nothing."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    @_told
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Takes the default location; where the sandbox is comes from the environment."""
        Cloud.from_environment(self._environment)
        self._location = request.variables.get("azure-native:config:location") or None
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @_told
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Calls a function."""
        response = provider_pb2.InvokeResponse()
        # A keyword in Python, so it cannot be named in the call.
        getattr(response, "return").CopyFrom(encode(call(request.tok, decode(request.args), self._arm)))
        return response

    @_told
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Fills in the name, if none is given, and the location."""
        spec, inputs, old = _spec(request.urn), decode(request.news), decode(request.olds)
        if spec.own_name not in inputs:
            inputs[spec.own_name] = old.get(spec.own_name) or _automatic_name(request)
        if "location" in spec.inputs and "location" not in inputs:
            location = old.get("location") or self._location or self._group_location(inputs)
            if location:
                inputs["location"] = location
        return provider_pb2.CheckResponse(inputs=encode(inputs))

    @_told
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Compares old inputs with new ones."""
        spec = _spec(request.urn)
        found = differences(spec, decode(request.old_inputs), decode(request.news))
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if found else response.DIFF_NONE,
            diffs=[item.path for item in found],
            replaces=[item.path for item in found if item.replaces],
            detailedDiff={
                item.path: provider_pb2.PropertyDiff(kind=_KINDS[item.change, item.replaces], inputDiff=True)
                for item in found
            },
            hasDetailedDiff=True,
            # The name is the user's, so the new resource cannot exist beside the old one, unless the name changes.
            deleteBeforeReplace=not any(item.path in spec.path_inputs for item in found),
        )

    @_told
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Creates what is not there; what is there is refused, unless it comes with its parent."""
        spec, inputs = _spec(request.urn), decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(preview_outputs(spec, inputs)))
        path = self._path(spec, inputs)
        if not spec.made_with_parent:
            self._require_absent(spec, path)
        outputs = self._put(spec, path, inputs, context)
        return provider_pb2.CreateResponse(id=outputs["id"], properties=encode(outputs))

    @_told
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Puts the whole resource, as the real provider does."""
        spec, inputs = _spec(request.urn), decode(request.news)
        if request.preview:
            outputs = preview_outputs(spec, inputs, known=decode(request.olds))
            return provider_pb2.UpdateResponse(properties=encode(outputs))
        outputs = self._put(spec, request.id, inputs, context)
        return provider_pb2.UpdateResponse(properties=encode(outputs))

    @_told
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Reads for refresh and import; an empty id says that the resource is gone."""
        spec, old = _spec(request.urn), decode(request.inputs)
        response = self._arm.get(request.id, spec.api_version)
        if response is None:
            return provider_pb2.ReadResponse()
        outputs = to_outputs(spec, response, old)
        inputs = refreshed_inputs(old, outputs) if old else imported_inputs(spec, request.id, response)
        return provider_pb2.ReadResponse(id=request.id, properties=encode(outputs), inputs=encode(inputs))

    @_told
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Deletes; what comes with its parent stays with it."""
        spec = _spec(request.urn)
        if not spec.made_with_parent:
            self._arm.delete(request.id, spec.api_version)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Ends every wait; the next engine starts with a fresh client."""
        client, self._client = self._client, None
        if client is not None:
            client.cancel()
        return empty_pb2.Empty()

    def _path(self, spec: TypeSpec, inputs: Json) -> str:
        return resource_path(spec, self._arm.cloud.subscription_id, inputs)

    def _require_absent(self, spec: TypeSpec, path: str) -> None:
        try:
            existing = self._arm.get(path, spec.api_version)
        except ArmError as refused:
            raise StandInError(f"cannot check existence of resource '{path}': {refused}") from refused
        if existing:
            raise StandInError(f"cannot create already existing resource '{path}'")

    def _put(self, spec: TypeSpec, path: str, inputs: Json, context: grpc.ServicerContext) -> Json:
        try:
            response = self._arm.put(path, spec.api_version, to_body(spec, inputs))
        except OperationError as failed:
            # The resource exists, half made. The engine must record it, or the next run would find a stranger.
            made = self._arm.read(path, spec.api_version)
            _abort_half_made(context, made["id"], encode(to_outputs(spec, made, inputs)), encode(inputs), str(failed))
            raise AssertionError("unreachable") from failed
        return to_outputs(spec, response, inputs)

    def _group_location(self, inputs: Json) -> str | None:
        group = inputs.get("resourceGroupName")
        spec = TYPES["azure-native:resources:ResourceGroup"]
        if not group:
            return None
        found = self._arm.get(self._path(spec, {"resourceGroupName": group}), spec.api_version)
        return found["location"] if found else None


def _spec(urn: str) -> TypeSpec:
    token = urn.split("::")[2].rpartition("$")[2]
    if spec := TYPES.get(token):
        return spec
    raise StandInError(f"the sandbox has no resource type {token}; it has: {', '.join(sorted(TYPES))}")


def _automatic_name(request: Any) -> str:
    """The name that the engine proposes or, like the real provider, the logical name with 8 hexadecimal digits."""
    if request.autonaming.proposed_name:
        return request.autonaming.proposed_name
    logical = request.urn.rpartition("::")[2]
    return logical + request.randomSeed.hex()[:_RANDOM_SUFFIX_DIGITS]


def _abort_half_made(
    context: grpc.ServicerContext, resource_id: str, properties: Any, inputs: Any, reason: str
) -> None:
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(id=resource_id, properties=properties, inputs=inputs, reasons=[reason])
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
    context.set_trailing_metadata(((_STATUS_DETAILS, status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, reason)
