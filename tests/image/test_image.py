"""The CPU image, built for real on a Debian made with debootstrap, and started without any network.

Needs root, `debootstrap` and `podman` (Debian packages of these names), a mirror of Debian and a package registry. What
is not there fails the test and is named. The container is started with chroot in a network namespace of its own:
`podman run` needs rights that a machine which is a container itself may not give.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inference_app.shares import TONE, embedded_model
from tests.workspace import PROJECT

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aca-inference"
DEBIAN = "bookworm"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
USER = "10001:10001"
BASE, IMAGE = "localhost/debian-python", "localhost/inference-app:cpu"

# Inside: the network namespace has nothing but its loopback; the client is Python's own.
START = """
ip link set lo up
chroot --userspec=%(user)s %(root)s /usr/bin/env -i PATH=/opt/app/bin:/usr/bin:/bin HF_HUB_OFFLINE=1 \
  INFERENCE_MODEL_ROOT=/mount INFERENCE_CONTEXT_TOKENS=256 sh -c 'cd /app && exec %(entrypoint)s' >%(log)s 2>&1 &
app=$!
chroot --userspec=%(user)s %(root)s /opt/app/bin/python -c '
import json, time, urllib.request
def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request("http://127.0.0.1:7860" + path, data, {"content-type": "application/json"})
    return json.load(urllib.request.urlopen(request))
for _ in range(300):
    try:
        ask("/health/ready")
        urllib.request.urlopen("http://127.0.0.1:7860/").close()  # the chat page, a 503 until it is loaded
        break
    except OSError:
        time.sleep(0.2)
chat = {"model": "tone", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
print(json.dumps([ask("/health/ready"), ask("/v1/chat/completions", chat)]))
'
asked=$?
kill -TERM $app
wait $app && exit $asked
"""


def run(*command: str, **more: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{' '.join(command[:3])}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return str(done.stdout)


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """podman with a store of its own, which needs no rights over the machine's file systems."""
    assert os.geteuid() == 0, "building a Debian needs root"
    for tool in ("debootstrap", "podman", "unshare", "ip"):
        assert shutil.which(tool), f"{tool} is missing: apt-get install debootstrap podman util-linux iproute2"
    store = tmp_path_factory.mktemp("podman")
    return ["podman", "--root", f"{store}/root", "--runroot", f"{store}/run", "--storage-driver", "vfs"]


@pytest.fixture(scope="module")
def debian() -> Path:
    """A small Debian with Python, packed; made once and kept outside of the checkout."""
    packed = CACHE / f"debian-{DEBIAN}-python.tar"
    if not packed.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        folder = CACHE / f"debian-{DEBIAN}.part"
        shutil.rmtree(folder, ignore_errors=True)
        include = "--include=python3,python3-venv,ca-certificates"
        run("debootstrap", "--variant=minbase", include, DEBIAN, str(folder))
        run("tar", "-C", str(folder), "-cf", f"{packed}.part", ".")
        Path(f"{packed}.part").rename(packed)
        shutil.rmtree(folder)
    return packed


@pytest.fixture(scope="module")
def image(podman: list[str], debian: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image's id."""
    settings = tmp_path_factory.mktemp("pip") / "pip.conf"
    settings.write_text(pip_settings())
    run(*podman, "import", str(debian), BASE)
    arguments = ["--isolation=chroot", "--network=host", "--target", "cpu", "--build-arg", f"BASE={BASE}"]
    if Path(CERTIFICATES).exists():
        arguments += ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"]
    arguments += ["--secret", f"id=pip.conf,src={settings}", "-f", "inference_app/Dockerfile", "-t", IMAGE, "."]
    run(*podman, "build", *arguments, cwd=PROJECT)
    return IMAGE


def pip_settings() -> str:
    """Where this machine's pip takes packages from, for the one inside."""
    listed = run(sys.executable, "-m", "pip", "config", "list")
    lines = (line.partition("=") for line in listed.splitlines())
    found = {key.rpartition(".")[2]: value.strip("'") for key, _, value in lines}
    wanted = {key: value for key, value in found.items() if key in ("index-url", "extra-index-url", "cert", "proxy")}
    return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in wanted.items())


def test_what_the_image_says_of_itself(podman: list[str], image: str) -> None:
    (told,) = json.loads(run(*podman, "inspect", image))
    assert told["User"] == USER
    assert told["Config"]["Entrypoint"] == ["python", "-m", "inference_app"]
    assert not [line for line in told["Config"]["Env"] if "pip" in line.lower() or "INDEX" in line]


def test_it_serves_without_network_as_nobody_in_particular(podman: list[str], image: str, tmp_path: Path) -> None:
    container = run(*podman, "create", image).strip()
    root = Path(run(*podman, "mount", container).strip())
    model = root / "mount/model-cache/HuggingFaceTB/SmolLM2-135M-Instruct"
    model.mkdir(parents=True)
    shutil.copyfile(embedded_model(), model / "model.gguf")
    shutil.copytree(TONE, root / "mount/models/tone/adapter")
    assert not (root / "opt/app/bin/pip").exists()
    script = START % {"user": USER, "root": root, "entrypoint": "python -m inference_app", "log": tmp_path / "log"}
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, check=False)
    log = (tmp_path / "log").read_text()
    assert done.returncode == 0, done.stderr + log
    ready, answer = json.loads(done.stdout)
    assert ready == {"status": "ready", "models": 2}
    assert answer["model"] == "tone"
    run(*podman, "umount", container)


def test_code_is_a_layer_of_its_own(podman: list[str], image: str) -> None:
    """A change of the code moves a small layer, not the packages."""
    layers = json.loads(run(*podman, "history", "--format", "json", image))
    code = next(
        layer for layer in layers if "COPY" in layer["CreatedBy"] and "/app/inference_app" in layer["CreatedBy"]
    )
    assert code["size"] < 2 * 1024 * 1024
