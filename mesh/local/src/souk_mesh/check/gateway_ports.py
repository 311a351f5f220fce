"""Ports that several Gateways ask of the same pods."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from souk_mesh.check.view import View
from souk_mesh.objects import Gateway, GatewayServer
from souk_mesh.problems import Problem


def problems(view: View) -> Iterator[Problem]:
    """Lists what can't be told apart: TLS with any name takes every connection, and so does plain text."""
    for plain, secret in permutations(view.objects.list(Gateway), 2):
        taken = {each.port.number for each in secret.spec.servers if _takes_any_name(each)}
        for index, server in enumerate(plain.spec.servers):
            if not server.port.encrypted and server.port.number in taken and _together(view, plain, secret):
                where = ("spec", "servers", index, "port", "number")
                message = f"{server.port.number} is taken by TLS with any name: {secret.key}"
                notes = ("Envoy would take neither: name the hosts there, or give one of them another port",)
                yield Problem(plain.key, where, message, notes)


def _takes_any_name(server: GatewayServer) -> bool:
    return server.port.encrypted and any(host.rpartition("/")[2] == "*" for host in server.hosts)


def _together(view: View, one: Gateway, other: Gateway) -> bool:
    """Whether some pods are chosen by both."""
    return bool(view.pods({**one.spec.selector, **other.spec.selector}, None)) and all(
        one.spec.selector[name] == other.spec.selector[name] for name in one.spec.selector.keys() & other.spec.selector
    )
