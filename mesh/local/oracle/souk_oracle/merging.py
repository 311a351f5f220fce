"""What plain data have otherwise than others, as a JSON merge patch (RFC 7396): `null` is for what is gone."""

from __future__ import annotations

from souk_oracle.projection.sections import Json


def changes(before: Json, now: Json) -> Json:
    """What makes one the other; the data themselves hold no `null`."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return now
    gone: dict[str, Json] = dict.fromkeys(before.keys() - now.keys())
    return gone | {
        key: changes(before[key], value) if key in before else value
        for key, value in now.items()
        if key not in before or before[key] != value
    }


def merged(before: Json, patch: Json) -> Json:
    """The data with the changes made."""
    if not isinstance(patch, dict):
        return patch
    result = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
