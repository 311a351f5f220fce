"""Answers are compressed for those who ask for it, and requests may be."""

from __future__ import annotations

from souk_gateway.conditions import Json

_DECOMPRESSOR = "envoy.filters.http.decompressor"
_FILTER_CONFIG = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
_FILTERS = "type.googleapis.com/envoy.extensions.filters.http"
_LIBRARIES = "type.googleapis.com/envoy.extensions.compression"
_TYPES = ["application/json", "text/html", "text/plain", "text/css", "text/javascript", "application/javascript"]
_WORTHWHILE = 1000
"""Bytes. What fits into one packet doesn't arrive sooner for being smaller, and packing costs more than sending."""


def compressors() -> list[Json]:
    """Brotli goes before gzip where a client takes both alike."""
    brotli = {"@type": f"{_LIBRARIES}.brotli.compressor.v3.Brotli", "quality": 4}  # its own 3 of 11 packs 10 % worse
    gzip = {"@type": f"{_LIBRARIES}.gzip.compressor.v3.Gzip", "memory_level": 8, "window_bits": 15}
    return [_compressor("br", "brotli", brotli, {"choose_first": True}), _compressor("gzip", "gzip", gzip, {})]


def decompressor() -> Json:
    """Unpacks bodies, on the routes that take any. What they unpack to is held against the limit, not what was sent."""
    library = {"@type": f"{_LIBRARIES}.gzip.decompressor.v3.Gzip", "window_bits": 15}
    off = {"common_config": {"enabled": {"default_value": False, "runtime_key": "gateway.decompress_answers"}}}
    config = {
        "@type": f"{_FILTERS}.decompressor.v3.Decompressor",
        "decompressor_library": {"name": "gzip", "typed_config": library},
        "request_direction_config": {"advertise_accept_encoding": False},
        "response_direction_config": off,
    }
    return {"name": _DECOMPRESSOR, "disabled": True, "typed_config": config}


def unpacked() -> Json:
    """For routes that take a body."""
    return {_DECOMPRESSOR: {"@type": _FILTER_CONFIG, "config": {}}}


def uncompressed() -> Json:
    """For streams, which a compressor would hold back until it has enough, and for those who didn't ask."""
    off = {"@type": _FILTER_CONFIG, "disabled": True}
    return {_name("br"): off, _name("gzip"): off}


def _compressor(coding: str, library: str, config: Json, extra: Json) -> Json:
    answers = {
        "common_config": {"min_content_length": _WORTHWHILE, "content_type": _TYPES},
        "weaken_etag_on_compress": True,  # else it is taken away
    }
    return {
        "name": _name(coding),
        "typed_config": {
            "@type": f"{_FILTERS}.compressor.v3.Compressor",
            "compressor_library": {"name": library, "typed_config": config},
            "response_direction_config": answers,
            **extra,
        },
    }


def _name(coding: str) -> str:
    return f"envoy.filters.http.compressor.{coding}"
