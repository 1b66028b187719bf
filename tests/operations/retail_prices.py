"""A price list in the shape of Azure's retail price API, with made-up prices."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

PRICES: Final = {
    "Standard NC T4 v3 GPU Usage": (0.0001, "1 Second"),
    "Standard vCPU Active Usage": (0.00003, "1 Second"),
    "Standard vCPU Idle Usage": (0.000004, "1 Second"),
    "Standard Memory Active Usage": (0.000004, "1 GiB Second"),
    "Standard Memory Idle Usage": (0.000004, "1 GiB Second"),
    "Standard Requests": (0.4, "1M"),
    "Dedicated vCPU Usage": (0.07, "1 Hour"),
    "Dedicated Memory Usage": (0.006, "1 GiB Hour"),
    "Dedicated GPU Usage": (2.5, "1 Hour"),
    "Dedicated Plan Management": (0.1, "1 Hour"),
}


def items(currency: str, region: str = "swedencentral") -> list[dict[str, Any]]:
    """What the API gives for Container Apps in a region."""
    return [
        {
            "currencyCode": currency,
            "tierMinimumUnits": 0.0,
            "retailPrice": price,
            "unitPrice": price,
            "armRegionName": region,
            "location": "SE Central",
            "effectiveStartDate": "2024-12-01T00:00:00Z",
            "meterId": f"00000000-0000-0000-0000-{number:012}",
            "meterName": name,
            "productName": "Azure Container Apps",
            "skuName": name.split(" ")[0],
            "serviceName": "Azure Container Apps",
            "serviceFamily": "Containers",
            "unitOfMeasure": unit,
            "type": "Consumption",
            "isPrimaryMeterRegion": True,
            "armSkuName": "",
        }
        for number, (name, (price, unit)) in enumerate(PRICES.items())
    ]


@contextmanager
def price_server() -> Generator[str]:
    """URL of a server that tells these prices in whichever currency it is asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            currency = query["currencyCode"][0].strip("'")
            found = items(currency)
            body = {"BillingCurrency": currency, "Items": found, "NextPageLink": None, "Count": len(found)}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any, **__: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/prices"
        finally:
            server.shutdown()
            thread.join()
