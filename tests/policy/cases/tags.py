"""What breaks the rules about tags, and what does not."""

from tests.policy.cases.case import Case, with_job
from tests.policy.edits import put

BREAKING = [
    Case("tags-required", "none", put("app", "tags", None)),
    Case("tags-required", "empty", put("app", "tags", {"owner": ""})),
    Case("tags-required", "a job", with_job(put("train", "tags", {"team": "x"})), "train"),
]

KEEPING: list[Case] = []
