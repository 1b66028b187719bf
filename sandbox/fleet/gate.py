"""Whom an app's ingress lets through, before any replica sees the request."""

import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import jwt

_CLOCK_SKEW_SECONDS: Final = 300


@dataclass(frozen=True)
class Gate:
    """Rules for addresses and tokens; the default lets everybody through.

    Of a token, form, audience and time are checked, but not the signature: the keys of Entra ID are out of reach.
    """

    allowed_networks: tuple[str, ...] = ()
    denied_networks: tuple[str, ...] = ()
    token_audiences: tuple[str, ...] | None = None
    """None: no token is needed."""
    open_paths: tuple[str, ...] = ()

    def refusal(self, target: str, authorization: str, peer: str) -> tuple[HTTPStatus, str] | None:
        """Why the request is refused; None lets it through."""
        if not self._admits(peer):
            return HTTPStatus.FORBIDDEN, f"the ingress admits no requests from {peer}"
        if self.token_audiences is None or urlsplit(target).path in self.open_paths:
            return None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return HTTPStatus.UNAUTHORIZED, "a token is needed: send it as `Authorization: Bearer TOKEN`"
        try:
            jwt.decode(
                token.strip(),
                options={"verify_signature": False, "verify_exp": True, "verify_aud": True, "require": ["exp", "aud"]},
                audience=list(self.token_audiences),
                leeway=_CLOCK_SKEW_SECONDS,
            )
        except jwt.InvalidTokenError as error:
            return HTTPStatus.UNAUTHORIZED, f"the token is not taken: {error}"
        return None

    def _admits(self, peer: str) -> bool:
        address = ipaddress.ip_address(peer)

        def within(networks: tuple[str, ...]) -> bool:
            return any(address in ipaddress.ip_network(network, strict=False) for network in networks)

        return not within(self.denied_networks) and (not self.allowed_networks or within(self.allowed_networks))
