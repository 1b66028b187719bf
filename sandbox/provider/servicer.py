"""The provider's protocol: check, diff, create, read, update, delete and functions, as azure-native does them.

In one thing the stand-in is stricter than the real provider: keys from functions and secret inputs are marked as
secrets. The real one leaves that to the program.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final, NoReturn, ParamSpec, TypeVar, cast

import grpc
from google.protobuf import any_pb2, empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.provider.arm_client import ArmClient
from sandbox.provider.bodies import (
    API_VERSION,
    imported_inputs,
    preview_outputs,
    resource_path,
    sealed,
    to_body,
    to_outputs,
)
from sandbox.provider.checks import CREATE_BEFORE_DELETE, group_location, missing, with_defaults
from sandbox.provider.differences import Change, differences
from sandbox.provider.errors import ArmError, StandInError, UnfinishedError
from sandbox.provider.functions import call
from sandbox.provider.refresh import refreshed_inputs
from sandbox.provider.sessions import Session, Sessions
from sandbox.provider.type_spec import TypeSpec
from sandbox.provider.types import TYPES
from sandbox.provider.wire import Json, decode, encode

PACKAGE: Final = "azure-native"
VERSION: Final = "3.29.0"
"""The azure-native version whose behaviour this is."""
STABLE_OUTPUTS: Final = ("name", "location")
"""What an update cannot change, so that a preview of it knows them."""
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
    """Any number of engines at once, each in a session of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._sessions = Sessions(environment)

    def close(self) -> None:
        """Closes the connections to the clouds."""
        self._sessions.close()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """What is understood. Like the real provider it takes no secrets: the engine keeps its own account of them."""
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The engine says where it is; nothing here calls it."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The version whose behaviour this is."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Name and version only: programs bring the published package."""
        return provider_pb2.GetSchemaResponse(schema=json.dumps({"name": PACKAGE, "version": VERSION}))

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Any configuration that the real provider takes is taken."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Another configuration replaces nothing."""
        return provider_pb2.DiffResponse()

    @_told
    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Begins a session with its subscription, default location and sandbox."""
        prefix = f"{PACKAGE}:config:"
        variables = {key.removeprefix(prefix): value for key, value in dict(request.variables).items()}
        self._sessions.configure(context.peer(), variables)
        return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    @_told
    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Calls a function."""
        response = provider_pb2.InvokeResponse()
        result = call(request.tok, decode(request.args), self._session(context).client(context))
        # A keyword in Python, so it cannot be named in the call.
        getattr(response, "return").CopyFrom(encode(result))
        return response

    @_told
    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Fills in name, location and API version; says what is missing."""
        spec, session = _spec(request.urn), self._session(context)
        arm = session.client(context)
        inputs = with_defaults(
            spec,
            request,
            decode(request.olds),
            decode(request.news),
            lambda inputs: session.location or group_location(inputs, lambda name: _group_location(arm, name)),
        )
        return provider_pb2.CheckResponse(
            inputs=encode(sealed(spec, inputs)),
            failures=[provider_pb2.CheckFailure(reason=reason) for reason in missing(spec, inputs)],
        )

    @_told
    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Compares old inputs with new ones."""
        spec, old, outputs = _spec(request.urn), decode(request.old_inputs), decode(request.olds)
        # Imported inputs have no API version; the outputs tell with which one they were read.
        old = {API_VERSION: outputs[API_VERSION], **old} if API_VERSION in outputs else old
        found = differences(spec, old, decode(request.news), outputs)
        replaces = [item.path for item in found if item.replaces]
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if found else response.DIFF_NONE,
            diffs=list(dict.fromkeys(item.key for item in found)),
            replaces=replaces,
            detailedDiff={
                item.path: provider_pb2.PropertyDiff(kind=_KINDS[item.change, item.replaces], inputDiff=True)
                for item in found
            },
            hasDetailedDiff=True,
            # A name that the program gave cannot be had twice; a random one can change.
            deleteBeforeReplace=bool(replaces) and not old.get(CREATE_BEFORE_DELETE, False),
        )

    @_told
    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Creates what is not there; what is there is refused, unless it comes with its parent."""
        spec, inputs = _spec(request.urn), decode(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=encode(sealed(spec, preview_outputs(spec, inputs))))
        arm = self._session(context).client(context, request.timeout)
        path = resource_path(spec, arm.cloud.subscription_id, inputs)
        if not spec.singleton:
            _require_absent(arm, path, spec)
        outputs = _put(arm, spec, path, inputs, {}, context)
        return provider_pb2.CreateResponse(id=outputs["id"], properties=encode(sealed(spec, outputs)))

    @_told
    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Puts the whole resource, as the real provider does."""
        spec, inputs, old = _spec(request.urn), decode(request.news), decode(request.olds)
        if request.preview:
            stable = {key: old[key] for key in STABLE_OUTPUTS if key in old}
            return provider_pb2.UpdateResponse(properties=encode(sealed(spec, preview_outputs(spec, inputs) | stable)))
        resets = {key: value for key, value in spec.resets.items() if key in old and key not in inputs}
        arm = self._session(context).client(context, request.timeout)
        outputs = _put(arm, spec, request.id, inputs, resets, context)
        return provider_pb2.UpdateResponse(properties=encode(sealed(spec, outputs)))

    @_told
    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Reads for refresh and import; an empty id says that the resource is gone."""
        spec = _spec(request.urn)
        response = self._session(context).client(context).get(request.id, spec.api_version)
        if response is None:
            return provider_pb2.ReadResponse()
        outputs = to_outputs(spec, response)
        if request.HasField("inputs"):
            inputs = refreshed_inputs(spec, decode(request.inputs), decode(request.properties), outputs)
        else:
            inputs = imported_inputs(spec, request.id, outputs)
        return provider_pb2.ReadResponse(
            id=request.id, properties=encode(sealed(spec, outputs)), inputs=encode(sealed(spec, inputs))
        )

    @_told
    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Deletes; what comes with its parent gets its defaults back instead."""
        spec = _spec(request.urn)
        arm = self._session(context).client(context, request.timeout)
        if spec.singleton:
            arm.put(request.id, spec.api_version, {})
        else:
            arm.delete(request.id, spec.api_version)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Ends every wait of this engine."""
        self._sessions.cancel(context.peer())
        return empty_pb2.Empty()

    def _session(self, context: grpc.ServicerContext) -> Session:
        return self._sessions.of(context.peer())


def _spec(urn: str) -> TypeSpec:
    token = urn.split("::")[2].rpartition("$")[2]
    if spec := TYPES.get(token):
        return spec
    raise StandInError(f"the sandbox has no resource type {token}; it has: {', '.join(sorted(TYPES))}")


def _group_location(arm: ArmClient, name: str) -> str | None:
    spec = TYPES["azure-native:resources:ResourceGroup"]
    path = resource_path(spec, arm.cloud.subscription_id, {"resourceGroupName": name})
    found = arm.get(path, spec.api_version)
    return found["location"] if found else None


def _require_absent(arm: ArmClient, path: str, spec: TypeSpec) -> None:
    try:
        existing = arm.get(path, spec.api_version)
    except ArmError as refused:
        found = f"status code {refused.status}, {refused.body}"
        raise StandInError(f"cannot check existence of resource '{path}': {found}") from refused
    if existing:
        raise StandInError(f"cannot create already existing resource '{path}'")


def _put(arm: ArmClient, spec: TypeSpec, path: str, inputs: Json, resets: Json, context: grpc.ServicerContext) -> Json:
    """The outputs; `resets` go to ARM with the inputs, but are none that the program gave."""
    try:
        return to_outputs(spec, arm.put(path, spec.api_version, to_body(spec, {**inputs, **resets})))
    except UnfinishedError as failed:
        _abort_half_made(arm, spec, path, inputs, context, str(failed))


def _abort_half_made(
    arm: ArmClient, spec: TypeSpec, path: str, inputs: Json, context: grpc.ServicerContext, reason: str
) -> NoReturn:
    """The resource exists, half made. The engine must record it, or the next run would find a stranger.

    Raises:
        StandInError: ARM says that there is none.
    """
    made: Json = {}
    try:
        found = arm.get(path, spec.api_version)
    except StandInError as unread:
        reason = f"resource created but read failed {unread}: {reason}"
    else:
        if found is None:
            raise StandInError(reason)
        made = to_outputs(spec, found)
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=made.get("id", path),
            properties=encode(sealed(spec, made)),
            inputs=encode(sealed(spec, inputs)),
            reasons=[reason],
        )
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=reason, details=[detail])
    context.set_trailing_metadata(((_STATUS_DETAILS, status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, reason)
    raise AssertionError("unreachable")
