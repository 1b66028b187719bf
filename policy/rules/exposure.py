"""Who can reach the endpoint, and how."""

from collections.abc import Iterable
from typing import Final

from policy.resource import AUTH_CONFIG, CONTAINER_APP, Property, Resource
from policy.rule import Kind, Option, Options, Rule, Scope, Severity, at

MCSB_TRANSIT: Final = "Microsoft cloud security benchmark v1, DP-3: encrypt sensitive data in transit"
MCSB_NETWORK: Final = "Microsoft cloud security benchmark v1, NS-2: secure cloud services with network controls"
MCSB_SIGN_IN: Final = "Microsoft cloud security benchmark v1, IM-1: use centralized identity and authentication system"
_EVERYBODY: Final = ("0.0.0.0/0", "::/0")
_SIGN_IN_ACTIONS: Final = ("Return401", "Return403", "RedirectToLoginPage")


def _ingress(app: Resource, _: Options) -> Iterable[Property]:
    ingress = app.at("configuration.ingress")
    if ingress.value is not None:
        yield ingress


def _external(app: Resource, options: Options) -> Iterable[Property]:
    return (ingress for ingress in _ingress(app, options) if ingress.at("external").flag)


def _is_guarded(ingress: Property, options: Options) -> bool:
    return (
        any(rule.at("action").text == "Allow" for rule in ingress.items("ipSecurityRestrictions"))
        or ingress.at("clientCertificateMode").text.lower() == "require"
        or _has_api_key(ingress.resource, options)
        or _has_sign_in(ingress.resource)
    )


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
        for sign_in in app.siblings.referring(app, AUTH_CONFIG, "containerAppName")
    )


def _allowed_ranges(app: Resource, _: Options) -> Iterable[Property]:
    for rule in app.items("configuration.ingress.ipSecurityRestrictions"):
        if rule.at("action").text == "Allow":
            yield rule.at("ipAddressRange")


def _origins(app: Resource, _: Options) -> Iterable[Property]:
    return app.items("configuration.ingress.corsPolicy.allowedOrigins")


RULES: Final = (
    Rule(
        id="exposure-tls-only",
        title="The endpoint speaks TLS only",
        reason="Over plain HTTP everybody on the way reads the prompts, the answers and the API key.",
        fix="Set configuration.ingress.allowInsecure to false; clients use the https:// URL.",
        wanted="false",
        severity=Severity.CRITICAL,
        types=(CONTAINER_APP,),
        subjects=at("configuration.ingress.allowInsecure"),
        allowed=lambda insecure, _: not insecure.flag,
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
        ),
        references=(MCSB_SIGN_IN, MCSB_NETWORK),
    ),
    Rule(
        id="exposure-ip-ranges",
        title="An IP rule allows less than everybody",
        reason="A rule that allows every address reads like a restriction and is none.",
        fix="Name the networks of your clients, or remove the rule and rely on authentication.",
        wanted="a range smaller than the whole internet",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_allowed_ranges,
        allowed=lambda ip_range, _: ip_range.text not in _EVERYBODY,
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
