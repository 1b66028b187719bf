"""Access tokens: JSON web tokens that the sandbox signs and only the sandbox accepts."""

import time
from typing import Any, Final

import jwt

TOKEN_LIFETIME_SECONDS: Final = 24 * 3600
_ALGORITHM: Final = "HS256"
CLIENT_ID: Final = "2f9f4d8a-6f0b-4b56-9a3e-5d1c7a4e0b11"
"""Application id in every token: the sandbox has one identity."""


class Tokens:
    """Issues and checks tokens of one tenant."""

    def __init__(self, key: str, tenant_id: str, principal_id: str, arm_url: str) -> None:
        self._key = key
        self._tenant_id = tenant_id
        self._principal_id = principal_id
        self._issuer = f"{arm_url}/{tenant_id}/"
        self._audiences = [arm_url, "https://management.azure.com", "https://management.core.windows.net"]

    def issue(self, resource: str) -> dict[str, str]:
        """A token for `resource`, as the App Service identity endpoint answers."""
        now = int(time.time())
        claims = {
            "aud": resource.rstrip("/"),
            "iss": self._issuer,
            "tid": self._tenant_id,
            "oid": self._principal_id,
            "sub": self._principal_id,
            "appid": CLIENT_ID,
            "iat": now,
            "nbf": now - 300,
            "exp": now + TOKEN_LIFETIME_SECONDS,
        }
        return {
            "access_token": jwt.encode(claims, self._key, algorithm=_ALGORITHM),
            "expires_on": str(claims["exp"]),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": CLIENT_ID,
        }

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token for ARM.

        Raises:
            jwt.InvalidTokenError: not signed here, expired, or for another audience.
        """
        required = ["exp", "aud", "tid", "oid"]
        return jwt.decode(
            token, self._key, algorithms=[_ALGORITHM], audience=self._audiences, options={"require": required}
        )
