"""Who can reach the endpoint, and how."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final

from policy.property import Property, UnreadableError, WrongKindError, select
from policy.resource import AUTH_CONFIG, CONTAINER_APP, Resource
from policy.rule import Kind, Option, Options, Rule, Scope, Severity

MCSB_TRANSIT: Final = "Microsoft cloud security benchmark v1, DP-3: encrypt sensitive data in transit"
MCSB_NETWORK: Final = "Microsoft cloud security benchmark v1, NS-2: secure cloud services with network controls"
MCSB_SIGN_IN: Final = "Microsoft cloud security benchmark v1, IM-1: use centralized identity and authentication system"
_SIGN_IN_ACTIONS: Final = ("Return401", "Return403", "RedirectToLoginPage")
_INGRESS: Final = "configuration.ingress"


def _ingress(app: Resource) -> Iterator[Property]:
    ingress = app.at(_INGRESS)
    if ingress.raw is not None:
        yield ingress


def _plain_ways(app: Resource, _: Options) -> Iterable[Property]:
    """What could let plain text in: the switch, the transport, and ports beside the one for HTTP, which speak TCP."""
    for ingress in _ingress(app):
        yield ingress.at("allowInsecure")
        yield ingress.at("transport")
    yield from _more_ports(app)


def _is_encrypted(way: Property, _: Options) -> bool:
    match way.path.rpartition(".")[2]:
        case "allowInsecure":
            return not way.flag
        case "transport":
            return way.text.lower() != "tcp"
        case _:
            return False


def _more_ports(app: Resource) -> Iterator[Property]:
    return select(app.each(f"{_INGRESS}.additionalPortMappings"), lambda port: port.at("external").flag)


def _ways_in(app: Resource, _: Options) -> Iterable[Property]:
    """The ingress, if it is for the internet, and each further port that is."""
    yield from select(_ingress(app), lambda ingress: ingress.at("external").flag)
    yield from _more_ports(app)


def _is_guarded(way: Property, options: Options) -> bool:
    """Sign-in and client certificates are HTTP's: they guard no port that speaks TCP."""
    app = way.resource
    ingress = app.at(_INGRESS)
    networks = list(_allowed_networks(app))
    if (networks and not _is_everybody(networks)) or _has_api_key(app, options):
        return True
    if way.path != ingress.path or ingress.at("transport").text.lower() == "tcp":
        return False
    return ingress.at("clientCertificateMode").text.lower() == "require" or _has_sign_in(app, options)


def _has_api_key(app: Resource, options: Options) -> bool:
    return any(
        variable.at("name").text in options["apiKeyVariables"] and variable.at("secretRef").raw is not None
        for container in app.items("template.containers")
        for variable in container.items("env")
    )


def _has_sign_in(app: Resource, options: Options) -> bool:
    return any(
        sign_in.at("platform.enabled").flag
        and sign_in.at("globalValidation.unauthenticatedClientAction").text in _SIGN_IN_ACTIONS
        and all(_is_open(path.text, options) for path in sign_in.items("globalValidation.excludedPaths"))
        for sign_in in app.siblings.referring(app, AUTH_CONFIG, "containerAppName")
    )


def _is_open(path: str, options: Options) -> bool:
    return any(fnmatchcase(path.rstrip("/"), pattern) for pattern in options["openPaths"])


def _allow_rules(app: Resource) -> Iterator[Property]:
    return select(app.each(f"{_INGRESS}.ipSecurityRestrictions"), lambda rule: rule.at("action").text == "Allow")


def _allowed_ranges(app: Resource, _: Options) -> Iterable[Property]:
    return (rule.at("ipAddressRange") for rule in _allow_rules(app))


def _allowed_networks(app: Resource) -> Iterator[IPv4Network | IPv6Network]:
    return (_network(rule.at("ipAddressRange")) for rule in _allow_rules(app))


def _network(ip_range: Property) -> IPv4Network | IPv6Network:
    """Raises like `Property.text`, and WrongKindError."""
    try:
        return ip_network(ip_range.text, strict=False)
    except ValueError:
        raise WrongKindError(ip_range, "a range of addresses, such as 203.0.113.0/24") from None


def _is_everybody(networks: list[IPv4Network | IPv6Network]) -> bool:
    """Whether these ranges together are the whole internet of one version."""
    old = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    new = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return any(network.prefixlen == 0 for network in (*old, *new))


def _restricts(ip_range: Property, _: Options) -> bool:
    """Neither the range alone is everybody, nor those of the app together: of these the widest are told."""
    try:
        network = ip_network(ip_range.text, strict=False)
    except ValueError:
        return False
    if network.prefixlen == 0:
        return False
    together = list(_readable(rule.at("ipAddressRange") for rule in _allow_rules(ip_range.resource)))
    alike = [other for other in together if other.version == network.version and other.prefixlen]
    return network.prefixlen > min(other.prefixlen for other in alike) or not _is_everybody(alike)


def _readable(ranges: Iterable[Property]) -> Iterator[IPv4Network | IPv6Network]:
    """Those that are known and are ranges: the others are findings of their own."""
    for one in ranges:
        with suppress(UnreadableError):
            yield _network(one)


def _origins(app: Resource, _: Options) -> Iterable[Property]:
    return app.each(f"{_INGRESS}.corsPolicy.allowedOrigins")


RULES: Final = (
    Rule(
        id="exposure-tls-only",
        title="The endpoint speaks TLS only",
        reason="Over plain HTTP everybody on the way reads the prompts, the answers and the API key.",
        fix="Set configuration.ingress.allowInsecure to false and a transport for HTTP; clients use the https:// URL."
        " Remove the ports of additionalPortMappings that are external: the service passes TCP on as it is.",
        wanted="allowInsecure false, no transport tcp, no further port that is external",
        severity=Severity.CRITICAL,
        types=(CONTAINER_APP,),
        subjects=_plain_ways,
        allowed=_is_encrypted,
        references=(MCSB_TRANSIT,),
    ),
    Rule(
        id="exposure-authentication",
        title="An endpoint on the internet asks who is calling",
        reason="Whoever finds the URL could use the GPU at your cost, and the model that you trained.",
        fix="Give the app an API key (a secret that one of the variables refers to), Entra sign-in, client certificates"
        " or rules for IP addresses; or make the ingress internal.",
        wanted="one of: an API key in {apiKeyVariables}; for HTTP sign-in (except for {openPaths}) or client"
        " certificates; IP rules that allow less than everybody",
        severity=Severity.CRITICAL,
        types=(CONTAINER_APP,),
        subjects=_ways_in,
        allowed=_is_guarded,
        scope=Scope.STACK,
        options=(
            Option(
                "apiKeyVariables",
                Kind.STRINGS,
                ("INFERENCE_API_KEYS", "VLLM_API_KEY"),
                "environment variables by which an app is given the keys that it asks its clients for",
            ),
            Option(
                "openPaths",
                Kind.STRINGS,
                ("/health", "/health/*", "/healthz", "/favicon.ico"),
                "paths that sign-in may exclude, with * as a wildcard",
            ),
        ),
        references=(MCSB_SIGN_IN, MCSB_NETWORK),
    ),
    Rule(
        id="exposure-ip-ranges",
        title="An IP rule allows less than everybody",
        reason="A rule that allows every address reads like a restriction and is none.",
        fix="Name the networks of your clients, or remove the rule and rely on authentication.",
        wanted="ranges that together are smaller than the whole internet",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_allowed_ranges,
        allowed=_restricts,
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
