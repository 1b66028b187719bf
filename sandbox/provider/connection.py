"""The way to the sandbox's ARM: where it is, as whom, and single requests over TLS."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from sandbox.provider.errors import StandInError
from sandbox.provider.wire import Json

METADATA_API_VERSION: Final = "2022-09-01"
IDENTITY_API_VERSION: Final = "2019-08-01"
REQUEST_TIMEOUT_SECONDS: Final = 60.0
TOKEN_MARGIN_SECONDS: Final = 120
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Cloud:
    """Where to go and as whom."""

    metadata_host: str
    identity_endpoint: str
    identity_header: str
    certificate_file: str
    subscription_id: str

    @classmethod
    def configured(cls, environment: Mapping[str, str], configuration: Mapping[str, str]) -> "Cloud":
        """Takes the provider's configuration (without its prefix) before the environment, as the real provider does.

        Raises:
            StandInError: no sandbox is named, or something else than a sandbox on this machine; this provider must
                never call the real cloud. Or what is needed to log in there is missing.
        """
        host = configuration.get("metadataHost") or environment.get("ARM_METADATA_HOSTNAME")
        if not host:
            raise StandInError(
                "this is the sandbox's stand-in for azure-native, and neither azure-native:metadataHost nor"
                ' ARM_METADATA_HOSTNAME says where the sandbox is; run: eval "$(aca-inference sandbox env)"'
            )
        cloud = cls(
            metadata_host=host if "://" in host else f"https://{host}",
            identity_endpoint=environment.get("IDENTITY_ENDPOINT", ""),
            identity_header=environment.get("IDENTITY_HEADER", ""),
            certificate_file=environment.get("SSL_CERT_FILE") or environment.get("REQUESTS_CA_BUNDLE", ""),
            subscription_id=configuration.get("subscriptionId") or environment.get("ARM_SUBSCRIPTION_ID", ""),
        )
        _sandbox_url(cloud.metadata_host, "the metadata host")
        if not cloud.identity_endpoint:
            raise StandInError("no identity: IDENTITY_ENDPOINT and IDENTITY_HEADER say where tokens are given, and why")
        _sandbox_url(cloud.identity_endpoint, "the identity endpoint")
        if not cloud.subscription_id:
            raise StandInError("no subscription: set azure-native:subscriptionId or ARM_SUBSCRIPTION_ID")
        return cloud


class Connection:
    """Requests to one cloud; thread-safe. Where ARM is and tokens are found out once and kept.

    Raises:
        StandInError: there are no certificates in the file that is named.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        try:
            trust = ssl.create_default_context(cafile=cloud.certificate_file or None)
        except OSError as error:
            raise StandInError(f"no certificates in {cloud.certificate_file} (SSL_CERT_FILE): {error}") from error
        self._http = httpx.Client(verify=trust, timeout=REQUEST_TIMEOUT_SECONDS, trust_env=False)
        self._lock = threading.Lock()
        self._endpoint = self._audience = ""
        self._tokens: dict[str, tuple[str, float]] = {}

    def close(self) -> None:
        """Closes its connections."""
        self._http.close()

    def request(
        self, method: str, path: str, api_version: str, body: Json | None, timeout_seconds: float
    ) -> httpx.Response:
        """One request to ARM; `path` may be a whole address, as long-running operations give them.

        Raises:
            httpx.TransportError: no answer.
            StandInError: the sandbox gives no token, or the address is not one to send a token to.
        """
        token = self.token()
        url = _sandbox_url(path if "://" in path else f"{self._endpoint}{path}", "the resource manager")
        if url.scheme != "https":
            raise StandInError(f"{url} is not https; no token is sent in the clear")
        if "api-version" not in url.params:
            url = url.copy_add_param("api-version", api_version)
        headers = {"Authorization": f"Bearer {token}"}
        return self._http.request(method, url, json=body, headers=headers, timeout=timeout_seconds)

    def token(self, audience: str = "") -> str:
        """A bearer token, for ARM unless another audience is named; fetched anew shortly before it ends.

        Raises:
            httpx.TransportError: no answer.
            StandInError: the sandbox gives none.
        """
        with self._lock:
            self._discover()
            audience = audience or self._audience
            token, expires = self._tokens.get(audience, ("", 0.0))
            if time.time() > expires - TOKEN_MARGIN_SECONDS:
                answer = self._http.get(
                    self.cloud.identity_endpoint,
                    params={"api-version": IDENTITY_API_VERSION, "resource": audience},
                    headers={"X-IDENTITY-HEADER": self.cloud.identity_header, "Metadata": "true"},
                )
                if answer.is_error:
                    raise StandInError(f"the sandbox gave no token: {answer.status_code} {answer.text[:200]}")
                token, expires = answer.json()["access_token"], float(answer.json()["expires_on"])
                self._tokens[audience] = token, expires
            return token

    def claims(self) -> Json:
        """What the token says about whom it was given to."""
        payload = self.token().split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def _discover(self) -> None:
        if self._endpoint:
            return
        answer = self._http.get(
            f"{self.cloud.metadata_host}/metadata/endpoints", params={"api-version": METADATA_API_VERSION}
        )
        if answer.is_error:
            raise StandInError(f"{self.cloud.metadata_host} has no cloud metadata: {answer.status_code}")
        self._audience = answer.json()["authentication"]["audiences"][0]
        self._endpoint = answer.json()["resourceManager"].rstrip("/")


def _sandbox_url(address: str, what: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as error:
        raise StandInError(f"{what} has no valid address, {address!r}: {error}") from error
    if url.host not in _LOOPBACK:
        raise StandInError(f"{what} is {url.host}, not a sandbox on this machine; the stand-in goes nowhere else")
    return url
