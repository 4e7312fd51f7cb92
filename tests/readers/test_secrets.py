"""Credentials in URLs are used, and appear in nothing that is shown or saved."""

import gzip
import json
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from reader_helpers import documents
from remote_servers import Web, s3, web

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.readers.discover import discover
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.readers.remote import registry as store_registry
from collapse_stats.readers.remote import store as store_module
from collapse_stats.readers.remote.path import RemotePath
from collapse_stats.readers.remote.shown import library_error, shown, told_apart, without_secrets

SECRETS = ("hugo", "pa55word", "s1gnature", "t0ken")
QUERY = "X-Amz-Signature=s1gnature/%2B'x)y&sig=t0ken#access_token=t0ken"
LINES = b"".join(json.dumps({"text": f"some text {i}"}).encode() + b"\n" for i in range(300))
TOKENS = ("--tokenizer", "bytes", "--backend", "numpy", "--max-order", "2")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Without pauses, and without stores and credentials of other tests."""
    monkeypatch.setattr(store_module.time, "sleep", lambda seconds: None)
    for name in [name for name in os.environ if name.startswith(("AWS_", "HF_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store_registry._store.cache_clear()
    yield
    store_registry._store.cache_clear()


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as state:
        state.objects |= {
            "/a.jsonl": LINES,
            "/b.jsonl": LINES,
            "/packed.jsonl.gz": gzip.compress(LINES),
            "/ids.bin": np.arange(400, dtype="<u2").tobytes(),
            "/bad.parquet": b"PAR1 and nothing else",
            "/bad.jsonl": b"{" * 1000,
            "/empty.jsonl": b"",
        }
        yield state


def secret(server: Web, name: str) -> str:
    return f"{server.url.replace('://', '://hugo:pa55word@')}/{name}?{QUERY}"


def clean(text: str) -> str:
    """The text, if it has no secrets."""
    found = [word for word in SECRETS if word in text]
    assert not found, (found, text)
    return text


def said(*args: object, code: int = 0) -> str:
    """All that a command writes; it has no secrets."""
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    assert result.exit_code == code, (result.stdout, result.stderr)
    return clean(result.stdout + result.stderr)


def raised(call: Callable[[], Any]) -> str:
    """What Python prints when a call fails, with all errors that led to it."""
    with pytest.raises((cs.InputError, OSError, ValueError)) as caught:
        call()
    error = caught.value
    clean(f"{error!r} {error.__dict__}")
    lines = traceback.format_exception(error)
    return clean("".join(line for line in lines if not line.startswith("  File")))


def everything(url: str) -> Any:
    """Read a URL to its end."""
    return cs.profile(url, tokenizer="bytes", backend="numpy", max_order=2)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hugo:pa55word@host/a", "https://host/a"),
        ("https://hugo@host:80/a", "https://host:80/a"),
        ("HTTPS://hugo:pa55/word@host/a", "HTTPS://host/a"),
        ("https://hugo:pa55?word@host/a?sig=t0ken", "https://host/a?..."),
        ("https://hugo:pa55#word@host", "https://host"),
        ("https://hugo:p@pa55word@host/a@b", "https://host/a@b"),
        ("https:/hugo:pa55word@host/a", "https:/host/a"),
        ("ftp://hugo:pa55word@host/a", "ftp://host/a"),
        ("https://host/a.jsonl?t0ken", "https://host/a.jsonl?..."),
        ("https://host/a.jsonl#access_token=t0ken", "https://host/a.jsonl"),
        ("s3://hugo:pa55word@bucket/a?X-Amz-Signature=s1gnature/x", "s3://bucket/a?..."),
        ("s3://bucket/part-?.parquet", "s3://bucket/part-?.parquet"),
        ("s3://bucket/a#b?c/d", "s3://bucket/a#b?c/d"),
        ("hf://datasets/owner/name@main/a", "hf://datasets/owner/name@main/a"),
        ("folder/me@here?x=1", "folder/me@here?x=1"),
        ("https://host/a?...", "https://host/a?..."),
        ("https://host/a?...2", "https://host/a?...2"),
        ("https://host/a?...t0ken", "https://host/a?..."),
    ],
)
def test_what_is_shown_of_a_url(url: str, expected: str) -> None:
    assert shown(url) == expected
    assert shown(shown(url)) == expected
    assert without_secrets(f"({url} failed)").replace(") ", " ") == f"({expected} failed)"


@pytest.mark.parametrize(
    "text",
    [
        "HTTPConnectionPool(host='host', port=1): failed with url: /a?sig=s1gnature'x)y (Caused)",
        "netloc hugo:pa55word@host contains invalid characters",
        "Failed to parse: 'https://hugo:pa55/word@host/a?t0ken'",
        "Cannot connect to proxy http://hugo:pa55word@proxy:3128",
    ],
)
def test_what_libraries_quote(text: str) -> None:
    assert len(clean(library_error(text))) > 30


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", ["a.jsonl", "packed.jsonl.gz", "ids.bin"])
def test_they_work_and_are_in_no_result(
    server: Web, tmp_path: Path, name: str, ranges: bool
) -> None:
    server.ranges = ranges
    url, plain = secret(server, name), f"{server.url}/{name}"
    options = ("--dtype", "u16", "--eot", "0") if name == "ids.bin" else TOKENS
    commands = [
        ("show", url),
        ("show", url, "--json"),
        ("show", url, "--top", "2"),
        ("compare", url, url),
        ("compare", url, url, "--json", "--examples", "2"),
    ]
    for command in commands:
        said(*command, *options)
    inspecting = options if name == "ids.bin" else ()
    for form in ("table", "json", "csv", "markdown"):
        assert plain in said("inspect", url, *inspecting, "--format", form)
    said("profile", url, "-o", tmp_path / "p", *options)
    manifest = clean((tmp_path / "p" / "manifest.json").read_text())
    (source,) = json.loads(manifest)["sources"]
    assert source["path"] == f"{plain}?..."
    assert source["digest"]
    said("show", tmp_path / "p")
    said("inspect", tmp_path / "p", "--json")
    asked = [path for path, _ in server.asked]
    assert f"/{name}" in asked


def test_the_password_is_sent(server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    server.told = lambda path, query: seen.append(query)
    everything(secret(server, "a.jsonl"))
    assert {query.partition("&")[2] for query in seen} == {"sig=t0ken"}


def test_errors_at_open(server: Web) -> None:
    url = secret(server, "a.jsonl")
    absent = secret(server, "absent.jsonl")
    for call in (open_file, everything, lambda url: discover([url])):
        assert "absent.jsonl?..." in raised(lambda call=call: call(absent))
    said("show", absent, *TOKENS, code=2)
    said("inspect", absent, code=2)
    for code in (400, 401, 403, 404, 410, 503):
        server.busy = [code] * 8
        assert "a.jsonl?..." in raised(lambda: open_file(url))
        server.busy = [code] * 50
        said("show", url, *TOKENS, code=2)
    server.busy.clear()
    for name in ("bad.parquet", "bad.jsonl", "empty.jsonl"):
        raised(lambda name=name: everything(secret(server, name)).run)
        said("compare", url, secret(server, name), *TOKENS, code=2)


@pytest.mark.parametrize(
    "url",
    [
        "http://hugo:pa55word@nowhere.invalid/a.jsonl?sig=t0ken",
        "http://hugo:pa55word@127.0.0.1:1/a.jsonl?sig=t0ken",  # nobody listens
        "http://hugo:pa55/word@nowhere.invalid/a.jsonl?sig=t0ken",
        "http://hugo:pa55word@[nowhere/a.jsonl?sig=t0ken",
        "http://hugo:pa55word@no\u2100where/a.jsonl?sig=t0ken",
        "http://hugo:pa55word@.../a.jsonl?sig=t0ken",
        "ftp://hugo:pa55word@host/a.jsonl?sig=t0ken",
        "http:/hugo:pa55word@host/a.jsonl",
        "http://hugo:pa55word@host/a b.jsonl?sig=t0ken",
    ],
)
def test_bad_hosts_and_what_is_no_url(url: str) -> None:
    raised(lambda: discover([url]))
    raised(lambda: everything(url))
    raised(lambda: cs.load(url))
    said("show", url, *TOKENS, code=2)
    said("inspect", url, code=2)


def test_redirects(server: Web) -> None:
    gone = "http://hugo:pa55word@nowhere.invalid/x?X-Amz-Signature=s1gnature"
    server.redirects["/moved.jsonl"] = gone
    assert "moved.jsonl?..." in raised(lambda: open_file(secret(server, "moved.jsonl")))
    server.redirects["/moved.jsonl"] = "http://127.0.0.1:1/x?X-Amz-Signature=s1gnature"
    raised(lambda: open_file(secret(server, "moved.jsonl")))
    server.redirects["/moved.jsonl"] = "/moved.jsonl?X-Amz-Signature=s1gnature"
    raised(lambda: open_file(secret(server, "moved.jsonl")))  # in circles
    server.redirects["/moved.jsonl"] = "/a.jsonl?X-Amz-Signature=s1gnature"
    profile = everything(secret(server, "moved.jsonl"))
    assert clean(repr(profile.sources)).count("moved.jsonl?...") == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_errors_while_reading(server: Web, ranges: bool) -> None:
    server.ranges = ranges
    server.objects["/a.jsonl"] = LINES * 100
    reader = open_file(secret(server, "a.jsonl"), ReadOptions())
    server.drop, server.drops = 0, 10**6
    assert "a.jsonl?..." in raised(lambda: documents(reader))
    server.drops = 0
    reader = open_file(secret(server, "a.jsonl"), ReadOptions())
    del server.objects["/a.jsonl"]
    assert "a.jsonl?..." in raised(lambda: documents(reader))


def test_warnings_of_one_bad_file_among_many(server: Web, tmp_path: Path) -> None:
    names = ("a.jsonl", "absent.jsonl", "bad.parquet", "b.jsonl", "empty.jsonl", "a.jsonl")
    listed = tmp_path / "list"
    listed.write_text("\n".join(secret(server, name) for name in names) + "\n")
    for form in ("json", "csv", "table", "markdown"):
        said("inspect", "--files-from", listed, "--format", form, code=2)
    urls = [secret(server, name) for name in names if name != "absent.jsonl"]
    out = tmp_path / "p"
    assert "not read" in said("profile", *urls, "-o", out, "--skip-bad", *TOKENS)
    clean((out / "manifest.json").read_text())


def test_what_a_path_shows_of_itself(server: Web) -> None:
    path = RemotePath(secret(server, "a.jsonl"))
    beside = path.with_name("b.jsonl")
    assert "pa55word" in path.url
    assert "s1gnature" in beside.url
    for each in (path, beside):
        clean(f"{each} {each!r} {each.parts} {each.name} {each.stem}")
    clean(repr(discover([path.url]).names))


def test_buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moto", reason="moto is not installed: it plays the S3 server")
    with s3() as (endpoint, put):
        (tmp_path / "a.jsonl").write_bytes(LINES)
        put(tmp_path)
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "us")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "pa55word")
        for name in ("a.jsonl", "absent.jsonl", "absent/", "abs*", "abs?nt-*.jsonl"):
            for url in (
                f"s3://corpora/{name}?X-Amz-Signature=s1gnature",
                f"s3://hugo:pa55word@corpora/{name}",
            ):
                raised(lambda url=url: discover([url]))
                said("show", url, *TOKENS, code=2)


def test_urls_that_differ_in_their_queries_only(server: Web, tmp_path: Path) -> None:
    """Each has a name of its own, which says nothing of the query: in results and in errors."""
    urls = [secret(server, "a.jsonl").replace("sig=", f"page={page}&sig=") for page in (1, 2, 3)]
    plain = f"{server.url}/a.jsonl"
    assert len(discover([*urls, plain, urls[0]])) == 5
    out = tmp_path / "p"
    said("profile", *urls, plain, urls[1], "-o", out, *TOKENS)
    sources = json.loads(clean((out / "manifest.json").read_text()))["sources"]
    names = [source["path"].removeprefix(plain) for source in sources]
    assert names == ["?...", "?...2", "?...3", "", "?...2"]
    table = said("inspect", *urls, "--json")
    assert [f'"{plain}?...{n}"' in table for n in ("", 2, 3, 4)] == [True, True, True, False]
    absent = [url.replace("a.jsonl", "absent.jsonl") for url in urls]
    names_of_bad = said("inspect", *(url.replace("a.jsonl", "bad.parquet") for url in urls), code=2)
    assert all(f"bad.parquet?...{number}" in names_of_bad for number in ("", 2, 3))
    second = told_apart(absent)[absent[1]]
    assert "absent.jsonl?...2" in raised(lambda: open_file(RemotePath(second)))
