"""Gateways: their pods, the servers that they ask for, and the Secrets that those name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from souk_mesh.check.view import View
from souk_mesh.objects import Gateway, GatewayServer, Secret, ServerTLS
from souk_mesh.objects.credentials import CA_SUFFIX, client_authority, key_pair
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity
from souk_mesh.topology import LOWEST_PORT, NO_PRIVILEGES

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
HOST = re.compile(r"\*|(\*|[a-zA-Z0-9*]([-a-zA-Z0-9]*[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*")
OLD_VERSIONS = ("TLSV1_0", "TLSV1_1")


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each Gateway."""
    for gateway in view.objects.list(Gateway):
        yield from _gateway(view, gateway)
        for index, server in enumerate(gateway.spec.servers):
            steps: Steps = ("spec", "servers", index)
            yield from _port(gateway, steps, server)
            yield from _hosts(gateway, steps, server)
            yield from _tls_or_not(gateway, steps, server)
            if server.tls is not None:
                yield from _tls(gateway, (*steps, "tls"), server, server.tls)
                yield from _secrets(view, gateway, (*steps, "tls"), server.tls)


def _gateway(view: View, gateway: Gateway) -> Iterator[Problem]:
    if not LABEL.fullmatch(gateway.metadata.name):
        yield Problem(gateway.key, ("metadata", "name"), "has a dot or is too long", ("Istio wants a DNS label",))
    # Istio lets a Gateway choose pods of any namespace.
    if not gateway.spec.selector or not view.pods(gateway.spec.selector, None):
        shown = ", ".join(f"{name}={value}" for name, value in gateway.spec.selector.items())
        notes = ("name labels of the pods of an ingress Deployment",)
        yield Problem(gateway.key, ("spec", "selector"), f"({shown}) selects no pods", notes)
    names: set[str] = set()
    encrypted: dict[int, bool] = {}
    for index, server in enumerate(gateway.spec.servers):
        steps: Steps = ("spec", "servers", index, "port")
        if server.port.name in names:
            notes = ("Istio tells the servers of a Gateway apart by it",)
            yield Problem(gateway.key, (*steps, "name"), f'"{server.port.name}" is given twice', notes)
        names.add(server.port.name)
        secret = server.port.encrypted
        if encrypted.setdefault(server.port.number, secret) is not secret:
            notes = ("a client's first bytes would not tell which is meant: give one of them another port",)
            yield Problem(gateway.key, (*steps, "protocol"), "mixes plain text and TLS on one port", notes)


def _port(gateway: Gateway, steps: Steps, server: GatewayServer) -> Iterator[Problem]:
    if server.port.number < LOWEST_PORT:
        notes = (NO_PRIVILEGES,)
        where = (*steps, "port", "number")
        yield Problem(gateway.key, where, f"{server.port.number} is a privileged port", notes, Severity.NOT_HERE)
    if not server.port.name:
        yield Problem(gateway.key, (*steps, "port", "name"), "is required")


def _hosts(gateway: Gateway, steps: Steps, server: GatewayServer) -> Iterator[Problem]:
    for index, entry in enumerate(server.hosts):
        owner, slash, host = entry.partition("/")
        if not slash:
            owner, host = "*", entry
        if not HOST.fullmatch(host) or not (owner in ("*", ".") or LABEL.fullmatch(owner)):
            notes = ('write a name, perhaps with "*" as its first label, and before it perhaps a namespace: "shop/*"',)
            yield Problem(gateway.key, (*steps, "hosts", index), f'"{entry}" is no host', notes)


def _tls_or_not(gateway: Gateway, steps: Steps, server: GatewayServer) -> Iterator[Problem]:
    where: Steps = (*steps, "tls")
    tls = server.tls
    if server.port.encrypted:
        if tls is None:
            yield Problem(gateway.key, where, f"is required for the protocol {server.port.protocol}")
        elif not tls.terminates:
            ways = ("nothing here routes encrypted bytes by SNI", "end TLS here: write SIMPLE, MUTUAL or ISTIO_MUTUAL")
            yield Problem(gateway.key, (*where, "mode"), "is PASSTHROUGH", ways)
    elif server.port.http and tls is not None and tls.terminates:
        notes = ("write the protocol HTTPS, or leave all but httpsRedirect out",)
        yield Problem(gateway.key, where, "is more than httpsRedirect on a port of plain HTTP", notes)
    elif not server.port.http and tls is not None:
        yield Problem(gateway.key, where, "is not possible with the protocol TCP", ("write the protocol TLS",))


