"""Azure's public retail prices, cached with their date; needs no sign-in.

What an endpoint costs is told from the meters that Azure names for Container Apps in the region: nothing is guessed,
and without network or cache there is no figure.
Source: https://learn.microsoft.com/rest/api/cost-management/retail-prices
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from operations.config_file import write_atomically
from operations.errors import PriceError

PRICES_URL: Final = "https://prices.azure.com/api/retail/prices"
SERVICE: Final = "Azure Container Apps"
FRESH: Final = timedelta(days=1)
TIMEOUT_SECONDS: Final = 20.0
MAX_PAGES: Final = 20
SECONDS_PER_HOUR: Final = 3600
_UNIT: Final = re.compile(r"(\d+)\s*(?:GiB\s+)?(second|minute|hour|s|h)\w*", re.IGNORECASE)
_SECONDS: Final = {"s": 1, "second": 1, "minute": 60, "h": SECONDS_PER_HOUR, "hour": SECONDS_PER_HOUR}


@dataclass(frozen=True)
class Meter:
    """A price: of what, for how much of it, in which currency."""

    name: str
    sku: str
    product: str
    price: float
    unit: str
    currency: str

    @property
    def hourly(self) -> float | None:
        """The price of one hour; None for what is not paid by time."""
        found = _UNIT.search(self.unit)
        if found is None:
            return None
        return self.price * SECONDS_PER_HOUR / (int(found[1]) * _SECONDS[found[2].lower()])


@dataclass(frozen=True)
class PriceList:
    """Prices of Container Apps in a region; when Azure told them (ISO 8601), and whether that is long ago."""

    region: str
    currency: str
    fetched: str
    stale: bool
    meters: tuple[Meter, ...]


def price_list(
    region: str, currency: str = "USD", *, cache: Path, url: str = PRICES_URL, now: datetime | None = None
) -> PriceList:
    """The prices: from the cache while it is fresh, else from Azure, else from a cache that is not.

    Raises:
        PriceError: Azure cannot be asked, and never could; or it does not know the region.
    """
    moment = now or datetime.now(UTC)
    kept = _read(cache)
    if kept is not None and kept.region == region and kept.currency == currency:
        if moment - datetime.fromisoformat(kept.fetched) < FRESH:
            return kept
    else:
        kept = None
    try:
        meters = _ask(region, currency, url)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        if kept is not None:
            return PriceList(kept.region, kept.currency, kept.fetched, True, kept.meters)
        raise PriceError(
            f"{url} cannot be asked ({type(error).__name__}: {error}), and no earlier answer is kept, so there is no"
            " figure to tell"
        ) from error
    if not meters:
        raise PriceError(f"Azure names no price of {SERVICE} in the region {region}; is the region right?")
    found = PriceList(region, currency, moment.isoformat(), False, meters)
    write_atomically(cache, json.dumps(asdict(found)))
    return found


def _ask(region: str, currency: str, url: str) -> tuple[Meter, ...]:
    wanted = f"serviceName eq '{SERVICE}' and armRegionName eq '{region}' and priceType eq 'Consumption'"
    query: dict[str, str] | None = {"$filter": wanted, "currencyCode": f"'{currency}'"}
    found: list[dict[str, Any]] = []
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        next_url: str | None = url
        for _ in range(MAX_PAGES):
            if not next_url:
                break
            response = client.get(next_url, params=query).raise_for_status().json()
            found += response["Items"]
            next_url, query = response.get("NextPageLink"), None
    return _meters(found)


def _meters(items: Sequence[dict[str, Any]]) -> tuple[Meter, ...]:
    return tuple(
        Meter(
            str(item["meterName"]),
            str(item["skuName"]),
            str(item["productName"]),
            float(item["retailPrice"]),
            str(item["unitOfMeasure"]),
            str(item["currencyCode"]),
        )
        for item in items
        if item.get("isPrimaryMeterRegion", True)
    )


def _read(cache: Path) -> PriceList | None:
    try:
        content = json.loads(cache.read_text(encoding="utf-8"))
        meters = tuple(Meter(**meter) for meter in content.pop("meters"))
        return PriceList(**content, meters=meters)
    except (OSError, ValueError, KeyError, TypeError):
        return None
