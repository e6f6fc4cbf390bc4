"""A hub on 127.0.0.1: as much of the Hugging Face hub's protocol as its client needs here."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_letters"


class Hub:
    """Repositories ``owner/name`` with their files; `log` lists the requests."""

    def __init__(self) -> None:
        self.files: dict[str, dict[str, bytes]] = {}
        self.sizes: dict[str, int] = {}
        self.log: list[str] = []
        self.private: dict[str, bool] = {}


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content_Length": str(len(body)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _file(self) -> None:
            if self.path.startswith("/api/"):
                return self._send(404)
            hub.log.append(f"{self.command} {self.path}")
            owner, name, _, revision, file = self.path.strip("/").split("/", 4)
            repo = f"{owner}/{name}"
            if repo not in hub.files:
                return self._send(404, X_Error_Code="RepoNotFound")
            if revision not in ("main", "v1", COMMIT):
                return self._send(404, X_Error_Code="RevisionNotFound")
            if file not in hub.files[repo]:
                return self._send(404, X_Error_Code="EntryNotFound")
            body = hub.files[repo][file]
            tag = hashlib.sha256(body).hexdigest()
            more = {"Content_Length": str(hub.sizes.get(file, len(body)))}
            return self._send(200, body, ETag=f'"{tag}"', X_Repo_Commit=COMMIT, **more)

        do_HEAD = do_GET = _file

        def do_POST(self) -> None:
            hub.log.append(f"POST {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/api/validate-yaml":
                return self._send(200, b'{"errors": [], "warnings": []}')
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._send(401, b'{"error": "Invalid credentials"}')
            if self.path == "/api/repos/create":
                given = json.loads(body)
                repo = "/".join(filter(None, (given.get("organization"), given["name"])))
                hub.files.setdefault(repo, {})
                # Earlier clients send one key, later ones the other.
                asked = given.get("visibility") == "private" or given.get("private")
                hub.private[repo] = bool(asked)
                url = f"http://{self.headers['Host']}/{repo}"
                return self._send(200, json.dumps({"url": url}).encode())
            owner, name, verb = self.path.removeprefix("/api/models/").split("/")[:3]
            if verb == "preupload":
                files = [
                    {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for f in json.loads(body)["files"]
                ]
                return self._send(200, json.dumps({"files": files}).encode())
            lines = [json.loads(line) for line in body.splitlines()]
            for line in (one["value"] for one in lines if one["key"] == "file"):
                hub.files[f"{owner}/{name}"][line["path"]] = base64.b64decode(line["content"])
            url = f"http://{self.headers['Host']}/{owner}/{name}/commit/{COMMIT}"
            made = {"commitUrl": url, "commitOid": COMMIT, "success": True}
            return self._send(200, json.dumps(made).encode())

    return Handler


@contextmanager
def serving(cache: Path) -> Iterator[Hub]:
    """Yield a hub that the client talks to inside the block, with an empty cache."""
    import huggingface_hub.constants as constants

    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        patch.setattr(constants, "ENDPOINT", address)
        template = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        patch.setattr(constants, "HF_HUB_CACHE", str(cache))
        patch.setattr(constants, "HF_TOKEN_PATH", str(cache / "no-token"))
        patch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
        for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
            patch.delenv(name, raising=False)
        try:
            yield hub
        finally:
            server.shutdown()
            server.server_close()
