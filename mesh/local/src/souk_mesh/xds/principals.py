"""Who calls: `from`, and the conditions that speak of the caller or its request, as RBAC principals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from envoy.config.rbac.v3.rbac_pb2 import Principal
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from souk_mesh.objects import Condition, Rule, Source
from souk_mesh.objects.attributes import Attribute, attribute, names
from souk_mesh.xds.claims import claim_is, has_claim
from souk_mesh.xds.protos import exactly, header, quoted, regex, subnet, wildcard

SPIFFE = "spiffe://"

_One = Callable[[str], Principal]
"""What one text asks for."""


def principals(rule: Rule, namespace: str) -> list[Principal]:
    """The callers that a rule means, any of them.

    Args:
        rule: the rule.
        namespace: of its policy; an account without a namespace is one of this.
    """
    conditions = [part for each in rule.when for part in _condition(each, namespace)]
    if not rule.from_:
        return [_all(conditions)]
    return [_all([*_source(each.source, namespace), *conditions]) for each in rule.from_]


def _source(source: Source, namespace: str) -> Iterator[Principal]:
    account = partial(_account, namespace)
    yield from _each(_identity, source.principals, source.not_principals)
    yield from _whole(_token, source.request_principals, source.not_request_principals)
    yield from _each(account, source.service_accounts, source.not_service_accounts)
    yield from _each(_trust_domain, source.trust_domains, source.not_trust_domains)
    yield from _each(_namespace, source.namespaces, source.not_namespaces)
    yield from _each(_remote_address, source.remote_ip_blocks, source.not_remote_ip_blocks)
    yield from _each(_peer_address, source.ip_blocks, source.not_ip_blocks)


def _condition(condition: Condition, namespace: str) -> Iterator[Principal]:
    wanted, unwanted = condition.values, condition.not_values
    match attribute(condition.key):
        case Attribute.SOURCE_IP:
            yield from _each(_peer_address, wanted, unwanted)
        case Attribute.REMOTE_IP:
            yield from _each(_remote_address, wanted, unwanted)
        case Attribute.SOURCE_NAMESPACE:
            yield from _each(_namespace, wanted, unwanted)
        case Attribute.SOURCE_PRINCIPAL:
            yield from _each(_identity, wanted, unwanted)
        case Attribute.SOURCE_SERVICE_ACCOUNT:
            yield from _each(partial(_account, namespace), wanted, unwanted)
        case Attribute.SOURCE_TRUST_DOMAIN:
            yield from _each(_trust_domain, wanted, unwanted)
        case Attribute.REQUEST_HEADERS:
            yield from _each(partial(_header, names(condition.key)[0]), wanted, unwanted)
        case Attribute.REQUEST_PRINCIPAL:
            yield from _whole(_token, wanted, unwanted)
        case Attribute.REQUEST_AUDIENCES:
            yield from _whole(partial(_claim, ("aud",)), wanted, unwanted)
        case Attribute.REQUEST_PRESENTER:
            yield from _whole(partial(_claim, ("azp",)), wanted, unwanted)
        case Attribute.REQUEST_CLAIMS:
            yield from _whole(partial(_claim, names(condition.key)), wanted, unwanted)


def _each(one: _One, wanted: Sequence[str], unwanted: Sequence[str]) -> Iterator[Principal]:
    if wanted:
        yield _any(map(one, wanted))
    if unwanted:
        yield Principal(not_id=_any(map(one, unwanted)))


def _whole(
    some: Callable[[Sequence[str]], Principal], wanted: Sequence[str], unwanted: Sequence[str]
) -> Iterator[Principal]:
    if wanted:
        yield some(wanted)
    if unwanted:
        yield Principal(not_id=some(unwanted))


def _all(parts: Sequence[Principal]) -> Principal:
    return Principal(and_ids=Principal.Set(ids=parts or [Principal(any=True)]))


def _any(parts: Iterable[Principal]) -> Principal:
    return Principal(or_ids=Principal.Set(ids=parts))


def _authenticated(name: StringMatcher) -> Principal:
    # A peer in plain text has no name: it never matches, so that `not…` always does.
    return Principal(authenticated=Principal.Authenticated(principal_name=name))


def _identity(text: str) -> Principal:
    if text == "*":
        return _authenticated(StringMatcher(safe_regex=regex(".+")))
    if text.startswith("*"):
        return _authenticated(StringMatcher(safe_regex=regex(f"{SPIFFE}.*{quoted(text[1:])}")))
    return _authenticated(wildcard(SPIFFE + text))


def _namespace(text: str) -> Principal:
    pattern = ".*".join(map(quoted, text.split("*")))
    return _authenticated(StringMatcher(safe_regex=regex(f".*/ns/{pattern}/.*")))


def _account(own_namespace: str, text: str) -> Principal:
    namespace, slash, name = text.rpartition("/")
    namespace = namespace if slash else own_namespace
    # A SPIFFE id may have more parts between and after these two.
    pattern = f"{SPIFFE}.+/ns/{quoted(namespace)}/(.+/|)sa/{quoted(name)}(/.+)?"
    return _authenticated(StringMatcher(safe_regex=regex(pattern)))


def _trust_domain(text: str) -> Principal:
    if text == "*":
        return _authenticated(StringMatcher(prefix=SPIFFE))
    if "*" not in text:
        return _authenticated(StringMatcher(prefix=f"{SPIFFE}{text}/"))
    before, _, after = text.partition("*")
    return _authenticated(StringMatcher(safe_regex=regex(f"{SPIFFE}{quoted(before)}[^/]*{quoted(after)}/.*")))


def _peer_address(text: str) -> Principal:
    return Principal(direct_remote_ip=subnet(text))


def _remote_address(text: str) -> Principal:
    return Principal(remote_ip=subnet(text))


def _header(name: str, text: str) -> Principal:
    return Principal(header=header(name, text))


def _claim(path: Sequence[str], texts: Sequence[str]) -> Principal:
    return Principal(metadata=has_claim(path, map(wildcard, texts)))


def _token(texts: Sequence[str]) -> Principal:
    either = [
        _all([Principal(metadata=claim_is("iss", issuer)), Principal(metadata=claim_is("sub", subject))])
        for issuer, subject in map(_bearer, texts)
    ]
    return either[0] if len(either) == 1 else _any(either)


def _bearer(text: str) -> tuple[StringMatcher, StringMatcher]:
    """The issuer and the subject that `issuer/subject` asks for: a wildcard stands only at its outer ends."""
    # The last slash divides, for an issuer may be a URL.
    issuer, slash, subject = text.rpartition("/")
    if text.startswith("*"):
        return (wildcard(issuer), exactly(subject)) if slash else (wildcard("*"), wildcard(text))
    if text.endswith("*"):
        # As Istio reads it: `issuer*` without a slash is the beginning of an issuer.
        return (exactly(issuer), _beginning(subject)) if slash else (wildcard(text), wildcard("*"))
    return (exactly(issuer), exactly(subject)) if slash else (exactly(text), exactly(""))


def _beginning(text: str) -> StringMatcher:
    return wildcard(text) if text == "*" else StringMatcher(prefix=text[:-1])
