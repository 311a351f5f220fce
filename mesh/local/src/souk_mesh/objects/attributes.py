"""What the conditions of an AuthorizationPolicy can ask for (`when[].key`)."""

from __future__ import annotations

import re
from enum import StrEnum


class Attribute(StrEnum):
    """A property of a call. Those of a request are unknown where only connections are seen."""

    SOURCE_IP = "source.ip"
    SOURCE_NAMESPACE = "source.namespace"
    SOURCE_PRINCIPAL = "source.principal"
    SOURCE_SERVICE_ACCOUNT = "source.serviceAccount"
    SOURCE_TRUST_DOMAIN = "source.trustDomain"
    REMOTE_IP = "remote.ip"
    DESTINATION_IP = "destination.ip"
    DESTINATION_PORT = "destination.port"
    CONNECTION_SNI = "connection.sni"
    REQUEST_HEADERS = "request.headers"
    REQUEST_PRINCIPAL = "request.auth.principal"
    REQUEST_AUDIENCES = "request.auth.audiences"
    REQUEST_PRESENTER = "request.auth.presenter"
    REQUEST_CLAIMS = "request.auth.claims"

    @property
    def http(self) -> bool:
        """Whether it is a request's, not a connection's."""
        return self.startswith("request.")

    @property
    def mapping(self) -> bool:
        """Whether one of several is meant, named in brackets: `request.headers[x-version]`."""
        return self in (Attribute.REQUEST_HEADERS, Attribute.REQUEST_CLAIMS)


def attribute(key: str) -> Attribute | None:
    """Reads which attribute a key means; None when it is none, or lacks its brackets, or has some too many."""
    name, bracket, _ = key.partition("[")
    if name not in set(Attribute):
        return None
    found = Attribute(name)
    return found if bool(bracket) == found.mapping and (not bracket or names(key)) else None


def names(key: str) -> tuple[str, ...]:
    """What stands in the brackets of a key: `("group", "id")` of `request.auth.claims[group][id]`."""
    _, _, rest = key.partition("[")
    if re.fullmatch(r"[^\[\]]+(\]\[[^\[\]]+)*\]", rest):
        return tuple(rest[:-1].split("]["))
    # Brackets within brackets are part of the name, as Istio reads them.
    return (rest[:-1],) if len(rest) > 1 and rest.endswith("]") else ()
