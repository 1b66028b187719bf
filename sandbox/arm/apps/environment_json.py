"""The parts of the JSON of environments, their storages and jobs that mean something here; the rest is kept and shown
untouched."""

from typing import Literal

from pydantic import StrictInt, StrictStr

from sandbox.arm.apps.app_json import Template
from sandbox.arm.apps.json_body import Json


class JobProperties(Json):
    """Properties of a job."""

    environment_id: StrictStr | None = None
    workload_profile_name: StrictStr | None = None
    template: Template | None = None


class WorkloadProfile(Json):
    """A workload profile of an environment; counts are of nodes."""

    name: StrictStr
    workload_profile_type: StrictStr
    minimum_count: StrictInt | None = None
    maximum_count: StrictInt | None = None


class LogAnalytics(Json):
    """Where an environment's logs go; the key is never returned."""

    customer_id: StrictStr | None = None
    shared_key: StrictStr | None = None


class AppLogs(Json):
    """The environment's log settings."""

    destination: StrictStr | None = None
    log_analytics_configuration: LogAnalytics | None = None


class EnvironmentProperties(Json):
    """Properties of an environment."""

    workload_profiles: list[WorkloadProfile] | None = None
    app_logs_configuration: AppLogs | None = None


class AzureFile(Json):
    """An environment's link to a share; the key is never returned."""

    account_name: StrictStr
    account_key: StrictStr | None = None
    access_mode: Literal["ReadOnly", "ReadWrite"]
    share_name: StrictStr


class StorageProperties(Json):
    """Properties of an environment's storage."""

    azure_file: AzureFile | None = None
