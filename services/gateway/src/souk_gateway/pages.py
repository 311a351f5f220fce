"""What the gateway answers by itself: the list of calls at `/`, the OpenAPI document, and the page at `/docs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from souk_gateway.conditions import Json
from souk_gateway.descriptors import Service
from souk_gateway.filters import own_page_overrides
from souk_gateway.matching import begins
from souk_gateway.settings import Misconfigured

OPENAPI = Path(__file__).with_name("openapi.json")
"""Written by `make protos`."""
DOCS = Path(__file__).with_name("docs")

_GET: Json = {"name": ":method", "string_match": {"exact": "GET"}}
_READS: Json = {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}
_TEXT, _HTML, _JSON = "text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"
_SCRIPT, _STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"
# Nothing comes from elsewhere and nothing goes there. Swagger UI writes styles into its elements, and pictures as data.
_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_PAGE_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
# The page names each of its files with the hash of what is in it.
_ASSET_HEADERS = {"x-content-type-options": "nosniff", "cache-control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class _Asset:
    """A file that the page at `/docs` loads."""

    name: str
    content_type: str
    packed: bool = False

    @property
    def file(self) -> Path:
        return DOCS / (f"{self.name}.gz" if self.packed else self.name)

    @property
    def headers(self) -> Mapping[str, str]:
        """Every browser takes gzip; the file isn't kept in another form."""
        return {**_ASSET_HEADERS, "content-encoding": "gzip"} if self.packed else _ASSET_HEADERS


_ASSETS = (
    _Asset("swagger-ui-bundle.js", _SCRIPT, packed=True),
    _Asset("swagger-ui.css", _STYLE, packed=True),
    _Asset("start.js", _SCRIPT),
)


def own_pages(services: tuple[Service, ...], document: Json) -> Iterator[Json]:
    """The routes of all that the gateway answers by itself; `document` is a DataSource of Envoy.

    Raises:
        Misconfigured: a file of the page at `/docs` is missing.
    """
    yield _to_docs()
    yield _own_page("/", _TEXT, {"inline_string": overview(services)}, {"vary": "accept"})
    yield _own_page("/openapi.json", _JSON, document, {"cache-control": "no-cache"})
    yield _own_page("/docs", _HTML, {"inline_string": _docs()}, _PAGE_HEADERS)
    for asset in _ASSETS:
        yield _own_page(f"/docs/{asset.name}", asset.content_type, {"filename": str(asset.file)}, asset.headers)


def overview(services: tuple[Service, ...]) -> str:
    """What `GET /` says: every call that there is."""
    lines = [
        "Souk's public API, by REST and by gRPC on this same port.",
        "",
        "Documentation  /docs           to read and to try, in a browser",
        "OpenAPI        /openapi.json   3.1, for tools",
        "gRPC           grpcurl -plaintext HOST:PORT list",
        "Health         /healthz",
    ]
    for service in services:
        lines += ["", service.name]
        for method in service.methods:
            lines += [f"  {binding.verb:7}{binding.template.text}" for binding in method.bindings]
    return "\n".join([*lines, ""])


def _docs() -> str:
    page = (DOCS / "index.html").read_text()
    for asset in _ASSETS:
        if not asset.file.exists():
            raise Misconfigured(f"{asset.file} is missing: `make env` makes it")
        page = page.replace(f"{{{asset.name}}}", sha256(asset.file.read_bytes()).hexdigest()[:12])
    return page


def _to_docs() -> Json:
    """A browser, which asks for HTML first, is sent on to the page for people."""
    html = {"name": "accept", "string_match": {"prefix": "text/html"}}
    vary = {"header": {"key": "vary", "value": "accept"}}
    return {
        "match": {"path": "/", "headers": [_GET, html]},
        "redirect": {"path_redirect": "/docs", "response_code": "FOUND"},
        "response_headers_to_add": [vary],
        "typed_per_filter_config": own_page_overrides(),
    }


def _own_page(path: str, content_type: str, body: Json, headers: Mapping[str, str]) -> Json:
    added = [
        {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key, value in {"content-type": content_type, **headers}.items()
    ]
    return {
        "match": {"path": path, "headers": [begins(path), _READS]},
        "direct_response": {"status": 200, "body": body},
        "response_headers_to_add": added,
        "typed_per_filter_config": own_page_overrides(),
    }
