"""How `aca-inference cost` looks."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from cli.target import enter
from operations.errors import PriceError
from operations.prices import PRICES_URL, PriceList, price_list
from operations.status import survey

URL_VARIABLE: Final = "ACA_INFERENCE_PRICES_URL"
"""Another address of the price list, for a mirror."""


def show(config: Path, currency: str, hours: float, as_json: bool) -> None:
    """Prints the meters of the app's profile, and what one replica costs in so many hours.

    Raises:
        PriceError: no price list, or none of this profile.
    """
    found = survey(enter(config).config)
    region = found.environment.location.lower().replace(" ", "")
    profile, (least, most) = found.environment.profile_type, found.replicas_allowed
    cache = _cache_folder() / f"prices-{region}-{currency}.json"
    prices = price_list(region, currency, cache=cache, url=os.environ.get(URL_VARIABLE, PRICES_URL))
    meters = prices.of_profile(profile)
    if not meters:
        raise PriceError(f"Azure's price list of {prices.fetched[:10]} names no meter for {profile} in {region}")
    if as_json:
        document: dict[str, Any] = {
            **{"region": region, "profile": profile, "currency": currency, "fetched": prices.fetched},
            **{"stale": prices.stale, "hours": hours, "replicas": {"minimum": least, "maximum": most}},
            "meters": [{**asdict(meter), "hourly": meter.hourly} for meter in meters],
        }
        print(json.dumps(document, indent=2))
        return
    console = Console(soft_wrap=True, highlight=False)
    _show(console, prices, profile, hours)
    idle = "nothing runs, and nothing is paid, while nobody asks" if least == 0 else f"{least} run at any time"
    console.print(f"{least} to {most} replicas of {profile} in {region}: {idle}")
    age = " (Azure could not be asked now)" if prices.stale else ""
    console.print(
        f"prices of {prices.fetched[:16].replace('T', ' ')} UTC{age}; storage, logs and traffic are not in them"
    )


def _show(console: Console, prices: PriceList, profile: str, hours: float) -> None:
    table = Table("meter", "price", "per", "an hour", f"{hours:g} hours", box=None)
    for meter in prices.of_profile(profile):
        hourly = meter.hourly
        by_time = ("-", "-") if hourly is None else (f"{hourly:.4f}", f"{hourly * hours:.2f}")
        table.add_row(f"{meter.product}, {meter.name}", f"{meter.price:g} {meter.currency}", meter.unit, *by_time)
    console.print(table)


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "aca-inference"
