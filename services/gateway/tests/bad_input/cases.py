"""What badly written and hostile clients send by HTTP/1.1, byte by byte, and what comes of it."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass

MALFORMED = "MALFORMED_REQUEST"
TRANSFER = "UNSUPPORTED_TRANSFER_ENCODING"
PRODUCT = "GET /v1/products/mug HTTP/1.1"
CREATE = "POST /v1/products HTTP/1.1"
JSON = "content-type: application/json\r\n"
CHUNKED = f"{JSON}transfer-encoding: chunked\r\n"
UPGRADE = "connection: upgrade\r\nupgrade: websocket\r\n"
GZIP = "content-encoding: gzip\r\n"


@dataclass(frozen=True)
class Case:
    """One request: `status` is of HTTP, `reason` of its google.rpc.ErrorInfo; a call that is served has none."""

    what: str
    sent: bytes
    status: int
    reason: str = ""


def request(line: str, headers: str = "", body: bytes = b"", host: str = "host: a\r\n") -> bytes:
    """A request as it stands on the wire; what isn't ASCII is written as latin-1."""
    return f"{line}\r\n{host}{headers}\r\n".encode("latin-1") + body


def body(content: bytes, headers: str = JSON) -> bytes:
    return request(CREATE, f"{headers}content-length: {len(content)}\r\n", content)


