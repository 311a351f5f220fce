"""What the local mesh tells the proxy of a scene."""

from __future__ import annotations

from datetime import UTC, datetime

from souk_mesh.identity import Certificate
from souk_mesh.objects import Malformed, parse
from souk_mesh.objects.parsing import AnyObject
from souk_mesh.xds import Configuration, Kind, Translation, View, translate
from souk_oracle.case import CaseError, Document
from souk_oracle.scene import Scene
from souk_oracle.told import Told

# Certificates come in secrets, which are not compared.
_CERTIFICATE = Certificate("", b"", b"", datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def translated(scene: Scene, before: Translation | None = None) -> Translation:
    """What all proxies of a scene are told; what is as before is taken over.

    Raises:
        CaseError: when the local mesh doesn't accept one of the objects.
    """
    configuration = Configuration.of(map(_parsed, scene.documents))
    return translate(View(configuration, scene.pods), lambda _: _CERTIFICATE, b"", before)


def ours(scene: Scene, before: Translation | None = None) -> Told:
    """What the proxy is told that looks.

    Raises:
        CaseError: when the local mesh doesn't accept one of the objects.
    """
    told = translated(scene, before).resources(scene.looker)
    return Told(
        listeners=told.of_kind(Kind.LISTENER),
        routes=told.of_kind(Kind.ROUTES),
        clusters=told.of_kind(Kind.CLUSTER),
        endpoints=told.of_kind(Kind.ENDPOINTS),
        filters=told.of_kind(Kind.EXTENSION),
    )


def _parsed(document: Document) -> AnyObject:
    try:
        return parse(document)
    except Malformed as malformed:
        raise CaseError(f"the local mesh refuses {document.get('kind')}: {malformed}") from None
