"""The price list: asked once a day, kept with its date, and no figure where there is none."""

import json
import threading
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from operations.errors import PriceError
from operations.prices import Meter, price_list

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def item(name: str, price: float, unit: str = "1 Second", **more: Any) -> dict[str, Any]:
    product = "Azure Container Apps"
    return {
        **{"meterName": name, "skuName": "Standard", "productName": product, "retailPrice": price},
        **{"unitOfMeasure": unit, "currencyCode": "EUR", "isPrimaryMeterRegion": True, **more},
    }


PAGES = [
    [item("Standard NC T4 v3 GPU Usage", 0.0002), item("Standard vCPU Active Usage", 0.00003)],
    [item("Dedicated NC A100 v4 GPU", 3.5, "1 Hour"), item("Standard Requests", 0.4, "1M"),
     item("Standard NC T4 v3 GPU Usage", 9, isPrimaryMeterRegion=False)],
]  # fmt: skip


class Prices:
    """A server in the place of Azure's."""

    def __init__(self) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self.pages = PAGES
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                outer.asked.append(query)
                page = int(query.get("page", ["0"])[0])
                last = page + 1 >= len(outer.pages)
                body = {
                    "Items": outer.pages[page] if outer.pages else [],
                    "NextPageLink": None if last else f"{outer.url}?page={page + 1}",
                }
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/prices"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def azure_prices() -> Generator[Prices]:
    server = Prices()
    yield server
    server.close()


def test_all_pages_are_asked_once_a_day(azure_prices: Prices, tmp_path: Path) -> None:
    def ask(now: datetime, region: str = "swedencentral", currency: str = "EUR") -> Any:
        return price_list(region, currency, cache=tmp_path / "cache.json", url=azure_prices.url, now=now)

    found = ask(NOW)
    assert [meter.price for meter in found.meters] == [0.0002, 0.00003, 3.5, 0.4]
    assert "armRegionName eq 'swedencentral'" in azure_prices.asked[0]["$filter"][0]
    assert azure_prices.asked[0]["currencyCode"] == ["'EUR'"]
    assert len(azure_prices.asked) == 2
    assert ask(NOW + timedelta(hours=23)) == found
    assert len(azure_prices.asked) == 2
    assert ask(NOW + timedelta(hours=25)).fetched != found.fetched
    ask(NOW + timedelta(hours=25), region="westus3")
    assert len(azure_prices.asked) == 6


@pytest.mark.parametrize(
    ("unit", "hourly"),
    [("1 Second", 3600), ("100 Seconds", 36), ("1 GiB Second", 3600), ("1 Hour", 1), ("10 Hours", 0.1), ("1M", None)],
)
def test_the_price_of_an_hour(unit: str, hourly: float | None) -> None:
    assert Meter("", "", "", 1.0, unit, "USD").hourly == (None if hourly is None else pytest.approx(hourly))


def test_offline_the_kept_list_is_told_as_old_and_without_one_there_is_no_figure(
    azure_prices: Prices, tmp_path: Path
) -> None:
    cache, nowhere = tmp_path / "cache.json", "http://127.0.0.1:9/prices"
    with pytest.raises(PriceError, match="no figure to tell"):
        price_list("swedencentral", "EUR", cache=cache, url=nowhere, now=NOW)
    price_list("swedencentral", "EUR", cache=cache, url=azure_prices.url, now=NOW)
    found = price_list("swedencentral", "EUR", cache=cache, url=nowhere, now=NOW + timedelta(days=9))
    assert found.stale
    assert found.fetched == NOW.isoformat()
    with pytest.raises(PriceError, match="no figure to tell"):
        price_list("westus3", "EUR", cache=cache, url=nowhere, now=NOW)


def test_a_region_without_prices(azure_prices: Prices, tmp_path: Path) -> None:
    azure_prices.pages = []
    with pytest.raises(PriceError, match="is the region right"):
        price_list("atlantis", cache=tmp_path / "cache", url=azure_prices.url, now=NOW)
