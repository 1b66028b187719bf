"""What the test image runs: a server that does what its requests, and its environment, tell it."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATE = {"healthy": True, "ready": True, "noticed": 0, "streaming": 0, "slow": 0}
RELEASED = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        match self.path.partition("?")[0]:
            case "/who":
                self.reply(
                    {
                        "replica": os.environ["CONTAINER_APP_REPLICA_NAME"],
                        "revision": os.environ["CONTAINER_APP_REVISION"],
                    }
                )
            case "/environment":
                self.reply(dict(os.environ))
            case "/headers":
                self.reply(dict(self.headers.items()))
            case "/live":
                self.reply({}, 200 if STATE["healthy"] else 500)
            case "/ready":
                self.reply({}, 200 if STATE["ready"] else 503)
            case "/state":
                self.reply(STATE)
            case "/slow":
                STATE["slow"] += 1
                time.sleep(float(self.path.partition("?")[2]))
                self.reply({"replica": os.environ["CONTAINER_APP_REPLICA_NAME"]})
            case "/held":
                RELEASED.wait()
                self.reply({})
            case "/events":
                self.stream()
            case "/until-close":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"all of it")
                self.close_connection = True
            case "/half":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.wfile.write(b"half")
                self.close_connection = True
            case "/tunnel":
                self.tunnel()
            case _:
                self.reply({"path": self.path}, 404)

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()

    def do_POST(self):
        match self.path:
            case "/shell":
                done = subprocess.run(["sh", "-c", self.body()], capture_output=True, text=True, check=False)
                self.reply({"code": done.returncode, "out": done.stdout, "err": done.stderr})
            case "/become":
                change = json.loads(self.body())
                seconds = change.pop("seconds", None)
                if seconds is not None:
                    before = {name: STATE[name] for name in change}
                    threading.Timer(seconds, STATE.update, [before]).start()
                STATE.update(change)
                self.reply({})
            case "/release":
                RELEASED.set()
                self.reply({})
            case "/deaf":
                self.reply({})
                self.server.socket.close()
            case "/exit":
                os._exit(int(self.body()))
            case "/count":
                self.count()
            case "/refuse":
                self.close_connection = True
                self.reply({"why": "too large"}, 413)

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def reply(self, value, status=200):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def stream(self):
        """Server-sent events, the next one only after /release: a client that has the first was not made to wait."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        STATE["streaming"] += 1
        try:
            self.chunk(b"data: first\n\n")
            while not RELEASED.wait(0.02):
                self.chunk(b": beat\n\n")
            self.chunk(b"data: last\n\n")
            self.chunk(b"")
        except OSError:
            STATE["noticed"] += 1
            self.close_connection = True

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def count(self):
        total = 0
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                total += len(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            left = int(self.headers["Content-Length"])
            while left:
                part = self.rfile.read(min(left, 65536))
                total += len(part)
                left -= len(part)
        self.reply({"bytes": total})

    def tunnel(self):
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "shout")
        self.end_headers()
        for line in self.rfile:
            self.wfile.write(line.upper())
        self.close_connection = True

    def log_message(self, form, *args):
        print(form % args, flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    if text := os.environ.get("SAY"):
        print(text, flush=True)
        print(text, file=sys.stderr, flush=True)
    if code := os.environ.get("EXIT"):
        sys.exit(int(code))
    STATE["ready"] = "UNREADY" not in os.environ
    server = Server((os.environ.get("LISTEN", "0.0.0.0"), int(os.environ.get("PORT", "8000"))), Handler)
    if note := os.environ.get("NOTE_SIGTERM"):

        def on_sigterm(*_):
            with pathlib.Path(note).open("a") as file:
                file.write("SIGTERM\n")
            if "STUBBORN" not in os.environ:
                threading.Thread(target=server.shutdown).start()

        signal.signal(signal.SIGTERM, on_sigterm)
    server.serve_forever(poll_interval=0.02)


main()
