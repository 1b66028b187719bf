"""What breaks the rules about adoption, and what does not."""

from policy.resource import Step
from tests.policy.cases.case import Case, adopt
from tests.policy.edits import both, put

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
]

KEEPING = [
    Case(
        "adoption-kept",
        "protected",
        both(
            adopt("logs", Step("import", retained=False)), lambda example: setattr(example["logs"], "protected", True)
        ),
        "logs",
    ),
]