PATHS = (
    Case("`%2F` or `%5C` in a segment", request("GET /v1/products%2Fmug HTTP/1.1"), 400, MALFORMED),
    Case("`..`: resolved before anything looks at the path", request("GET /v1/x/../products/mug HTTP/1.1"), 200),
    Case("`%2e%2e`: as `..`", request("GET /v1/x/%2e%2e/products/mug HTTP/1.1"), 200),
    Case("`..` past the root: ends at the root", request("GET /../../v1/products/mug HTTP/1.1"), 200),
    Case("`..` out of the API", request("GET /v1/products/../../etc/passwd HTTP/1.1"), 404, "NO_SUCH_METHOD"),
    Case("`//`: merged", request("GET //v1//products///mug HTTP/1.1"), 200),
    Case("a backslash: a slash", request(r"GET /v1\products\mug HTTP/1.1"), 200),
    Case("`%00`", request("GET /v1/products/mug%00 HTTP/1.1"), 400, MALFORMED),
    Case("a raw NUL", request("GET /v1/products/mu\0g HTTP/1.1"), 400, MALFORMED),
    Case("a raw byte past ASCII", request("GET /v1/products/m\xffg HTTP/1.1"), 400, MALFORMED),
    Case("percent-encoded bytes that are no UTF-8", request("GET /v1/products/%ff HTTP/1.1"), 400, MALFORMED),
    Case("`%` without two digits", request("GET /v1/products/%zz HTTP/1.1"), 400, MALFORMED),
    Case("a space", request("GET /v1/products/a b HTTP/1.1"), 400, MALFORMED),
    Case("a fragment", request("GET /v1/products/mug#x HTTP/1.1"), 400, MALFORMED),
    Case("`*`", request("GET * HTTP/1.1"), 400, MALFORMED),
    Case("longer than 60 KiB", request(f"GET /v1/products/{'a' * 62_000} HTTP/1.1"), 431, "HEADERS_TOO_LARGE"),
    Case("a whole URL: its host is not looked at", request("GET http://evil/v1/products/mug HTTP/1.1"), 200),
)
QUERIES = (
    Case("a number past 32 bits", request("GET /v1/products?pageSize=99999999999 HTTP/1.1"), 400, MALFORMED),
    Case("an unknown parameter", request("GET /v1/products?colour=red HTTP/1.1"), 400, MALFORMED),
    Case("7,000 parameters", request(f"GET /v1/products?{'&pageSize=1' * 7000} HTTP/1.1"), 431, "HEADERS_TOO_LARGE"),
    Case("no UTF-8", request("GET /v1/products?pageToken=%c3%28 HTTP/1.1"), 400, MALFORMED),
)
VERBS = (
    Case("a verb that the path doesn't take", request("PUT /v1/products/mug HTTP/1.1"), 405, "METHOD_NOT_ALLOWED"),
    Case("TRACE", request("TRACE /v1/products/mug HTTP/1.1"), 405, "METHOD_NOT_ALLOWED"),
    Case("CONNECT", request("CONNECT a:80 HTTP/1.1"), 404, "NO_SUCH_METHOD"),
    Case("a verb that nobody knows", request("BREW /v1/products/mug HTTP/1.1"), 400, MALFORMED),
    Case("a verb in small letters", request("get /v1/products/mug HTTP/1.1"), 400, MALFORMED),
    Case("HTTP/1.0 and before", request("GET /v1/products/mug HTTP/1.0"), 426, "UPGRADE_REQUIRED"),
    Case("HTTP/9.9", request("GET /v1/products/mug HTTP/9.9"), 426, "UPGRADE_REQUIRED"),
    Case("an upgrade to WebSocket", request(PRODUCT, UPGRADE), 403, "FORBIDDEN"),
    Case("what is no HTTP, TLS for one", b"\x16\x03\x01\x02\x00\x01" + bytes(60), 400, MALFORMED),
)
HEADERS = (
    Case("120 of them", request(PRODUCT, "".join(f"x-{n}: 1\r\n" for n in range(120))), 431, "HEADERS_TOO_LARGE"),
    Case("62,000 letters in one", request(PRODUCT, f"x-a: {'a' * 62_000}\r\n"), 431, "HEADERS_TOO_LARGE"),
    Case("an underscore in a name: the header is dropped", request(PRODUCT, "x_a: 1\r\n"), 200),
    Case("a space in a name", request(PRODUCT, "x a: 1\r\n"), 400, MALFORMED),
    Case("a space before the colon", request(PRODUCT, "content-length : 1\r\n"), 400, MALFORMED),
    Case("no colon", request(PRODUCT, "xxxx\r\n"), 400, MALFORMED),
    Case("NUL in a value", request(PRODUCT, "x-a: a\0b\r\n"), 400, MALFORMED),
    Case("no host", request(PRODUCT, host=""), 400, MALFORMED),
    Case("a grpc-timeout that is none", request(PRODUCT, "grpc-timeout: soon\r\n"), 400, MALFORMED),
)
FRAMES = (
    Case(
        "content-length and chunks",
        request(CREATE, f"{CHUNKED}content-length: 2\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
        400,
        MALFORMED,
    ),
    Case(
        "two content-lengths",
        request(CREATE, f"{JSON}content-length: 2\r\ncontent-length: 3\r\n", b"{} "),
        400,
        MALFORMED,
    ),
    Case("a content-length below zero", request(CREATE, f"{JSON}content-length: -2\r\n", b"{}"), 400, MALFORMED),
    Case(
        "a content-length with a sign",
        request(CREATE, f"{JSON}content-length: +2\r\n", b"{}"),
        400,
        MALFORMED,
    ),
    Case(
        "a content-length past 64 bits",
        request(CREATE, f"{JSON}content-length: 99999999999999999999\r\n", b"{}"),
        400,
        MALFORMED,
    ),
    Case(
        "a transfer-encoding that nearly says chunked",
        request(CREATE, f"{JSON}transfer-encoding: xchunked\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
        501,
        TRANSFER,
    ),
    Case(
        "chunked, and something after it",
        request(CREATE, f"{JSON}transfer-encoding: chunked, identity\r\n", b"2\r\n{}\r\n0\r\n\r\n"),
        501,
        TRANSFER,
    ),
    Case(
        "chunked twice",
        request(CREATE, f"{CHUNKED}transfer-encoding: chunked\r\n"),
        501,
        TRANSFER,
    ),
    Case("a chunk whose size is no number", request(CREATE, CHUNKED, b"zz\r\n{}\r\n0\r\n\r\n"), 400, MALFORMED),
    Case(
        "a chunk whose size is past 64 bits",
        request(CREATE, CHUNKED, b"f" * 17 + b"\r\n{}\r\n"),
        400,
        MALFORMED,
    ),
    Case("chunks with bare line feeds", request(CREATE, CHUNKED, b"2\n{}\n0\n\n"), 400, MALFORMED),
    Case("a chunk with an extension", request(CREATE, CHUNKED, b"2;a=b\r\n{}\r\n0\r\n\r\n"), 200),
)
BODIES = (
    Case("no JSON", body(b'{"displayName": '), 400, "MALFORMED_JSON"),
    Case(
        "JSON that only some parsers take",
        body(b"{'displayName': 'a',}"),
        400,
        "MALFORMED_JSON",
    ),
    Case("the same key twice", body(b'{"displayName": "a", "displayName": "b"}'), 400, "DUPLICATE_FIELD"),
    Case(
        "the same field in both spellings", body(b'{"displayName": "a", "display_name": "b"}'), 400, "DUPLICATE_FIELD"
    ),
    Case("an unknown field", body(b'{"colour": "red"}'), 400, "UNKNOWN_FIELD"),
    Case("a value of another type", body(b'{"displayName": 7}'), 400, MALFORMED),
    Case("an object for a plain value", body(b'{"displayName": {}}'), 400, "WRONG_TYPE"),
    Case("`NaN`", body(b'{"price": {"nanos": NaN}}'), 400, "MALFORMED_JSON"),
    Case("a number past 32 bits", body(b'{"price": {"nanos": 4294967296}}'), 400, MALFORMED),
    Case("a number past 64 bits", body(b'{"price": {"units": "9223372036854775808"}}'), 400, MALFORMED),
    Case("no UTF-8", body(b'{"displayName": "\xff"}'), 400, "MALFORMED_JSON"),
    Case("half of a surrogate", body(b'{"displayName": "\\ud800"}'), 400, "MALFORMED_JSON"),
    Case("another charset", body("{}".encode("utf-16-le"), f"{JSON[:-2]}; charset=utf-16\r\n"), 400, "MALFORMED_JSON"),
    Case("100,000 levels", body(b'{"price": ' + b"[" * 100_000), 400, "BODY_TOO_DEEP"),
    Case("2 MiB", body(b'{"displayName": "' + b"a" * (2 << 20) + b'"}'), 413, "REQUEST_TOO_LARGE"),
    Case(
        "2.5 MiB in chunks",
        request(CREATE, CHUNKED, (b"10000\r\n" + b"a" * 65536 + b"\r\n") * 40 + b"0\r\n\r\n"),
        413,
        "REQUEST_TOO_LARGE",
    ),
    Case("text/plain", body(b"{}", "content-type: text/plain\r\n"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    Case("a form", body(b"a=b", "content-type: application/x-www-form-urlencoded\r\n"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    Case("no content-type", body(b"{}", ""), 415, "UNSUPPORTED_MEDIA_TYPE"),
    Case("a body for GET", request(PRODUCT, f"{JSON}content-length: 2\r\n", b"{}"), 400, "UNEXPECTED_BODY"),
    Case(
        "a body for DELETE",
        request("DELETE /v1/products/mug HTTP/1.1", f"{JSON}content-length: 2\r\n", b"{}"),
        400,
        "UNEXPECTED_BODY",
    ),
)
ENCODINGS = (
    Case("gzip that is none", body(b"rubbish", JSON + GZIP), 400, "MALFORMED_ENCODING"),
    Case(
        "gzip that ends too early",
        body(gzip.compress(b"{" * 500)[:-12], JSON + GZIP),
        400,
        "MALFORMED_JSON",
    ),
    Case(
        "100 kB of gzip that become 100 MB",
        body(gzip.compress(b'{"displayName": "' + b"a" * 100_000_000 + b'"}', 6), JSON + GZIP),
        413,
        "REQUEST_TOO_LARGE",
    ),
    Case(
        "gzip in gzip",
        body(gzip.compress(gzip.compress(b"{}")), f"{JSON}content-encoding: gzip, gzip\r\n"),
        415,
        "UNSUPPORTED_ENCODING",
    ),
    Case("deflate", body(zlib.compress(b"{}"), f"{JSON}content-encoding: deflate\r\n"), 415, "UNSUPPORTED_ENCODING"),
    Case("br", body(b"rubbish", f"{JSON}content-encoding: br\r\n"), 415, "UNSUPPORTED_ENCODING"),
)
CASES = {
    "Path": PATHS,
    "Query": QUERIES,
    "Verb and version": VERBS,
    "Headers": HEADERS,
    "Where the body ends": FRAMES,
    "Body": BODIES,
    "Encoding of the body": ENCODINGS,
}
"""By what is bad about them."""


def table() -> str:
    """All the cases as docs/bad-input.md has them."""
    lines = ["| | sent | status | reason |", "|---|---|---|---|"]
    for kind, cases in CASES.items():
        for number, case in enumerate(cases):
            reason = f"`{case.reason}`" if case.reason else "served"
            lines.append(f"| {'' if number else kind} | {case.what} | {case.status} | {reason} |")
    return "\n".join(lines)
