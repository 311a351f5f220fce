"""How the texts of policies must be written; each form says what is wrong with a text, or nothing."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

Form = Callable[[str], str]
"""From a text to what is wrong with it, with what to do about it; empty if nothing is."""

_ONE, _ANY = "{*}", "{**}"
# What a URL's path may consist of (RFC 3986, pchar), and Envoy's templates too.
_SEGMENT = re.compile(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=]+")


def anything(_: str) -> str:
    """Any text will do."""
    return ""


def identity(text: str) -> str:
    """`trust-domain/ns/…/sa/…`; Istio adds the scheme."""
    scheme = "spiffe://"
    return f"must not begin with {scheme}: write {text.removeprefix(scheme)}" if text.startswith(scheme) else ""


def block(text: str) -> str:
    """An address or a range."""
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return "is no address or range: write 10.1.2.3 or 10.1.0.0/16"
    # Python also takes a netmask there, Go and so Istio does not.
    return "" if "/" not in text or text.rpartition("/")[2].isdecimal() else "is no range: write 10.1.0.0/16"


def port(text: str) -> str:
    """The number of a container's port."""
    valid = text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535
    return "" if valid else "is no port: write the number of a container's port"


def account(text: str) -> str:
    """`account` or `namespace/account`."""
    if "*" in text:
        return "has a wildcard: name each account, or ask for a namespace"
    parts = text.split("/")
    return "" if len(parts) <= 2 and all(parts) else "is no account: write account or namespace/account"


def trust_domain(text: str) -> str:
    """A name, or the beginning or the end of one."""
    if "/" in text:
        return 'has a "/": write the trust domain alone, without ns and sa'
    inner = text.removeprefix("*") if text.startswith("*") else text.removesuffix("*")
    return "has a wildcard within: it may stand at the beginning or at the end" if "*" in inner else ""


def path(text: str) -> str:
    """A path; if it has `{*}` or `{**}` in it, each of these is a whole segment, and the second comes last."""
    segments = text.strip("/").split("/")
    template = _ONE in text or _ANY in text
    for index, segment in enumerate(segments):
        if segment in (_ONE, _ANY):
            if _ANY in segments[:index]:
                return f"has something after {_ANY}: that must be the last"
        elif "{" in segment or "}" in segment:
            return f'has braces in "{segment}": only {_ONE} and {_ANY} can stand there, as whole segments'
        elif template and not _SEGMENT.fullmatch(segment):
            return f'has "{segment}" in it, which a template can\'t match'
    return ""
