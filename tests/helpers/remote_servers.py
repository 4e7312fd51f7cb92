"""Object servers for the remote tests: S3 by moto, and a web server with faults on demand."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, unquote, urlsplit
from urllib.request import Request, urlopen


@dataclass
class Web:
    """A web server of `objects`, and the faults it is to have."""

    objects: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    ranges: bool = True
    lengths: bool = True  # whether it sends the length of an object
    drop: int | None = None  # bytes of a body after which the connection breaks,
    drops: int = 0  # and how many times it does
    busy: list[int] = field(default_factory=list)  # status codes of the first answers,
    wait: int = 0  # and the seconds that these ask to wait
    lie: int = 0  # added to the length it sends
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range
    upstream: str = ""  # another server that has the objects
    told: Callable[[str, str], Any] = lambda path, query: None  # JSON for other paths

    redirects: dict[str, str] = field(default_factory=dict)  # path -> where it has gone

    given: int = 0  # bytes of all bodies sent

    etag: str | None = '"{}"'  # of an object, around its hash; None sends none
    modified: float | None = (
        None  # when objects were, as the time of the system; None does not tell
    )
    conditions: list[str | None] = field(default_factory=list)  # If-Range of the requests


@contextmanager
def web(**objects: bytes) -> Iterator[Web]:
    """Run a web server within a block."""
    state = Web({f"/{name}": data for name, data in objects.items()})

    class Handler(_Handler):
        pass

    Handler.state = state
    server = _Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Ignore clients that close the connection early."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Web

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        path, told = unquote(split.path), self.state.told(unquote(split.path), split.query)
        wanted = self.headers.get("Range")
        self.state.asked.append((path, wanted))
        if self.state.busy:
            self._answer(self.state.busy.pop(0), b"later", {"Retry-After": str(self.state.wait)})
        elif path in self.state.redirects:
            self._answer(302, b"", {"Location": self.state.redirects[path]})
        elif self.state.upstream:
            self._forward()
        elif told is not None:
            self._answer(200, _json(told), {"Content-Type": "application/json"})
        elif path not in self.state.objects:
            self._answer(404, b"no", {"X-Error-Code": "EntryNotFound"})
        else:
            self._give(self.state.objects[path], wanted)

    def _give(self, data: bytes, wanted: str | None) -> None:
        headers = {}
        if self.state.etag is not None:
            headers["ETag"] = self.state.etag.format(hash(data))
        if self.state.modified is not None:
            headers["Last-Modified"] = formatdate(self.state.modified, usegmt=True)
        condition = self.headers.get("If-Range")
        self.state.conditions.append(condition)
        if condition is not None and condition not in headers.values():
            wanted = None  # of another version: all of this one
        if wanted is None or not self.state.ranges:
            self._answer(200, data, headers)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        begin, end = int(first), min(int(last or len(data)) + 1, len(data))
        if begin >= len(data):
            self._answer(416, b"", headers | {"Content-Range": f"bytes */{len(data)}"})
            return
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(data) + self.state.lie}"
        self._answer(206, data[begin:end], headers)

    def _forward(self) -> None:
        asked = Request(self.state.upstream + self.path, method=self.command)
        for name in ("Range", "Authorization", "x-amz-date", "x-amz-content-sha256"):
            if self.headers.get(name):
                asked.add_header(name, self.headers[name])
        try:
            response = urlopen(asked)
        except HTTPError as error:
            response = error
        with response:
            kept = ("Content-Range", "ETag", "Last-Modified", "Content-Type")
            headers = {name: response.headers[name] for name in kept if response.headers[name]}
            self._answer(response.status, response.read(), headers, response.headers)

    def _answer(
        self, code: int, body: bytes, headers: dict[str, str], other: Any | None = None
    ) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        length = len(body) if self.command == "GET" else int((other or {}).get("Content-Length", 0))
        if self.state.lengths:
            self.send_header("Content-Length", str(length + (self.state.lie if code == 200 else 0)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.state.drops and self.state.drop is not None and len(body) > self.state.drop:
            self.state.drops -= 1
            body = body[: self.state.drop]
            self.close_connection = True
        self.state.given += len(body)
        self.wfile.write(body)
        if self.state.lie or not self.state.lengths:
            self.close_connection = True


@contextmanager
def s3() -> Iterator[tuple[str, Callable[..., None]]]:
    """Run an S3 server; give its address, and a function that fills the bucket ``corpora``."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="us",
        aws_secret_access_key="us",
    )  # fmt: skip
    client.create_bucket(Bucket="corpora")

    def put(folder: Path | None, public: bool = False) -> None:
        for entry in client.list_objects_v2(Bucket="corpora").get("Contents", []):
            client.delete_object(Bucket="corpora", Key=entry["Key"])
        for path in folder.rglob("*") if folder else ():
            if path.is_file():
                key, acl = (
                    path.relative_to(folder).as_posix(),
                    "public-read" if public else "private",
                )
                client.put_object(Bucket="corpora", Key=key, Body=path.read_bytes(), ACL=acl)

    try:
        yield url, put
    finally:
        client.close()
        server.stop()


