"""A service that throttles, fails, hangs up, or changes its key, in the middle of a deployment or an upload."""

import io
import random
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import requests
import urllib3
from azure.mgmt.storage import StorageManagementClient
from azure.storage.fileshare import ExponentialRetry

from operations import deployment, endpoint, file_share, release
from operations.cloud import Cloud
from operations.config_file import InferenceConfig
from operations.errors import OperationError, ShareError
from operations.file_share import ShareAddress, list_files, open_share
from operations.share_key import share_address
from operations.upload import upload_files, upload_tree
from tests.operations.deployed import KEY, Deployed
from tests.operations.requests_sent import recorded

MODEL_BYTES = 40 * 1024 * 1024
Fault = Callable[[requests.PreparedRequest], requests.Response]


def answers(status: int, code: str) -> Fault:
    """An answer of the service in the place of the true one; the request does not reach it."""

    def answer(request: requests.PreparedRequest) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, str(request.url)
        response.headers.update({"x-ms-error-code": code, "Retry-After": "0"})
        response.raw = urllib3.HTTPResponse(io.BytesIO(), response.headers, status, preload_content=False)
        return response

    return answer


def hangs_up(request: requests.PreparedRequest) -> requests.Response:
    raise requests.ConnectionError("Connection aborted.", request=request)


FAULTS = {
    "throttled": answers(429, "TooManyRequests"),
    "busy": answers(503, "ServerBusy"),
    "broken": answers(500, "InternalError"),
    "hung up": hangs_up,
}


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy as it is, without its waits."""
    monkeypatch.setattr(
        file_share,
        "RETRIES",
        ExponentialRetry(
            initial_backoff=0, increment_base=0, retry_total=file_share.RETRIES.total_retries, random_jitter_range=0
        ),
    )


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[str, float], None]]:
    """Lets a share of all requests go wrong in one way."""
    original = requests.Session.send
    chance = random.Random(7)

    def begin(name: str, rate: float) -> None:
        def send(self: requests.Session, request: requests.PreparedRequest, **options: object) -> requests.Response:
            if chance.random() < rate:
                return FAULTS[name](request)
            return original(self, request, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(requests.Session, "send", send)

    yield begin
    monkeypatch.setattr(requests.Session, "send", original)


def content(address: ShareAddress, path: str) -> bytes:
    with open_share(address) as share:
        return share.get_file_client(path).download_file().readall()


@pytest.mark.parametrize("name", FAULTS)
def test_an_upload_passes_over_faults(
    address: ShareAddress, tmp_path: Path, flaky: Callable[[str, float], None], name: str
) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(random.Random(1).randbytes(MODEL_BYTES // 4))
    flaky(name, 0.2)
    report = upload_tree(address, model, "model-cache/org/name")
    flaky(name, 0)
    assert report.sent == 1
    assert content(address, "model-cache/org/name/model.gguf") == model.read_bytes()


@pytest.mark.parametrize("name", FAULTS)
def test_a_release_passes_over_faults_or_says_so_and_is_finished_by_the_next_run(
    address: ShareAddress, tmp_path: Path, flaky: Callable[[str, float], None], name: str
) -> None:
    source = tmp_path / "app"
    source.mkdir()
    for number in range(30):
        (source / f"file{number}.py").write_text(f"{number}")
    flaky(name, 0.25)
    for _ in range(5):
        try:
            release.publish(address, source)
            break
        except OperationError as error:
            assert "app" in str(error) or address.share_name in str(error)
    flaky(name, 0)
    published = release.publish(address, source).name
    with open_share(address) as share:
        assert len(list_files(share, release.release_path(published))) == 31


def test_a_service_that_stays_away_is_an_error_in_a_sentence(
    address: ShareAddress, tmp_path: Path, flaky: Callable[[str, float], None]
) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    flaky("busy", 1)
    with pytest.raises(ShareError, match=f"{address.share_name} refused: ServerBusy"):
        upload_tree(address, tmp_path / "model.gguf", "model-cache")
    flaky("hung up", 1)
    with pytest.raises(ShareError, match=f"{address.share_name} could not be reached"):
        upload_tree(address, tmp_path / "model.gguf", "model-cache")


def test_a_key_that_is_renewed_meanwhile_is_an_error_and_the_next_run_goes_on(
    address: ShareAddress,
    azure: Cloud,
    config: InferenceConfig,
    storage: StorageManagementClient,
    tmp_path: Path,
) -> None:

    model = tmp_path / "model.gguf"
    model.write_bytes(random.Random(2).randbytes(MODEL_BYTES))
    renewed: list[int] = []

    def renew(done: int, _total: int) -> None:
        if done > MODEL_BYTES // 2 and not renewed:
            renewed.append(done)
            storage.storage_accounts.regenerate_key(
                config.resource_group_name, config.storage_account_name, {"keyName": "key1"}
            )

    with pytest.raises(ShareError, match="asks for the new one"):
        upload_files(address, {"model.gguf": model}, "model-cache", renew)
    fresh = share_address(config, azure)
    begun: list[int] = []
    upload_files(fresh, {"model.gguf": model}, "model-cache", lambda done, _: begun.append(done))
    assert begun[0] >= MODEL_BYTES // 2, "what was sent with the old key is not sent again"
    assert content(fresh, "model-cache/model.gguf") == model.read_bytes()


def test_an_interrupted_file_goes_on_with_the_ranges_that_are_missing(
    address: ShareAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(random.Random(3).randbytes(MODEL_BYTES))

    def interrupt(done: int, _total: int) -> None:
        if done >= MODEL_BYTES // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload_files(address, {"model.gguf": model}, "model-cache", interrupt)
    with recorded(monkeypatch) as sent:
        upload_tree(address, model, "model-cache")
    assert 0 < sum("comp=range&" in f"{request}&" for request in sent) <= 6, sent
    assert content(address, "model-cache/model.gguf") == model.read_bytes()

    with pytest.raises(KeyboardInterrupt):
        upload_files(address, {"other.gguf": model}, "model-cache", interrupt)
    model.write_bytes(random.Random(4).randbytes(MODEL_BYTES))
    upload_files(address, {"other.gguf": model}, "model-cache")
    assert content(address, "model-cache/other.gguf") == model.read_bytes(), "ranges of other content do not count"


def test_a_deployment_passes_over_faults_of_the_resource_manager(
    deployed: Deployed, flaky: Callable[[str, float], None]
) -> None:
    deployed.edit("two")
    flaky("busy", 0.1)
    deployment.apply(deployed.config, deployed.source)
    flaky("busy", 0)
    assert endpoint.ask(deployed.url, "tone", "?", KEY) == "two"
