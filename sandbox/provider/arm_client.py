"""ARM as the stand-in calls it: over TLS, with a managed identity's token, polling long-running operations."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from sandbox.provider.errors import ArmError, OperationError, StandInError
from sandbox.provider.wire import Json

METADATA_API_VERSION: Final = "2022-09-01"
IDENTITY_API_VERSION: Final = "2019-08-01"
REQUEST_TIMEOUT_SECONDS: Final = 60.0
# The real provider waits 20, 60 and 120 seconds; on one machine that would only make people wait.
RETRY_SECONDS: Final = (0.5, 1.0, 2.0)
RETRIED_STATUS: Final = frozenset({408, 429, 500, 502, 503, 504})
POLL_SECONDS: Final = 0.2
TOKEN_MARGIN_SECONDS: Final = 120
_TERMINAL: Final = frozenset({"succeeded", "failed", "canceled"})


@dataclass(frozen=True)
class Cloud:
    """Where to go and as whom: all from the environment or the provider's configuration."""

    metadata_host: str
    identity_endpoint: str
    identity_header: str
    certificate_file: str
    subscription_id: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Cloud":
        """Raises StandInError when no sandbox is named: this provider must never call the real cloud."""
        host = environment.get("ARM_METADATA_HOSTNAME")
        if not host:
            raise StandInError(
                "this is the sandbox's stand-in for azure-native, and ARM_METADATA_HOSTNAME does not say where the"
                ' sandbox is; run: eval "$(aca-inference sandbox env)"'
            )
        return cls(
            metadata_host=host,
            identity_endpoint=environment.get("IDENTITY_ENDPOINT", ""),
            identity_header=environment.get("IDENTITY_HEADER", ""),
            certificate_file=environment.get("SSL_CERT_FILE", ""),
            subscription_id=environment.get("ARM_SUBSCRIPTION_ID", ""),
        )


class ArmClient:
    """Requests to ARM; thread-safe. `cancel` ends every wait."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._http = httpx.Client(
            verify=ssl.create_default_context(cafile=cloud.certificate_file or None),
            timeout=REQUEST_TIMEOUT_SECONDS,
            trust_env=False,
        )
        self._canceled = threading.Event()
        self._lock = threading.Lock()
        self._endpoint = self._audience = self._token = ""
        self._token_expires = 0.0

    def cancel(self) -> None:
        """Ends waiting for operations; they go on in the cloud."""
        self._canceled.set()

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def get(self, path: str, api_version: str) -> Json | None:
        """The resource, or None if there is none."""
        try:
            return self._send("GET", path, api_version).json()
        except ArmError as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def read(self, path: str, api_version: str) -> Json:
        """The resource; a missing one is an error."""
        return self._send("GET", path, api_version).json()

    def post(self, path: str, api_version: str) -> Json:
        """The answer to an action such as `listKeys`."""
        return self._send("POST", path, api_version).json()

    def put(self, path: str, api_version: str, body: Json) -> Json:
        """Creates or replaces, waits for the end and reads the result.

        Raises:
            ArmError: it was not accepted.
            OperationError: it was accepted and then failed.
        """
        self._wait(self._send("PUT", path, api_version, body))
        return self.read(path, api_version)

    def delete(self, path: str, api_version: str) -> None:
        """Deletes and waits for the end; what is not there counts as deleted."""
        try:
            self._wait(self._send("DELETE", path, api_version))
        except ArmError as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise

    def token(self) -> str:
        """A bearer token for ARM, fetched anew shortly before it ends."""
        with self._lock:
            if time.time() > self._token_expires - TOKEN_MARGIN_SECONDS:
                self._discover()
                answer = self._http.get(
                    self.cloud.identity_endpoint,
                    params={"api-version": IDENTITY_API_VERSION, "resource": self._audience},
                    headers={"X-IDENTITY-HEADER": self.cloud.identity_header, "Metadata": "true"},
                )
                if answer.is_error:
                    raise StandInError(f"the sandbox gave no token: {answer.status_code} {answer.text[:200]}")
                self._token, self._token_expires = answer.json()["access_token"], float(answer.json()["expires_on"])
            return self._token

    def claims(self) -> Json:
        """What the token says about whom it was given to."""
        payload = self.token().split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def _discover(self) -> None:
        if not self._endpoint:
            host = self.cloud.metadata_host
            base = host if "://" in host else f"https://{host}"
            answer = self._http.get(f"{base}/metadata/endpoints", params={"api-version": METADATA_API_VERSION})
            answer.raise_for_status()
            metadata = answer.json()
            self._endpoint = metadata["resourceManager"].rstrip("/")
            self._audience = metadata["authentication"]["audiences"][0]

    def _send(self, method: str, path: str, api_version: str, body: Json | None = None) -> httpx.Response:
        token = self.token()
        url = path if path.startswith("https://") else f"{self._endpoint}{path}"
        parameters = {} if "api-version=" in url else {"api-version": api_version}
        for delay in (*RETRY_SECONDS, None):
            try:
                answer = self._http.request(
                    method, url, params=parameters or None, json=body, headers={"Authorization": f"Bearer {token}"}
                )
            except httpx.TransportError as error:
                if delay is None:
                    raise StandInError(f"the sandbox does not answer at {self._endpoint}: {error}") from error
                self._pause(delay)
                continue
            refused = _refusal(answer) if answer.is_error else None
            if refused is None:
                return answer
            again = answer.status_code in RETRIED_STATUS or refused.code == "AnotherOperationInProgress"
            if delay is None or not again:
                raise refused
            self._pause(delay)
        raise AssertionError("unreachable")

    def _wait(self, answer: httpx.Response) -> None:
        operation, location = answer.headers.get("Azure-AsyncOperation"), answer.headers.get("Location")
        if operation is None and answer.status_code != HTTPStatus.ACCEPTED:
            return
        while operation:
            status = self._send("GET", operation, "").json()
            if status["status"].lower() in _TERMINAL:
                if status["status"].lower() != "succeeded":
                    error: Json = status.get("error") or {}
                    raise OperationError(f'Code="{error.get("code", "")}" Message="{error.get("message", "")}"')
                return
            self._pause(POLL_SECONDS)
        while location and self._send("GET", location, "").status_code == HTTPStatus.ACCEPTED:
            self._pause(POLL_SECONDS)

    def _pause(self, seconds: float) -> None:
        if self._canceled.wait(seconds):
            raise StandInError("canceled")


def _refusal(answer: httpx.Response) -> ArmError:
    try:
        error: Any = answer.json()["error"]
        return ArmError(answer.status_code, error["code"], error["message"])
    except (ValueError, KeyError, TypeError):
        return ArmError(answer.status_code, "", answer.text[:500])
