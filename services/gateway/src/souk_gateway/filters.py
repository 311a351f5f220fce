"""The HTTP filters, in the order in which a request passes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from souk_gateway import compression, cors
from souk_gateway import transcoder as transcoding
from souk_gateway.bodies import body_context, normalised
from souk_gateway.conditions import LUA as LUA_NAMESPACE
from souk_gateway.conditions import Json
from souk_gateway.descriptors import Api, Binding, Method

HEADERS = "envoy.filters.http.header_mutation"
GRPC_WEB = "envoy.filters.http.grpc_web"
REST = "envoy.filters.http.lua"
ERRORS = "souk.filters.http.errors"
CODE = "souk.filters.http.code"
STATISTICS = "envoy.filters.http.grpc_stats"
HEALTH_PATH = "/healthz"
MAX_REQUEST = transcoding.MAX_REQUEST
LUA = ("text", "route", "refusal", "query", "json", "body", "conditional", "pages", "rest")
"""The files under `lua/`, which make one program in this order."""
ERRORS_LUA = ("text", "errors")
"""Those of the program for what errors lack."""

_LEAKING = {"remove_on_match": {"key_matcher": {"prefix": "grpc-"}}}
# HTTP allows more in the name of a header than gRPC does in a key of metadata; a server would break the call off.
_NO_METADATA = ".*[^a-z0-9_.:-].*"
# What isn't gzip comes out of the decompressor as nothing at all, and no body is a good one: the Lua must know that
# there was something. It takes the note away.
_NOTED: list[Json] = [
    {"remove": "x-packed"},
    {"append": {"header": {"key": "x-packed", "value": "%REQ(content-encoding)%"}}},
]
_FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
_TYPE = "type.googleapis.com/envoy.extensions.filters.http"


def http_filters() -> list[Json]:
    """Health, header clean-up, CORS, gRPC-Web, compression, REST, errors, transcoder, code, statistics, router.

    The response passes them the other way round: the first one sees also what the transcoder answers by itself. The
    statistics stand behind the transcoder, since in front of it a status of HTTP hides the one of gRPC.

    Nothing here depends on the API: that is said on the routes, which change as one when a new descriptor set comes.
    """
    packing = [*compression.compressors(), compression.decompressor()]
    return [
        *(_health(), _header_mutation(), cors.cors(), _grpc_web(), *packing),
        *(_rest(), _errors(), transcoding.transcoder(), _code(), _statistics(), _router()),
    ]


def api_overrides(api: Api) -> Json:
    """What the filters must know about the API as a whole."""
    return {transcoding.NAME: transcoding.transcoding(api)}


def grpc_overrides() -> Json:
    """What the filters must know about one gRPC route."""
    return {STATISTICS: {"@type": _FILTER_CONFIG, "config": {}}}


def rest_overrides(method: Method, binding: Binding, context: Json) -> Json:
    """What the filters must know about one REST route; `context` is what only this route has the Lua know."""
    bound = {"path": [normalised(variable.field) for variable in binding.template.variables]}
    told: Json = {**bound, **body_context(method, binding), **_reading(method, binding), **context}
    key = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    return {
        **plain_overrides(),
        **(compression.uncompressed() if method.server_streaming else {}),
        **({**compression.unpacked(), HEADERS: _mutations(_NOTED)} if binding.body else {}),
        REST: {"@type": f"{_TYPE}.lua.v3.LuaPerRoute", "filter_context": {"key": key, **told}},
    }


def plain_overrides() -> Json:
    """What they must know about a REST route on which there is nothing for the Lua to do. gRPC-Web is no REST."""
    return {
        **grpc_overrides(),
        GRPC_WEB: {"@type": _FILTER_CONFIG, "disabled": True},
        ERRORS: {"@type": _FILTER_CONFIG, "config": {}},
        HEADERS: _mutations([]),
    }


def _mutations(request: list[Json]) -> Json:
    illegal = {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": _NO_METADATA}}}}
    kind = f"{_TYPE}.header_mutation.v3.HeaderMutationPerRoute"
    return {"@type": kind, "mutations": {"request_mutations": [illegal, *request], "response_mutations": [_LEAKING]}}


def own_page_overrides() -> Json:
    """Keeps the transcoder, which refuses what it doesn't know, away from what the gateway answers by itself."""
    return {transcoding.NAME: {"@type": _FILTER_CONFIG, "disabled": True}}


