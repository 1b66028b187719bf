"""What breaks the rules about placement, and what does not."""

from tests.policy.cases.case import Case
from tests.policy.edits import put
from tests.policy.example import Declared, Example


def _another_provider(example: Example) -> None:
    example["bucket"] = Declared("gcp:storage/bucket:Bucket", {"location": "EU"})


BREAKING = [
    Case("placement-region", "another country", put("logs", "location", "eastus2"), "logs"),
    Case("placement-gpu-region", "no GPU there", put("environment", "location", "francecentral"), "environment"),
    Case("placement-together", "far away", put("account", "location", "swedencentral"), "environment"),
]

KEEPING = [
    Case("placement-region", "as people write it", put("logs", "location", "West US 3"), "logs"),
    Case("placement-region", "a place of another provider", _another_provider, "bucket"),
    Case("placement-region", "everywhere", put("logs", "location", "Global"), "logs"),
]
