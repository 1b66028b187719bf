"""What breaks the rules about logs, and what does not."""

from tests.policy.cases.case import Case
from tests.policy.edits import put

BREAKING = [
    Case("logs-retention", "not set", put("logs", "retentionInDays", None), "logs"),
    Case("logs-retention", "two years", put("logs", "retentionInDays", 730), "logs"),
    Case("logs-destination", "none", put("environment", "appLogsConfiguration", None), "environment"),
    Case(
        "logs-workspace",
        "no key",
        put("environment", "appLogsConfiguration.logAnalyticsConfiguration.sharedKey", None),
        "environment",
    ),
]

KEEPING = [
    Case(
        "logs-destination",
        "azure-monitor",
        put("environment", "appLogsConfiguration", {"destination": "azure-monitor"}),
        "environment",
    ),
]
