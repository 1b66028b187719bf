"""What breaks the rules about exposure, and what does not."""

from tests.policy.cases.case import CONTAINER, INGRESS, Case
from tests.policy.edits import Edit, both, put
from tests.policy.example import Declared, Example, ref


def _sign_in(action: str, *excluded: str) -> Edit:
    def edit(example: Example) -> None:
        example["sign-in"] = Declared(
            "app:ContainerAppsAuthConfig",
            {
                "containerAppName": ref("app"),
                "platform": {"enabled": True},
                "globalValidation": {"unauthenticatedClientAction": action, "excludedPaths": list(excluded)},
            },
        )

    return edit


def _range(ip_range: str, place: int = 0) -> Edit:
    def edit(example: Example) -> None:
        rules = example["app"].inputs["configuration"]["ingress"]["ipSecurityRestrictions"]
        rules[place:] = [{"name": f"rule-{place}", "action": "Allow", "ipAddressRange": ip_range}]

    return edit


def _port(external: bool) -> Edit:
    return put("app", f"{INGRESS}.additionalPortMappings", [{"targetPort": 9000, "external": external}])


_NO_KEY = put("app", f"{CONTAINER}.env", [{"name": "INFERENCE_PORT", "value": "7860"}])
_NO_IP_RULE = put("app", f"{INGRESS}.ipSecurityRestrictions", [])
_OPEN = both(_NO_KEY, _NO_IP_RULE)

BREAKING = [
    Case("exposure-tls-only", "plain HTTP", put("app", f"{INGRESS}.allowInsecure", True)),
    Case("exposure-authentication", "nothing asked", _OPEN),
    Case("exposure-authentication", "sign-in lets anybody pass", both(_OPEN, _sign_in("AllowAnonymous"))),
    Case(
        "exposure-authentication",
        "the key's name, but a plain value",
        both(_OPEN, put("app", f"{CONTAINER}.env", [{"name": "INFERENCE_API_KEYS", "value": "k"}])),
    ),
    Case(
        "exposure-ip-ranges",
        "everybody",
        put("app", f"{INGRESS}.ipSecurityRestrictions.0.ipAddressRange", "0.0.0.0/0"),
    ),
    Case("exposure-cors", "wildcard", put("app", f"{INGRESS}.corsPolicy.allowedOrigins", ["*"])),
    Case("exposure-tls-only", "TCP", put("app", f"{INGRESS}.transport", "Tcp")),
    Case("exposure-tls-only", "one more port", _port(external=True)),
    Case("exposure-authentication", "an IP rule for everybody", both(_NO_KEY, _range("0.0.0.0/0"))),
    Case("exposure-authentication", "two halves", both(_NO_KEY, _range("0.0.0.0/1"), _range("128.0.0.0/1", 1))),
    Case("exposure-authentication", "sign-in excludes all", both(_OPEN, _sign_in("Return401", "/*"))),
    Case("exposure-authentication", "sign-in excludes the API", both(_OPEN, _sign_in("Return401", "/v1/*"))),
    Case(
        "exposure-authentication",
        "sign-in before TCP",
        both(_OPEN, _sign_in("Return401"), put("app", f"{INGRESS}.transport", "tcp")),
    ),
    Case(
        "exposure-authentication",
        "one more port beside sign-in",
        both(_OPEN, _sign_in("Return401"), _port(external=True)),
    ),
    Case("exposure-ip-ranges", "everybody, from some address on", _range("203.0.113.7/0")),
    Case("exposure-ip-ranges", "two halves", both(_range("0.0.0.0/1"), _range("128.0.0.0/1", 1))),
    Case("exposure-ip-ranges", "everybody of IPv6", _range("::/0")),
    Case("exposure-ip-ranges", "no range", _range("office")),
]

KEEPING = [
    Case("exposure-tls-only", "no ingress at all", put("app", INGRESS, None)),
    Case("exposure-authentication", "key alone", _NO_IP_RULE),
    Case("exposure-authentication", "IP rule alone", _NO_KEY),
    Case("exposure-authentication", "sign-in alone", both(_OPEN, _sign_in("Return401"))),
    Case(
        "exposure-authentication",
        "client certificates",
        both(_OPEN, put("app", f"{INGRESS}.clientCertificateMode", "require")),
    ),
    Case("exposure-authentication", "internal", both(_OPEN, put("app", f"{INGRESS}.external", False))),
    Case("exposure-tls-only", "HTTP/2", put("app", f"{INGRESS}.transport", "http2")),
    Case("exposure-tls-only", "one more port within the environment", _port(external=False)),
    Case("exposure-authentication", "sign-in excludes health", both(_OPEN, _sign_in("Return401", "/health/*"))),
    Case("exposure-ip-ranges", "one address", _range("203.0.113.7")),
    Case("exposure-ip-ranges", "half of the internet", _range("0.0.0.0/1")),
]
