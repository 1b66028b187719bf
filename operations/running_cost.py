"""What an endpoint costs an hour: with nobody asking, and with every replica that it may have.

Serverless replicas are paid by the second, with a lower rate for vCPU while nobody asks; dedicated nodes are paid as
long as they exist, whoever runs on them. Meters as Azure names them in its price list; one that is missing is an error.
Source: https://learn.microsoft.com/azure/container-apps/billing
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from azure.mgmt.appcontainers import ContainerAppsAPIClient

from operations.config_file import InferenceConfig
from operations.container_app import ContainerApp, Json, container, replicas_allowed, workload_profile
from operations.errors import PriceError
from operations.management import open_client, place_of
from operations.prices import Meter, PriceList

MONTH_HOURS: Final = 730.0
"""What Azure's price pages take for a month."""
_GPU: Final = {"T4": "Standard NC T4 v3 GPU Usage", "A100": "Standard NC A100 v4 GPU Usage"}


@dataclass(frozen=True)
class Configuration:
    """What is paid for: a replica's size where it is serverless, else a node's; how many there are at least and most.

    vCPU, GiB of memory and GPUs are of one; `region` as the price list spells it.
    """

    region: str
    profile_type: str
    vcpu: float
    memory_gib: float
    gpus: int
    least: int
    most: int

    @property
    def serverless(self) -> bool:
        """Whether replicas are paid, not nodes."""
        return _serverless(self.profile_type)

    @property
    def unit(self) -> str:
        """What there are `least` to `most` of."""
        return "replica" if self.serverless else "node"


@dataclass(frozen=True)
class Charge:
    """A meter, how much of it is used at a time, and what that costs an hour."""

    meter: Meter
    quantity: float
    hourly: float


@dataclass(frozen=True)
class RunningCost:
    """The charges of one replica or node while it works; of all there are, an hour, when idle and at full scale."""

    configuration: Configuration
    charges: tuple[Charge, ...]
    idle_hourly: float
    full_hourly: float


def configuration(config: InferenceConfig) -> Configuration:
    """What the app and its environment say.

    Raises:
        CloudError: not signed in, no such app, or not reached.
        PriceError: Azure does not tell the size of the profile's nodes.
    """
    with open_client(ContainerAppsAPIClient, config.subscription_id) as client:
        app = ContainerApp(client, config.resource_group_name, config.aca_app_name).read()
        environment: Json = client.managed_environments.get(*place_of(app["properties"]["environmentId"])).as_dict()
        region = str(environment["location"]).lower().replace(" ", "")
        profile = workload_profile(app, environment)
        kind = str(profile["workloadProfileType"])
        offered = (
            {}
            if _serverless(kind)
            else {
                str(item.name): item.as_dict()["properties"] for item in client.available_workload_profiles.get(region)
            }
        )
    if _serverless(kind):
        least, most = replicas_allowed(app)
        asked = container(app).get("resources") or {}
        vcpu, memory = float(asked.get("cpu") or 0), float(str(asked.get("memory") or "0").removesuffix("Gi"))
        return Configuration(region, kind, vcpu, memory, 1 if "GPU" in kind else 0, least, most)
    if kind not in offered:
        raise PriceError(f"Azure does not tell what a node of {kind} has in {region}, so there is no figure to tell")
    size, least, most = offered[kind], int(profile.get("minimumCount") or 0), int(profile.get("maximumCount") or 0)
    return Configuration(
        region, kind, float(size["cores"]), float(size["memoryGiB"]), int(size.get("gpus") or 0), least, most
    )


def running_cost(wanted: Configuration, prices: PriceList) -> RunningCost:
    """The cost by these prices.

    Raises:
        PriceError: a meter that this needs is not in the list.
    """
    working = tuple(_charges(wanted, prices, "Active"))
    waiting = tuple(_charges(wanted, prices, "Idle"))
    plan = 0.0 if wanted.serverless else _charge(prices, "Dedicated Plan Management", 1).hourly
    return RunningCost(
        wanted,
        working,
        plan + wanted.least * sum(charge.hourly for charge in waiting),
        plan + wanted.most * sum(charge.hourly for charge in working),
    )


def _serverless(profile_type: str) -> bool:
    return profile_type.lower().startswith("consumption")


def _charges(wanted: Configuration, prices: PriceList, state: str) -> Iterator[Charge]:
    if wanted.gpus:
        found = re.search("|".join(_GPU), wanted.profile_type)
        if wanted.serverless and found is None:
            raise PriceError(f"nothing is known of what a GPU of {wanted.profile_type} is called in Azure's price list")
        yield _charge(prices, _GPU[found[0]] if wanted.serverless and found else "Dedicated GPU Usage", wanted.gpus)
    kind, state = ("Standard", f" {state}") if wanted.serverless else ("Dedicated", "")
    yield _charge(prices, f"{kind} vCPU{state} Usage", wanted.vcpu)
    yield _charge(prices, f"{kind} Memory{state} Usage", wanted.memory_gib)


def _charge(prices: PriceList, name: str, quantity: float) -> Charge:
    # A meter may be listed in steps, of which the first may be a free grant: the dearest is what a replica comes to.
    found = max((meter for meter in prices.meters if meter.name == name), key=lambda meter: meter.price, default=None)
    if found is None or found.hourly is None:
        raise PriceError(f"Azure's price list of {prices.fetched[:10]} has no {name!r} in {prices.region}: no figure")
    return Charge(found, quantity, quantity * found.hourly)
