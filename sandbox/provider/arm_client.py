"""ARM as one call of the engine uses it: with retries, long-running operations, and an end to waiting."""

import logging
import threading
import time
from http import HTTPStatus
from typing import Any, Final

import httpx

from sandbox.provider.connection import REQUEST_TIMEOUT_SECONDS, Cloud, Connection
from sandbox.provider.errors import ArmError, StandInError, UnfinishedError
from sandbox.provider.wire import Json

OPERATION_TIMEOUT_SECONDS: Final = 7200.0
"""As the real provider has it, where the program sets no custom timeout."""
# The real provider retries as often, but waits 20, 60 and 120 seconds; on one machine that would only make people wait.
RETRY_SECONDS: Final = (0.5, 1.0, 2.0)
RETRIED_STATUS: Final = frozenset({408, 429, 500, 502, 503, 504})
RETRIED_CONFLICT: Final = "AnotherOperationInProgress"
LAST_REQUEST_SECONDS: Final = 1.0
"""For what is still asked when the time is over: how far the resource has come."""
POLL_SECONDS: Final = 0.2
"""Where ARM gives no Retry-After. The real provider's 10 (30 for a delete) are for a cloud far away."""
_TERMINAL: Final = frozenset({"succeeded", "failed", "canceled"})
_log: Final = logging.getLogger(__name__)


class ArmClient:
    """The requests of one call; `ended` ends its waiting, operations go on in the cloud."""

    def __init__(
        self, connection: Connection, ended: threading.Event, timeout_seconds: float = OPERATION_TIMEOUT_SECONDS
    ) -> None:
        self._connection = connection
        self._ended = ended
        self._timeout_seconds = timeout_seconds
        self._deadline = time.monotonic() + timeout_seconds

    @property
    def cloud(self) -> Cloud:
        """Where the requests go."""
        return self._connection.cloud

    def get(self, path: str, api_version: str) -> Json | None:
        """The resource, or None if there is none."""
        try:
            return self.read(path, api_version)
        except ArmError as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def read(self, path: str, api_version: str) -> Json:
        """The resource; a missing one is an error."""
        return _json(self._send("GET", path, api_version))

    def post(self, path: str, api_version: str) -> Json:
        """The answer to an action such as `listKeys`."""
        return _json(self._send("POST", path, api_version, {}))

    def put(self, path: str, api_version: str, body: Json) -> Json:
        """Creates or replaces, waits for the end and reads the result.

        Raises:
            ArmError: it was not accepted.
            UnfinishedError: it was accepted, and then failed or was not waited for.
        """
        accepted = self._send("PUT", path, api_version, body)
        try:
            self._wait(accepted, path, api_version)
        except StandInError as failed:
            raise UnfinishedError(str(failed)) from failed
        try:
            return self.read(path, api_version)
        except StandInError as unread:
            # It is made all the same: the real provider warns and takes the answer to the PUT.
            _log.warning("made %s, but could not read it: %s", path, unread)
            made = _json(accepted)
            if "id" not in made:
                raise UnfinishedError(str(unread)) from unread
            return made

    def delete(self, path: str, api_version: str) -> None:
        """Deletes and waits for the end; what is not there counts as deleted."""
        try:
            accepted = self._send("DELETE", path, api_version)
            if accepted.status_code == HTTPStatus.ACCEPTED:
                self._wait(accepted, path, api_version)
        except ArmError as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise

    def token(self, audience: str) -> str:
        """A bearer token; for ARM if no audience is named."""
        try:
            return self._connection.token(audience)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def claims(self) -> Json:
        """What the token says about whom it was given to."""
        try:
            return self._connection.claims()
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, api_version: str, body: Json | None = None) -> httpx.Response:
        delays = iter(RETRY_SECONDS)
        while True:
            remaining = self._deadline - time.monotonic()
            timeout_seconds = min(REQUEST_TIMEOUT_SECONDS, max(remaining, LAST_REQUEST_SECONDS))
            try:
                answer = self._connection.request(method, path, api_version, body, timeout_seconds)
            except httpx.TransportError as error:
                refused, again, wanted = self._unreachable(error), True, 0.0
            else:
                if answer.is_success:
                    return answer
                refused = _refusal(answer)
                again = answer.status_code in RETRIED_STATUS or refused.code == RETRIED_CONFLICT
                wanted = _retry_after(answer)
            delay = next(delays, None)
            if delay is None or not again:
                raise refused
            self._pause(wanted or delay)

    def _wait(self, answer: httpx.Response, path: str, api_version: str) -> None:
        """Polls as ARM's asynchronous operations want it: by their own status, by the location, or by the resource."""
        operation, location = answer.headers.get("Azure-AsyncOperation"), answer.headers.get("Location")
        if operation:
            self._until_done(operation, api_version, "status")
        elif location and answer.status_code == HTTPStatus.ACCEPTED:
            while (polled := self._send("GET", location, api_version)).status_code == HTTPStatus.ACCEPTED:
                self._pause(_retry_after(polled) or POLL_SECONDS)
        elif not _is_done(_json(answer).get("properties") or {}, "provisioningState"):
            self._until_done(path, api_version, "provisioningState")

    def _until_done(self, path: str, api_version: str, key: str) -> None:
        while True:
            answer = self._send("GET", path, api_version)
            body = _json(answer)
            if _is_done(body if key == "status" else body.get("properties") or {}, key):
                return
            self._pause(_retry_after(answer) or POLL_SECONDS)

    def _pause(self, seconds: float) -> None:
        remaining = self._deadline - time.monotonic()
        if self._ended.wait(max(0.0, min(seconds, remaining))):
            raise StandInError("canceled; what was begun goes on in the sandbox")
        if remaining <= seconds:
            raise StandInError(
                f"operation timed out: no end within {self._timeout_seconds:g} seconds; what was begun goes on"
            )

    def _unreachable(self, error: httpx.TransportError) -> StandInError:
        return StandInError(f"the sandbox does not answer at {self.cloud.metadata_host}: {error}")


def _is_done(state: Json, key: str) -> bool:
    """Whether a status or provisioning state is a final one; none at all is success.

    Raises:
        StandInError: it is final, and not success.
    """
    found = str(state.get(key) or "Succeeded")
    if found.lower() in _TERMINAL - {"succeeded"}:
        error: Json = state.get("error") or {}
        raise StandInError(f'{found}: Code="{error.get("code", "")}" Message="{error.get("message", "")}"')
    return found.lower() in _TERMINAL


def _retry_after(answer: httpx.Response) -> float:
    """Seconds; zero, which the real provider takes for nothing said, where ARM gives no number of them."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else 0.0


def _json(answer: httpx.Response) -> Json:
    return answer.json() if answer.content else {}


def _refusal(answer: httpx.Response) -> ArmError:
    try:
        error: Any = answer.json()["error"]
        return ArmError(answer.status_code, error["code"], error["message"], answer.text)
    except (ValueError, KeyError, TypeError):
        return ArmError(answer.status_code, "", answer.text[:500], answer.text)