def _json(content: Any) -> bytes:
    return json.dumps(content).encode()


@contextmanager
def google(bucket: str, folder: Path) -> Iterator[str]:
    """Run a server of Google's storage, as Arrow uses it, with the files of a folder in a bucket.

    It is a separate process, because Arrow waits for some answers while it holds the GIL.
    """
    here, there = Pipe()
    arguments = (bucket, folder, there)
    process = get_context("spawn").Process(target=_serve_google, args=arguments, daemon=True)
    process.start()
    there.close()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _serve_google(bucket: str, folder: Path, pipe: Connection) -> None:
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    api = f"/storage/v1/b/{bucket}/o"

    def item(name: str) -> dict[str, str]:
        made = "2026-01-01T00:00:00.000Z"
        return {
            "kind": "storage#object", "id": f"{bucket}/{name}/1", "name": name, "bucket": bucket,
            "generation": "1", "metageneration": "1", "size": str(len(files[name])),
            "timeCreated": made, "updated": made,
        }  # fmt: skip

    def told(path: str, query: str) -> Any:
        asked = dict(parse_qsl(query))
        if path == api:
            names = [name for name in sorted(files) if name.startswith(asked.get("prefix", ""))]
            return {"kind": "storage#objects", "items": list(map(item, names))}
        name = path.removeprefix(f"{api}/")
        return item(name) if name in files and asked.get("alt") != "media" else None

    with web() as server:
        server.told = told
        server.objects |= {f"{api}/{name}": data for name, data in files.items()}
        pipe.send(server.url)
        threading.Event().wait()


@contextmanager
def hub(repository: str, files: dict[str, bytes]) -> Iterator[Web]:
    """Run a server of the Hugging Face hub, as `huggingface_hub` uses it, with one data set."""
    api = f"/api/datasets/{repository}"
    tree = [
        {"type": "file", "oid": f"{i:040x}", "size": len(data), "path": path}
        for i, (path, data) in enumerate(files.items())
    ]
    info = {"id": repository, "sha": "0" * 40, "siblings": [], "tags": [], "private": False}
    with web() as server:
        for revision in ("main", "0" * 40):
            server.objects[f"{api}/revision/{revision}"] = _json(info)
            for folder in {"", *(path.rpartition("/")[0] for path in files)}:
                below = [entry for entry in tree if entry["path"].startswith(folder)]
                server.objects[f"{api}/tree/{revision}/{folder}".rstrip("/")] = _json(below)
            server.objects[api] = _json(info)
            for path, data in files.items():
                server.objects[f"/datasets/{repository}/resolve/{revision}/{path}"] = data
        yield server
