"""Exposure and secrets: what breaks each rule, and what must not."""

from tests.policy.cases.edits import CONTAINER, INGRESS, NO_IP_RULE, NO_KEY, OPEN, Case, job, script, sign_in
from tests.policy.example import both, put, secret

BREAKING = [
    Case("exposure-tls-only", "bytes passed on", put("app", f"{INGRESS}.transport", "Tcp")),
    Case(
        "exposure-authentication",
        "an IP rule for everybody",
        both(NO_KEY, put("app", f"{INGRESS}.ipSecurityRestrictions.0.ipAddressRange", "198.51.100.7/0")),
    ),
    Case("exposure-authentication", "sign-in for no path", both(OPEN, sign_in("Return401", "/*"))),
    Case(
        "exposure-ip-ranges",
        "half of it",
        put("app", f"{INGRESS}.ipSecurityRestrictions.0.ipAddressRange", "128.0.0.0/1"),
    ),
    Case("exposure-ip-ranges", "all of IPv6", put("app", f"{INGRESS}.ipSecurityRestrictions.0.ipAddressRange", "::/0")),
    Case("exposure-ip-ranges", "no range", put("app", f"{INGRESS}.ipSecurityRestrictions.0.ipAddressRange", "Any")),
    Case("exposure-extra-ports", "external", put("app", f"{INGRESS}.additionalPortMappings.0.external", True)),
    Case("exposure-tls-only", "plain HTTP", put("app", f"{INGRESS}.allowInsecure", True)),
    Case("exposure-authentication", "nothing asked", OPEN),
    Case("exposure-authentication", "sign-in lets anybody pass", both(OPEN, sign_in("AllowAnonymous"))),
    Case(
        "exposure-authentication",
        "the key's name, but a plain value",
        both(OPEN, put("app", f"{CONTAINER}.env", [{"name": "INFERENCE_API_KEYS", "value": "k"}])),
    ),
    Case(
        "exposure-ip-ranges",
        "everybody",
        put("app", f"{INGRESS}.ipSecurityRestrictions.0.ipAddressRange", "0.0.0.0/0"),
    ),
    Case("exposure-cors", "wildcard", put("app", f"{INGRESS}.corsPolicy.allowedOrigins", ["*"])),
    Case("secrets-plain-variable", "by name", put("app", f"{CONTAINER}.env.0", {"name": "HF_TOKEN", "value": "x"})),
    Case(
        "secrets-plain-variable",
        "by value",
        put("app", f"{CONTAINER}.env.0", {"name": "HUB", "value": f"hf_{'a' * 30}"}),
    ),
    Case("secrets-plain-variable", "by mark", put("app", f"{CONTAINER}.env.0", {"name": "X", "value": secret("x")})),
    Case("secrets-command", "a token", script(f"exec server --token hf_{'a' * 30}")),
    Case("secrets-command", "a secret value", put("app", f"{CONTAINER}.command.2", secret("exec server --key x"))),
    Case("secrets-reference", "no such secret", put("app", f"{CONTAINER}.env.1.secretRef", "other")),
    Case("secrets-reference", "no secrets at all", put("app", "configuration.secrets", None)),
    Case("secrets-state", "app secret", put("app", "configuration.secrets.0.value", "k")),
    Case("secrets-state", "account key", put("link", "properties.azureFile.accountKey", "k"), "link"),
    Case(
        "secrets-state",
        "workspace key",
        put("environment", "appLogsConfiguration.logAnalyticsConfiguration.sharedKey", "k"),
        "environment",
    ),
    Case(
        "secrets-plain-variable",
        "of a job",
        both(job, put("batch", f"{CONTAINER}.env.0", {"name": "HF_TOKEN", "value": "x"})),
        "batch",
    ),
]

KEEPING = [
    Case("exposure-authentication", "sign-in for all but health", both(OPEN, sign_in("Return401", "/health/live"))),
    Case(
        "exposure-ip-ranges",
        "one address",
        put("app", f"{INGRESS}.ipSecurityRestrictions.0.ipAddressRange", "203.0.113.9"),
    ),
    Case(
        "exposure-ip-ranges",
        "refusing everybody else",
        put("app", f"{INGRESS}.ipSecurityRestrictions", [{"action": "Deny", "ipAddressRange": "0.0.0.0/0"}]),
    ),
    Case("exposure-tls-only", "no ingress at all", put("app", INGRESS, None)),
    Case("exposure-authentication", "key alone", NO_IP_RULE),
    Case("exposure-authentication", "IP rule alone", NO_KEY),
    Case("exposure-authentication", "sign-in alone", both(OPEN, sign_in("Return401"))),
    Case(
        "exposure-authentication",
        "client certificates",
        both(OPEN, put("app", f"{INGRESS}.clientCertificateMode", "require")),
    ),
    Case("exposure-authentication", "internal", both(OPEN, put("app", f"{INGRESS}.external", False))),
    Case("secrets-plain-variable", "a port", put("app", f"{CONTAINER}.env.0", {"name": "MONKEY", "value": "x"})),
]
