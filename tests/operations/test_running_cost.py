"""What is paid when nobody asks and when everybody does, by meters of the names that Azure gives them."""

import dataclasses

import pytest

from operations.errors import PriceError
from operations.prices import Meter, PriceList
from operations.running_cost import Configuration, running_cost
from tests.operations.retail_prices import PRICES

LIST = PriceList(
    "swedencentral",
    "EUR",
    "2026-11-25T12:00:00+00:00",
    False,
    tuple(Meter(name, "Standard", "Azure Container Apps", *price, "EUR") for name, price in PRICES.items()),
)
SERVERLESS = Configuration("swedencentral", "Consumption-GPU-NC8as-T4", 8, 56, 1, 0, 2)
DEDICATED = Configuration("swedencentral", "NC48-A100", 48, 440, 2, 1, 3)
GPU_SECOND, VCPU_SECOND, IDLE_VCPU_SECOND, GIB_SECOND = 0.0001, 0.00003, 0.000004, 0.000004


def test_serverless_replicas_are_paid_by_the_second_and_none_costs_nothing() -> None:
    found = running_cost(SERVERLESS, LIST)
    assert found.idle_hourly == 0
    assert found.full_hourly == pytest.approx(2 * 3600 * (GPU_SECOND + 8 * VCPU_SECOND + 56 * GIB_SECOND))
    assert [(charge.meter.name, charge.quantity) for charge in found.charges] == [
        ("Standard NC T4 v3 GPU Usage", 1),
        ("Standard vCPU Active Usage", 8),
        ("Standard Memory Active Usage", 56),
    ]


def test_a_replica_that_waits_keeps_its_gpu_and_pays_less_for_its_vcpus() -> None:
    found = running_cost(dataclasses.replace(SERVERLESS, least=1), LIST)
    assert found.idle_hourly == pytest.approx(3600 * (GPU_SECOND + 8 * IDLE_VCPU_SECOND + 56 * GIB_SECOND))


def test_dedicated_nodes_are_paid_whoever_is_on_them_with_the_plan_of_the_environment() -> None:
    found = running_cost(DEDICATED, LIST)
    node = 2 * 2.5 + 48 * 0.07 + 440 * 0.006
    assert found.idle_hourly == pytest.approx(0.1 + node)
    assert found.full_hourly == pytest.approx(0.1 + 3 * node)


def test_a_meter_that_is_missing_is_no_figure() -> None:
    without = dataclasses.replace(LIST, meters=tuple(meter for meter in LIST.meters if "Memory" not in meter.name))
    with pytest.raises(PriceError, match="no 'Standard Memory Active Usage' in swedencentral"):
        running_cost(SERVERLESS, without)
    with pytest.raises(PriceError, match="H100"):
        running_cost(dataclasses.replace(SERVERLESS, profile_type="Consumption-GPU-H100"), LIST)
