"""Adoption, placement, tags and names: what breaks each rule, and what must not."""

from policy.resource import Step
from tests.policy.cases.edits import Case, adopt
from tests.policy.example import both, put

BREAKING = [
    Case("adoption-exists", "created", adopt("logs", exists=False), "logs"),
    Case(
        "adoption-foreign",
        "another's tag",
        put("logs", "tags", {"aca-inference-stack": "organization/other/dev"}),
        "logs",
    ),
    Case(
        "adoption-foreign",
        "another's metadata",
        put("share", "metadata", {"acainferencestack": "organization/other/dev"}),
        "share",
    ),
    Case("adoption-kept", "imported, not retained", adopt("logs", Step("import", retained=False)), "logs"),
    Case("adoption-ended", "deleted", adopt("logs", Step("delete", retained=False)), "logs"),
    Case("adoption-ended", "replaced", adopt("logs", Step("replace", retained=True)), "logs"),
    Case("placement-region", "another country", put("logs", "location", "eastus2"), "logs"),
    Case("placement-gpu-region", "no GPU there", put("environment", "location", "francecentral"), "environment"),
    Case("placement-together", "far away", put("account", "location", "swedencentral"), "environment"),
    Case("tags-required", "none", put("app", "tags", None)),
    Case("tags-required", "empty", put("app", "tags", {"aca-inference-stack": ""})),
    Case("names-azure", "capitals", put("account", "accountName", "ToneStore"), "account"),
    Case("names-pattern", "another prefix", put("app", "containerAppName", "my-app")),
]

KEEPING = [
    Case("placement-region", "in no region", put("logs", "location", "Global"), "logs"),
    Case(
        "placement-region",
        "another provider's",
        both(
            put("logs", "location", "EU"), lambda example: setattr(example["logs"], "type", "gcp:storage/bucket:Bucket")
        ),
        "logs",
    ),
    Case(
        "adoption-kept",
        "protected",
        both(
            adopt("logs", Step("import", retained=False)), lambda example: setattr(example["logs"], "protected", True)
        ),
        "logs",
    ),
    Case("placement-region", "as people write it", put("logs", "location", "West US 3"), "logs"),
]
