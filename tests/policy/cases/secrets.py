"""What breaks the rules about secrets, and what does not."""

from tests.policy.cases.case import CONTAINER, Case, script, with_job
from tests.policy.edits import put
from tests.policy.example import secret

_TOKEN = {"name": "HF_TOKEN", "value": "x"}
_IN_KEY_VAULT = {"name": "api-key", "keyVaultUrl": "https://v.vault.azure.net/secrets/a", "identity": "system"}

BREAKING = [
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
    Case("secrets-plain-variable", "a job", with_job(put("train", f"{CONTAINER}.env.0", _TOKEN)), "train"),
    Case("secrets-reference", "a job", with_job(secrets=[]), "train"),
]

KEEPING = [
    Case("secrets-plain-variable", "a port", put("app", f"{CONTAINER}.env.0", {"name": "MONKEY", "value": "x"})),
    Case("secrets-reference", "Key Vault", put("app", "configuration.secrets.0", _IN_KEY_VAULT)),
]
