"""Who can reach the endpoint, and how."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from policy.resource import AUTH_CONFIG, CONTAINER_APP, Property, Resource
from policy.rule import Kind, Option, Options, Rule, Scope, Severity, Subject, at, entries, within

MCSB_TRANSIT: Final = "Microsoft cloud security benchmark v1, DP-3: encrypt sensitive data in transit"
MCSB_NETWORK: Final = "Microsoft cloud security benchmark v1, NS-2: secure cloud services with network controls"
MCSB_SIGN_IN: Final = "Microsoft cloud security benchmark v1, IM-1: use centralized identity and authentication system"
_EVERY_PATH: Final = ("", "*", "/", "/*", "/**", "/v1", "/v1/*", "/v1/**")
"""Paths that leave nothing to sign in for, once they are excluded from it."""
_SIGN_IN_ACTIONS: Final = ("Return401", "Return403", "RedirectToLoginPage")


def _external(app: Resource, _: Options) -> Iterable[Subject]:
    ingress = app.at("configuration.ingress")
    if ingress.value is not None and ingress.at("external").flag:
        yield ingress


def _is_guarded(ingress: Property, options: Options) -> bool:
    return (
        _allows_some_only(ingress, options)
        or ingress.at("clientCertificateMode").text.lower() == "require"
        or _has_api_key(ingress.resource, options)
        or _has_sign_in(ingress.resource)
    )


def _allows_some_only(ingress: Property, options: Options) -> bool:
    """Whether rules allow addresses, so that all others are refused, and none allows everybody."""
    allowing = [rule for rule in ingress.items("ipSecurityRestrictions") if rule.at("action").text == "Allow"]
    return bool(allowing) and all(_is_narrow(rule.at("ipAddressRange"), options) for rule in allowing)


def _is_narrow(ip_range: Property, options: Options) -> bool:
    """False for what is wide, and for what is no range: the service refuses it or reads it otherwise."""
    try:
        return ipaddress.ip_network(ip_range.text, strict=False).prefixlen >= options["shortestPrefix"]
    except ValueError:
        return False


def _has_api_key(app: Resource, options: Options) -> bool:
    return any(
        variable.at("name").text in options["apiKeyVariables"] and variable.at("secretRef").raw is not None
        for container in app.items("template.containers")
        for variable in container.items("env")
    )


def _has_sign_in(app: Resource) -> bool:
    return any(
        sign_in.at("platform.enabled").flag
        and sign_in.at("globalValidation.unauthenticatedClientAction").text in _SIGN_IN_ACTIONS
        and not any(path.text.strip() in _EVERY_PATH for path in sign_in.items("globalValidation.excludedPaths"))
        for sign_in in app.siblings.referring(app, AUTH_CONFIG, "containerAppName")
    )


def _allowed_ranges(app: Resource, _: Options) -> Iterable[Subject]:
    def allowing(rule: Property) -> Iterable[Property]:
        if rule.at("action").text == "Allow":
            yield rule.at("ipAddressRange")

    return within(entries(app, "configuration.ingress.ipSecurityRestrictions"), allowing)


def _extra_ports(app: Resource, _: Options) -> Iterable[Subject]:
    mappings = entries(app, "configuration.ingress.additionalPortMappings")
    return within(mappings, lambda mapping: (mapping.at("external"),))


def _origins(app: Resource, _: Options) -> Iterable[Subject]:
    return entries(app, "configuration.ingress.corsPolicy.allowedOrigins")


_SHORTEST_PREFIX: Final = Option("shortestPrefix", Kind.INTEGER, 8, "bits of the widest range that a rule may allow")

RULES: Final = (
    Rule(
        id="exposure-tls-only",
        title="The endpoint speaks TLS only",
        reason="Over plain HTTP everybody on the way reads the prompts, the answers and the API key; with the transport"
        " tcp the ingress passes bytes on and adds no TLS.",
        fix="Set configuration.ingress.allowInsecure to false, and transport to auto, http or http2; clients use the"
        " https:// URL.",
        wanted="false, and a transport other than tcp",
        severity=Severity.CRITICAL,
        types=(CONTAINER_APP,),
        subjects=at("configuration.ingress.allowInsecure", "configuration.ingress.transport"),
        allowed=lambda found, _: found.text.lower() != "tcp" if found.path.endswith("transport") else not found.flag,
        references=(MCSB_TRANSIT,),
    ),
    Rule(
        id="exposure-authentication",
        title="An endpoint on the internet asks who is calling",
        reason="Whoever finds the URL could use the GPU at your cost, and the model that you trained.",
        fix="Give the app an API key (a secret that one of the variables refers to), Entra sign-in, client certificates"
        " or rules for IP addresses; or make the ingress internal.",
        wanted="one of: an API key in {apiKeyVariables}, sign-in, client certificates, an IP rule that allows",
        severity=Severity.CRITICAL,
        types=(CONTAINER_APP,),
        subjects=_external,
        allowed=_is_guarded,
        scope=Scope.STACK,
        options=(
            Option(
                "apiKeyVariables",
                Kind.STRINGS,
                ("INFERENCE_API_KEYS", "VLLM_API_KEY"),
                "environment variables by which an app is given the keys that it asks its clients for",
            ),
            _SHORTEST_PREFIX,
        ),
        references=(MCSB_SIGN_IN, MCSB_NETWORK),
    ),
    Rule(
        id="exposure-ip-ranges",
        title="An IP rule allows less than everybody",
        reason="A rule that allows every address reads like a restriction and is none.",
        fix="Name the networks of your clients, or remove the rule and rely on authentication.",
        wanted="ranges in CIDR notation, of /{shortestPrefix} or narrower",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_allowed_ranges,
        allowed=_is_narrow,
        options=(_SHORTEST_PREFIX,),
        references=(MCSB_NETWORK,),
    ),
    Rule(
        id="exposure-extra-ports",
        title="No further port is open to the internet",
        reason="An additional port is plain TCP: the ingress asks nobody for a key there and adds no TLS.",
        fix="Set external of the mapping to false, or remove it.",
        wanted="false",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_extra_ports,
        allowed=lambda external, _: not external.flag,
        references=(MCSB_NETWORK,),
    ),
    Rule(
        id="exposure-cors",
        title="Browsers may call from named origins only",
        reason="With a wildcard, any web page that a colleague opens can call the endpoint from inside your network.",
        fix="List the origins of your own pages in configuration.ingress.corsPolicy.allowedOrigins.",
        wanted="origins by name, without *",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_origins,
        allowed=lambda origin, _: "*" not in origin.text,
        references=(MCSB_NETWORK,),
    ),
)
