"""Names and choices of Microsoft.App are read without regard to case, but for a person's own."""

import pytest

from sandbox.arm.spelling import spelled


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"WorkloadProfiles": [{"Name": "a", "workloadProfileType": "B"}]}, None),
        (
            {"configuration": {"activeRevisionsMode": "MULTIPLE"}},
            {"configuration": {"activeRevisionsMode": "Multiple"}},
        ),
        ({"activeRevisionsMode": "Labels"}, {"activeRevisionsMode": "Labels"}),
        (
            {"metadata": {"MessageCount": "1"}, "tags": {"Team": "x"}},
            {"metadata": {"MessageCount": "1"}, "tags": {"Team": "x"}},
        ),
        ({"name": "Mode", "value": "single"}, {"name": "Mode", "value": "single"}),
    ],
)
def test_what_is_kept(sent: dict[str, object], kept: dict[str, object] | None) -> None:
    assert spelled(sent) == (kept or {"workloadProfiles": [{"name": "a", "workloadProfileType": "B"}]})
