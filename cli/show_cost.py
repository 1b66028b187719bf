"""How `aca-inference cost` looks."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from cli.target import enter
from cli.terminal import counted
from operations.prices import PRICES_URL, PriceList, price_list
from operations.running_cost import MONTH_HOURS, RunningCost, configuration, running_cost

URL_VARIABLE: Final = "ACA_INFERENCE_PRICES_URL"
"""Another address of the price list, for a mirror."""


def show(config: Path, currency: str, hours: float, as_json: bool) -> None:
    """Prints what a replica is charged for, and what all of them cost when idle and at full scale.

    Raises:
        PriceError: no price list, or a meter that is needed is not in it.
    """
    wanted = configuration(enter(config).config)
    cache = _cache_folder() / f"prices-{wanted.region}-{currency}.json"
    prices = price_list(wanted.region, currency, cache=cache, url=os.environ.get(URL_VARIABLE, PRICES_URL))
    found = running_cost(wanted, prices)
    monthly = {"idle": found.idle_hourly * MONTH_HOURS, "full": found.full_hourly * MONTH_HOURS}
    monthly["as_asked"] = hours * found.full_hourly + max(MONTH_HOURS - hours, 0) * found.idle_hourly
    if as_json:
        document: dict[str, Any] = {
            **{"currency": currency, "fetched": prices.fetched, "stale": prices.stale, "hours": hours},
            **{"configuration": asdict(wanted), "charges": [asdict(charge) for charge in found.charges]},
            "hourly": {"idle": round(found.idle_hourly, 6), "full": round(found.full_hourly, 6)},
            "monthly": {name: round(value, 2) for name, value in monthly.items()},
        }
        print(json.dumps(document, indent=2))
        return
    _print(Console(soft_wrap=True, highlight=False), found, prices, hours, monthly["as_asked"])


def _print(console: Console, found: RunningCost, prices: PriceList, hours: float, as_asked: float) -> None:
    wanted = found.configuration
    charges = Table(f"one {wanted.unit} at work", "price", "per", "uses", "an hour", box=None)
    for charge in found.charges:
        price = f"{charge.meter.price:.8f}".rstrip("0").rstrip(".") + f" {charge.meter.currency}"
        charges.add_row(charge.meter.name, price, charge.meter.unit, f"{charge.quantity:g}", f"{charge.hourly:.4f}")
    console.print(charges)
    totals = Table("all of them", "an hour", f"a month of {MONTH_HOURS:g} hours", box=None)
    for name, count, hourly in (
        ("idle", wanted.least, found.idle_hourly),
        ("full scale", wanted.most, found.full_hourly),
    ):
        totals.add_row(f"{name}: {counted(count, wanted.unit)}", f"{hourly:.4f}", f"{hourly * MONTH_HOURS:.2f}")
    if hours < MONTH_HOURS:
        totals.add_row(f"{hours:g} hours at full scale, else idle", "", f"{as_asked:.2f}")
    console.print()
    console.print(totals)
    age = " (Azure could not be asked now)" if prices.stale else ""
    console.print(
        f"{wanted.profile_type} in {wanted.region}, Azure's public prices of"
        f" {prices.fetched[:16].replace('T', ' ')} UTC{age}; storage, logs and traffic are not in them"
    )


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "aca-inference"
