"""AuthorizationPolicies: what their rules ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from souk_mesh.check import forms
from souk_mesh.check.view import View
from souk_mesh.objects import AuthorizationPolicy, Condition, Rule, ServiceAccount
from souk_mesh.objects.attributes import Attribute, attribute
from souk_mesh.objects.authorization_policy import Operation, Source
from souk_mesh.objects.meta import ObjectKey
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity

_SOURCE: dict[str, forms.Form] = {
    "principals": forms.identity,
    "serviceAccounts": forms.account,
    "trustDomains": forms.trust_domain,
    "ipBlocks": forms.block,
    "remoteIpBlocks": forms.block,
}
_OPERATION: dict[str, forms.Form] = {"paths": forms.path, "ports": forms.port}
_CONDITION: dict[Attribute, forms.Form] = {
    Attribute.SOURCE_IP: forms.block,
    Attribute.REMOTE_IP: forms.block,
    Attribute.DESTINATION_IP: forms.block,
    Attribute.DESTINATION_PORT: forms.port,
    Attribute.SOURCE_SERVICE_ACCOUNT: forms.account,
    Attribute.SOURCE_TRUST_DOMAIN: forms.trust_domain,
}


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with the rules of each policy."""
    for policy in view.objects.list(AuthorizationPolicy):
        for index, rule in enumerate(policy.spec.rules):
            steps: Steps = ("spec", "rules", index)
            yield from _sources(policy.key, steps, rule)
            yield from _operations(policy.key, steps, rule)
            yield from _conditions(policy.key, steps, rule)
            yield from _unknown_identities(view, policy.key, steps, rule)
            if policy.spec.action == "DENY" and _only_of_requests(rule):
                yield _closes_connections(policy.key, steps)


def _sources(key: ObjectKey, steps: Steps, rule: Rule) -> Iterator[Problem]:
    for index, member in enumerate(rule.from_):
        where = (*steps, "from", index, "source")
        source = member.source
        if source == Source():
            yield _empty(key, where)
        elif (source.service_accounts or source.not_service_accounts) and (
            source.principals or source.not_principals or source.namespaces or source.not_namespaces
        ):
            notes = ("an account names its namespace already; for either of two, write two sources",)
            yield Problem(key, where, "has serviceAccounts beside principals or namespaces", notes)
        yield from _misspelt(key, where, _members(source), _SOURCE)


def _operations(key: ObjectKey, steps: Steps, rule: Rule) -> Iterator[Problem]:
    for index, member in enumerate(rule.to):
        where = (*steps, "to", index, "operation")
        if member.operation == Operation():
            yield _empty(key, where)
        yield from _misspelt(key, where, _members(member.operation), _OPERATION)


def _empty(key: ObjectKey, where: Steps) -> Problem:
    notes = ("name something in it, or leave the whole out to mean everyone and everything",)
    return Problem(key, where, "is empty", notes)


def _conditions(key: ObjectKey, steps: Steps, rule: Rule) -> Iterator[Problem]:
    for index, condition in enumerate(rule.when):
        where = (*steps, "when", index)
        found = attribute(condition.key)
        if found is None:
            yield _unknown_attribute(key, where, condition)
        elif not condition.values and not condition.not_values:
            yield Problem(key, where, "has no values", ("name some in values or notValues",))
        else:
            form = _CONDITION.get(found, forms.anything)
            lists = {"values": condition.values, "notValues": condition.not_values}
            yield from _misspelt(key, where, lists, dict.fromkeys(lists, form))


def _unknown_attribute(key: ObjectKey, where: Steps, condition: Condition) -> Problem:
    known = ", ".join(f"{each}[…]" if each.mapping else each for each in Attribute)
    return Problem(key, (*where, "key"), f'"{condition.key}" is no attribute', (f"attributes: {known}",))


def _members(part: Source | Operation) -> dict[str, Sequence[str]]:
    """The lists of a source or an operation, under their names in YAML."""
    return part.model_dump(by_alias=True)


def _misspelt(
    key: ObjectKey, where: Steps, lists: Mapping[str, Sequence[str]], by_field: Mapping[str, forms.Form]
) -> Iterator[Problem]:
    for field, texts in lists.items():
        form = by_field.get(field) or by_field.get(_positive(field), forms.anything)
        for number, text in enumerate(texts):
            if mistake := form(text):
                said, _, advice = mistake.partition(": ")
                yield Problem(key, (*where, field, number), f'"{text}" {said}', (advice,) if advice else ())


def _positive(field: str) -> str:
    """`principals` of `notPrincipals`."""
    name = field.removeprefix("not")
    return name[:1].lower() + name[1:]


def _only_of_requests(rule: Rule) -> bool:
    """Whether none of its operations names a port; without operations, whether its sources are those of tokens."""
    operations = [each.operation for each in rule.to]
    if operations:
        return not any(each.ports or each.not_ports for each in operations)
    return bool(rule.from_) and not any(_of_connections(each.source) for each in rule.from_)


def _of_connections(source: Source) -> bool:
    return source.model_copy(update={"request_principals": (), "not_request_principals": ()}) != Source()


def _closes_connections(key: ObjectKey, steps: Steps) -> Problem:
    notes = (
        "as in Istio, what it asks of requests is left out for connections: all that the rest fits are denied",
        "name the ports it is for, in to.operation.ports",
    )
    return Problem(key, steps, "denies connections to TCP ports, too", notes, Severity.WARNING)


def _unknown_identities(view: View, key: ObjectKey, steps: Steps, rule: Rule) -> Iterator[Problem]:
    accounts = view.objects.list(ServiceAccount)
    known = {f"cluster.local/ns/{each.metadata.namespace}/sa/{each.metadata.name}" for each in accounts}
    # An identity of a namespace that is not ours may exist elsewhere.
    ours = {each.metadata.namespace for each in accounts} | {""}
    for index, member in enumerate(rule.from_):
        for number, principal in enumerate(member.source.principals):
            complete = "*" not in principal and not forms.identity(principal)
            if complete and principal not in known and _namespace(principal) in ours:
                where = (*steps, "from", index, "source", "principals", number)
                notes = (f"identities: {', '.join(sorted(known)) or 'none'}",)
                yield Problem(key, where, f'"{principal}" is no ServiceAccount', notes, Severity.WARNING)


def _namespace(principal: str) -> str:
    parts = principal.split("/")
    return parts[2] if len(parts) == 5 and parts[1] == "ns" and parts[3] == "sa" else ""