def _tls(gateway: Gateway, steps: Steps, server: GatewayServer, tls: ServerTLS) -> Iterator[Problem]:
    if tls.credential_name and tls.credential_names:
        yield Problem(gateway.key, steps, "has credentialName and credentialNames", ("leave one of them out",))
    if tls.mode == "ISTIO_MUTUAL" and tls.credentials:
        own = ("the mesh's own certificates are used: leave it out, or write SIMPLE or MUTUAL",)
        yield Problem(gateway.key, (*steps, "credentialName"), "has no meaning with ISTIO_MUTUAL", own)
    if tls.mode in ("SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL") and not tls.credentials:
        yield Problem(gateway.key, (*steps, "credentialName"), f"is required with {tls.mode}")
    if tls.https_redirect and not server.port.http:
        spoken = ("who comes in here speaks TLS already",)
        yield Problem(gateway.key, (*steps, "httpsRedirect"), "has no effect", spoken, Severity.WARNING)
    unknown = [each for each in tls.cipher_suites if each not in tls.usable_suites]
    if unknown:
        message = f"has unknown ones: {', '.join(unknown)}"
        left_out = ("Istio leaves them out",)
        yield Problem(gateway.key, (*steps, "cipherSuites"), message, left_out, Severity.WARNING)
    if tls.min_protocol_version in OLD_VERSIONS and not tls.cipher_suites:
        message = f"is {tls.min_protocol_version}"
        offered = ("by default no cipher suite of so old a version is offered: name some",)
        yield Problem(gateway.key, (*steps, "minProtocolVersion"), message, offered, Severity.WARNING)


def _secrets(view: View, gateway: Gateway, steps: Steps, tls: ServerTLS) -> Iterator[Problem]:
    """What Istio lets pass: the listener is there, and every connection to it fails."""
    where = (*steps, "credentialName" if tls.credential_name else "credentialNames")
    for namespace in view.namespaces(gateway.spec.selector):
        for name in tls.credentials:
            if key_pair(_secret(view, namespace, name)) is None:
                message = f'"{name}" is no Secret of {namespace} with tls.crt and tls.key, or cert and key'
                yield _without(gateway, where, message, "certificate", _hashed(view, namespace, name))
        for name in tls.credentials[:1] if tls.asks_clients else ():
            found = _secret(view, namespace, name + CA_SUFFIX) or _secret(view, namespace, name)
            if client_authority(found) is None:
                message = f'neither "{name}{CA_SUFFIX}" nor "{name}" is a Secret of {namespace} with ca.crt or cacert'
                yield _without(gateway, where, message, "authority to know clients by", ())


def _secret(view: View, namespace: str, credential: str) -> Secret | None:
    """A Secret as pods of a namespace may name it: only one of their own namespace."""
    owner, _, name = credential.rpartition("/")
    return view.objects.get(Secret, namespace, name) if owner in ("", namespace) else None


def _hashed(view: View, namespace: str, credential: str) -> tuple[str, ...]:
    """Kustomize adds a hash to the names of what it generates, and does not know that Gateways name Secrets."""
    name = credential.rpartition("/")[2]
    hashed = re.compile(rf"{re.escape(name)}-\w{{10}}")
    found = (each.key for each in view.objects.list(Secret, namespace) if hashed.fullmatch(each.metadata.name))
    return tuple(f"there is {each}: set disableNameSuffixHash in its secretGenerator" for each in found)


def _without(gateway: Gateway, steps: Steps, message: str, lacking: str, more: tuple[str, ...]) -> Problem:
    notes = (f"as in Istio its listener has no {lacking} until there is one, and connections fail", *more)
    return Problem(gateway.key, steps, message, notes, Severity.WARNING)
