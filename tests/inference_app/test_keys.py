"""API keys: several, rotated while the app runs, and never a way around them."""

from functools import partial
from pathlib import Path

import httpx
import openai
import pytest

from tests.inference_app.conftest import client_of
from tests.inference_app.serving import App, running_app
from tests.inference_app.shares import make_share

FIRST, SECOND, THIRD = "first-secret", "second-secret", "third-secret"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> App:
    root = make_share(tmp_path_factory.mktemp("share"))
    (root / "keys").write_text(f"{FIRST}\n{SECOND}\n")
    with running_app(root, root / "log", engine="scripted", api_keys_file=root / "keys") as app:
        yield app


def accepted(app: App, key: str) -> bool:
    return httpx.get(f"{app.url}/v1/models", headers={"Authorization": f"Bearer {key}"}).is_success


def test_each_key_lets_in(guarded: App) -> None:
    for key in (FIRST, SECOND):
        with client_of(guarded, key) as client:
            assert client.models.list().data


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic first-secret", f"Bearer {FIRST}x", FIRST])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/completions"),
        ("POST", "/tokenize"),
        ("GET", "/metrics"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/v1/nothing"),
        ("GET", "//health/live"),
        ("GET", "/health/../v1/models"),
    ],
)
def test_without_a_right_key_nothing_is_told(guarded: App, header: str | None, method: str, path: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    with httpx.Client(base_url=guarded.url) as client:
        request = client.build_request(method, "/", headers=headers)
        request.url = request.url.copy_with(raw_path=path.encode())  # as it stands, nothing resolved
        response = client.send(request)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"]["code"] in ("missing_api_key", "invalid_api_key")


def test_openais_client_understands_the_refusal(guarded: App) -> None:
    with client_of(guarded, "wrong-secret") as client, pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_health_needs_no_key(guarded: App) -> None:
    for name in ("startup", "live", "ready"):
        assert httpx.get(f"{guarded.url}/health/{name}").is_success


def noticed(app: App, before: int) -> bool:
    """Whether it has looked at the file again; it looks when somebody comes."""
    return accepted(app, SECOND) and len(app.logs("API keys kept as they were")) > before


def test_keys_are_rotated_without_a_restart(tmp_path: Path) -> None:
    root = make_share(tmp_path)
    keys = root / "keys"
    keys.write_text(f"{FIRST}\n")
    with running_app(root, root / "log", engine="scripted", api_keys_file=keys) as app:
        fresh = root / "fresh"
        fresh.write_text(f"{SECOND}\n{THIRD}\n")
        fresh.replace(keys)
        app.wait_for(lambda: accepted(app, THIRD))
        assert accepted(app, SECOND)
        assert not accepted(app, FIRST)
        # A file that is broken, empty or gone leaves everything as it is, and everybody out who was out.
        for break_it in (lambda: keys.write_text(""), lambda: keys.write_text("short\n"), keys.unlink):
            kept = len(app.logs("API keys kept as they were"))
            break_it()
            app.wait_for(partial(accepted, app, SECOND))
            app.wait_for(partial(noticed, app, kept))
            assert not accepted(app, FIRST)
        assert "secret" not in app.output()