def _reading(method: Method, binding: Binding) -> Json:
    if binding.verb not in ("GET", "HEAD"):
        return {}
    pages = {"pages": True} if "next_page_token" in method.response.fields_by_name else {}
    return {"reads": binding.verb, **pages}


def _health() -> Json:
    path = {"name": ":path", "string_match": {"exact": HEALTH_PATH}}
    config = {"@type": f"{_TYPE}.health_check.v3.HealthCheck", "pass_through_mode": False, "headers": [path]}
    return {"name": "envoy.filters.http.health_check", "typed_config": config}


def _header_mutation() -> Json:
    return {"name": HEADERS, "typed_config": {"@type": f"{_TYPE}.header_mutation.v3.HeaderMutation"}}


def _code() -> Json:
    """Notes the code of an error of gRPC where the access log finds it: the transcoder takes it away."""
    noted = {"metadata_namespace": LUA_NAMESPACE, "key": "grpc", "type": "NUMBER"}
    rule = {"header": "grpc-status", "on_header_present": noted}
    config = {"@type": f"{_TYPE}.header_to_metadata.v3.Config", "response_rules": [rule]}
    return {"name": CODE, "typed_config": config}


def _grpc_web() -> Json:
    """Turns what browsers can send, and read, into gRPC: trailers at the end of the body, in base64 if asked for."""
    return {"name": GRPC_WEB, "typed_config": {"@type": f"{_TYPE}.grpc_web.v3.GrpcWeb"}}


def _rest() -> Json:
    """Off but for the REST routes, by what their contexts say."""
    return {"name": REST, "disabled": True, "typed_config": _lua(LUA)}


def _errors() -> Json:
    """Adds what the transcoder leaves out of an error. Off but for REST; its Lua runs only where that is so."""
    lacking = {"or_matcher": {"predicate": [_answer_has("grpc-status", "[1-9][0-9]*"), _answer_has(":status", "401")]}}
    skip = {"@type": "type.googleapis.com/envoy.extensions.filters.common.matcher.action.v3.SkipFilter"}
    nothing_lacks = {
        "predicate": {"not_matcher": lacking},
        "on_match": {"action": {"name": "skip", "typed_config": skip}},
    }
    config = {
        "@type": "type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        "extension_config": {"name": REST, "typed_config": _lua(ERRORS_LUA)},
        "xds_matcher": {"matcher_list": {"matchers": [nothing_lacks]}},
    }
    return {"name": ERRORS, "disabled": True, "typed_config": config}


def _answer_has(name: str, pattern: str) -> Json:
    kind = "type.googleapis.com/envoy.type.matcher.v3.HttpResponseHeaderMatchInput"
    header = {"name": name, "typed_config": {"@type": kind, "header_name": name}}
    return {"single_predicate": {"input": header, "value_match": {"safe_regex": {"google_re2": {}, "regex": pattern}}}}


def _lua(files: Sequence[str]) -> Json:
    folder = Path(__file__).with_name("lua")
    code = "\n".join((folder / f"{name}.lua").read_text() for name in files)
    return {"@type": f"{_TYPE}.lua.v3.Lua", "default_source_code": {"inline_string": code}}


def _statistics() -> Json:
    """Off but for the methods that there are: else whoever invents names fills the memory with their counters."""
    config = {
        "@type": f"{_TYPE}.grpc_stats.v3.FilterConfig",
        "stats_for_all_methods": True,
        "replace_dots_in_grpc_service_name": True,  # else they would end the name where Prometheus's labels are made
    }
    return {"name": STATISTICS, "disabled": True, "typed_config": config}


def _router() -> Json:
    config = {"@type": f"{_TYPE}.router.v3.Router", "suppress_envoy_headers": True}
    return {"name": "envoy.filters.http.router", "typed_config": config}
