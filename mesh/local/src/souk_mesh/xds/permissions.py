"""What is called: `to`, and the conditions that speak of the connection's destination, as RBAC permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from envoy.config.core.v3 import extension_pb2
from envoy.config.rbac.v3.rbac_pb2 import Permission
from envoy.extensions.path.match.uri_template.v3 import uri_template_match_pb2
from envoy.type.matcher.v3 import path_pb2

from souk_mesh.objects import Condition, Operation, Rule
from souk_mesh.objects.attributes import Attribute, attribute
from souk_mesh.xds.protos import header, packed, subnet, wildcard

_One = Callable[[str], Permission]
"""What one text asks for."""


def permissions(rule: Rule) -> list[Permission]:
    """The calls that a rule means, any of them."""
    conditions = [part for each in rule.when for part in _condition(each)]
    return [_all([*_operation(each.operation), *conditions]) for each in rule.to] or [_all(conditions)]


def _operation(operation: Operation) -> Iterator[Permission]:
    yield from _each(_host, operation.hosts, operation.not_hosts)
    yield from _each(_method, operation.methods, operation.not_methods)
    yield from _each(_path, operation.paths, operation.not_paths)
    yield from _each(_port, operation.ports, operation.not_ports)


def _condition(condition: Condition) -> Iterator[Permission]:
    match attribute(condition.key):
        case Attribute.DESTINATION_IP:
            yield from _each(_address, condition.values, condition.not_values)
        case Attribute.DESTINATION_PORT:
            yield from _each(_port, condition.values, condition.not_values)
        case Attribute.CONNECTION_SNI:
            yield from _each(_server_name, condition.values, condition.not_values)


def _each(one: _One, wanted: Sequence[str], unwanted: Sequence[str]) -> Iterator[Permission]:
    if wanted:
        yield _any(map(one, wanted))
    if unwanted:
        yield Permission(not_rule=_any(map(one, unwanted)))


def _all(parts: Sequence[Permission]) -> Permission:
    return Permission(and_rules=Permission.Set(rules=parts or [Permission(any=True)]))


def _any(parts: Iterable[Permission]) -> Permission:
    return Permission(or_rules=Permission.Set(rules=parts))


def _host(text: str) -> Permission:
    # Of all texts only these are compared as names are: without regard to case.
    return Permission(header=header(":authority", text, ignore_case=True))


def _method(text: str) -> Permission:
    return Permission(header=header(":method", text))


def _path(text: str) -> Permission:
    if "{*}" in text or "{**}" in text:
        template = uri_template_match_pb2.UriTemplateMatchConfig(
            path_template=text.replace("{*}", "*").replace("{**}", "**")
        )
        return Permission(
            uri_template=extension_pb2.TypedExtensionConfig(name="uri-template", typed_config=packed(template))
        )
    return Permission(url_path=path_pb2.PathMatcher(path=wildcard(text)))


def _port(text: str) -> Permission:
    return Permission(destination_port=int(text))


def _address(text: str) -> Permission:
    return Permission(destination_ip=subnet(text))


def _server_name(text: str) -> Permission:
    return Permission(requested_server_name=wildcard(text))
