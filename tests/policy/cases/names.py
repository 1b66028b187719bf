"""What breaks the rules about names, and what does not."""

from tests.policy.cases.case import Case, job
from tests.policy.edits import put

BREAKING = [
    Case("names-azure", "capitals", put("account", "accountName", "ToneStore"), "account"),
    Case("names-pattern", "another prefix", put("app", "containerAppName", "my-app")),
    Case("names-azure", "a job", job("Train_1"), "Train_1"),
]

KEEPING: list[Case] = []
