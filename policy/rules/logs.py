"""That logs go somewhere, and stay long enough and no longer."""

from collections.abc import Iterable
from typing import Final

from policy.property import Property
from policy.resource import ENVIRONMENT, WORKSPACE, Resource
from policy.rule import Kind, Option, Options, Rule, Severity, at

MCSB_LOGS: Final = "Microsoft cloud security benchmark v1, LT-3: enable logging for security investigation"
MCSB_RETENTION: Final = "Microsoft cloud security benchmark v1, LT-6: configure log storage retention"
_LOG_ANALYTICS: Final = "log-analytics"
_DESTINATIONS: Final = (_LOG_ANALYTICS, "azure-monitor")


def _workspace(environment: Resource, _: Options) -> Iterable[Property]:
    logs = environment.at("appLogsConfiguration")
    if logs.at("destination").text == _LOG_ANALYTICS:
        yield from (logs.at(f"logAnalyticsConfiguration.{key}") for key in ("customerId", "sharedKey"))


RULES: Final = (
    Rule(
        id="logs-retention",
        title="It is said how long logs are kept",
        reason="Logs may hold what people wrote: kept too long they are a risk, too short they explain no fault.",
        fix="Set retentionInDays on the workspace.",
        wanted="{minimum} to {maximum} days",
        severity=Severity.MEDIUM,
        types=(WORKSPACE,),
        subjects=at("retentionInDays"),
        allowed=lambda days, options: options["minimum"] <= days.number <= options["maximum"],
        options=(
            Option("minimum", Kind.INTEGER, 30, "days that logs are kept at least"),
            Option("maximum", Kind.INTEGER, 365, "days that logs are kept at most"),
        ),
        ascending=("minimum", "maximum"),
        references=(MCSB_RETENTION,),
    ),
    Rule(
        id="logs-destination",
        title="The environment's logs go somewhere",
        reason="Without a destination a replica that fails takes its last words with it.",
        fix="Set appLogsConfiguration.destination to log-analytics, with a workspace, or to azure-monitor.",
        wanted="log-analytics or azure-monitor",
        severity=Severity.HIGH,
        types=(ENVIRONMENT,),
        subjects=at("appLogsConfiguration.destination"),
        allowed=lambda destination, _: destination.text in _DESTINATIONS,
        references=(MCSB_LOGS,),
    ),
    Rule(
        id="logs-workspace",
        title="Logs for Log Analytics name their workspace",
        reason="The service takes the environment and drops its logs.",
        fix="Set customerId and sharedKey in appLogsConfiguration.logAnalyticsConfiguration.",
        wanted="customerId and sharedKey",
        severity=Severity.HIGH,
        types=(ENVIRONMENT,),
        subjects=_workspace,
        allowed=lambda part, _: part.raw not in (None, ""),
        references=(MCSB_LOGS,),
    ),
)
