"""Log streaming of container apps as az and the portal ask for it: a token, then lines that come as they are written.

    POST APP/getAuthtoken                                                       a token for the streams
    GET  APP/eventstream                                                        the app's system log, as JSON
    GET  APP/revisions/R/replicas/P/containers/C/logstream?output=json|text     a replica's console

Query: `follow=true|false`, `tailLines=0..300`. Source: azure-cli 2.91.0, command_modules/containerapp/custom.py.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sandbox.arm.errors import invalid, not_found
from sandbox.arm.ids import ResourceId, parse_id
from sandbox.arm.resources import Resource, Resources
from sandbox.fleet.logs import console_log, read_log, system_log
from sandbox.tokens import TOKEN_LIFETIME_SECONDS, Tokens

APP_TYPE: Final = "microsoft.app/containerapps"
CONTAINER_TYPE: Final = f"{APP_TYPE}/revisions/replicas/containers"
MAX_TAIL_LINES: Final = 300
_SHORT: Final = re.compile(r"^(/subscriptions/[^/]+/resourceGroups/[^/]+)/containerApps/", re.IGNORECASE)
_LONG: Final = r"\1/providers/Microsoft.App/containerApps/"
"""The service that streams is not ARM: az leaves the provider out of a stream's path."""


class LogStreams:
    """Answers requests for logs; every other request is somebody else's."""

    def __init__(self, resources: Resources, tokens: Tokens, arm_url: str, log_dir: Path) -> None:
        self._resources = resources
        self._tokens = tokens
        self._arm_url = arm_url
        self._log_dir = log_dir

    def answer(self, request: Request) -> Response | None:
        """The answer, or None if the request is for no log.

        Raises:
            ArmError: no such app, or a query that the service does not take.
        """
        path, _, verb = _SHORT.sub(_LONG, request.scope["path"].rstrip("/")).rpartition("/")
        target = parse_id(path)
        match request.method, verb.lower(), "" if target is None else target.type.lower():
            case "POST", "getauthtoken", str(kind) if target and kind == APP_TYPE:
                return self._token(self._app(target))
            case "GET", "eventstream", str(kind) if target and kind == APP_TYPE:
                app = self._app(target)
                return _lines(request, system_log(self._log_dir, app.id.key), _system_record)
            case "GET", "logstream", str(kind) if target and kind == CONTAINER_TYPE:
                app = self._app(
                    ResourceId(
                        target.subscription, target.group, target.namespace, ("containerApps",), target.names[:1]
                    )
                )
                log = console_log(self._log_dir, app.id.key, target.names[2].lower())
                text = request.query_params.get("output") == "text"
                return _lines(request, log, _console_text if text else _console_record)
            case _:
                return None

    def _app(self, target: ResourceId) -> Resource:
        found = self._resources.find(target)
        if found is None:
            raise not_found(target)
        return found

    def _token(self, app: Resource) -> Response:
        token = self._tokens.issue(self._arm_url)["access_token"]
        body = {
            "id": str(app.id),
            "name": app.id.name,
            "type": "Microsoft.App/containerApps/accesstoken",
            "location": app.body["location"],
            "properties": {"token": token, "expires": _expiry()},
        }
        return Response(json.dumps(body), media_type="application/json; charset=utf-8")


def _expiry() -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=TOKEN_LIFETIME_SECONDS):%Y-%m-%dT%H:%M:%SZ}"


def _lines(request: Request, log: Path, shown: Callable[[dict[str, Any]], str]) -> Response:
    query = request.query_params
    tail = query.get("tailLines", "20")
    if not tail.isdigit() or int(tail) > MAX_TAIL_LINES:
        raise invalid("SandboxInvalidTailLines", f"tailLines must be between 0 and {MAX_TAIL_LINES}.")
    follow = query.get("follow", "false").lower() == "true"

    async def stream() -> AsyncIterator[str]:
        async for line in read_log(log, tail=int(tail), follow=follow):
            yield shown(json.loads(line)) + "\n"

    return StreamingResponse(stream(), media_type="text/plain; charset=utf-8")


def _system_record(entry: dict[str, Any]) -> str:
    names = entry["revision"].partition("--")
    return json.dumps(
        {
            "TimeStamp": entry["time"],
            "Type": entry["type"],
            "ContainerAppName": names[0],
            "RevisionName": entry["revision"],
            "ReplicaName": entry["replica"],
            "Msg": entry["message"],
            "Reason": entry["reason"],
            "EventSource": "ContainerAppController",
            "Count": entry["count"],
        },
        ensure_ascii=False,
    )


def _console_record(entry: dict[str, Any]) -> str:
    return json.dumps({"TimeStamp": entry["time"], "Log": entry["line"]}, ensure_ascii=False)


def _console_text(entry: dict[str, Any]) -> str:
    return f"{entry['time']} {entry['line']}"
