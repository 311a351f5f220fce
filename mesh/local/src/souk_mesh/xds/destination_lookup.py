"""Which DestinationRules a caller goes by: of its own namespace, else the Service's, else the mesh's.

Rules for one host are merged into one where they are exported to the same namespaces and mean the same callers; others
stand beside each other, and a caller goes by the first that selects it, else by the last that selects nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from souk_mesh.objects import DestinationRule, contains
from souk_mesh.objects.exporting import EVERYONE, OWN
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.configuration import ROOT_NAMESPACE
from souk_mesh.xds.view import covers, full_host

Rules = tuple[DestinationRule, ...]


@dataclass
class _Merged:
    """Rules that are one to their callers; the first is the oldest."""

    export_to: frozenset[str]
    selector: Mapping[str, str] | None
    rules: list[DestinationRule]


@dataclass
class _Index:
    """The rules that stand in one namespace, by the full host that they are for."""

    hosts: dict[str, list[_Merged]] = field(default_factory=dict)

    def add(self, host: str, new: _Merged) -> None:
        standing = self.hosts.setdefault(host, [])
        alone = True
        for each in standing:
            same = new.export_to == each.export_to
            if not same and not (each.export_to and new.export_to >= each.export_to):
                alone = True
                continue
            alone = not same
            if new.selector is not None and each.selector is not None and new.selector != each.selector:
                alone = True
                continue
            # A rule that selects nobody is taken up by one that does, if both are private. Istio does it so.
            alone = alone and (new.selector is None) != (each.selector is None)
            each.rules += new.rules
        if alone:
            standing.append(new)

    def most_specific(self, host: str) -> list[_Merged]:
        if host in self.hosts:
            return self.hosts[host]
        wildcards = [each for each in self.hosts if each.startswith("*") and covers(each, host)]
        return self.hosts[max(wildcards, key=len)] if wildcards else []


class RulesByHost:
    """The DestinationRules of a mesh, to be found by whom they are for; the oldest comes first."""

    def __init__(self, rules: Iterable[DestinationRule]) -> None:
        self._local: dict[str, _Index] = {}
        self._exported: dict[str, _Index] = {}
        self._of_root = _Index()
        for rule in sorted(rules, key=lambda each: each.spec.workload_selector is None):
            self._add(rule)

    def _add(self, rule: DestinationRule) -> None:
        namespace, selector = rule.metadata.namespace, rule.spec.workload_selector
        host = full_host(rule.spec.host, namespace)
        export_to = frozenset(rule.spec.export_to if selector is None else (OWN,))
        private = export_to in ({OWN}, {namespace})

        def entry() -> _Merged:
            return _Merged(export_to, None if selector is None else selector.match_labels, [rule])

        if not export_to or export_to & {EVERYONE, OWN, namespace}:
            self._local.setdefault(namespace, _Index()).add(host, entry())
        if not private:
            self._exported.setdefault(namespace, _Index()).add(host, entry())
        elif namespace == ROOT_NAMESPACE:
            self._of_root.add(host, entry())

    def of(self, caller_namespace: str, labels: Mapping[str, str], key: ServiceKey) -> Rules:
        """What callers with these labels go by when they call a Service."""
        found = self._standing(caller_namespace, key)
        chosen: Rules = ()
        for each in found:
            if each.selector is None:
                chosen = tuple(each.rules)
            elif each.rules[0].metadata.namespace == caller_namespace and contains(labels, each.selector):
                return tuple(each.rules)
        return chosen

    def _standing(self, caller_namespace: str, key: ServiceKey) -> list[_Merged]:
        own = self._of_root if caller_namespace == ROOT_NAMESPACE else self._local.get(caller_namespace, _Index())
        if found := own.most_specific(key.governing):
            return found
        for namespace in (key.namespace, ROOT_NAMESPACE):
            there = self._exported.get(namespace, _Index()).most_specific(key.governing)
            # What is most specific is asked first, and only then whether the caller may see it: a rule that is not for
            # the caller hides a wider one in its namespace that is.
            seen = [
                each
                for each in there
                if not each.export_to or EVERYONE in each.export_to or caller_namespace in each.export_to
            ]
            if seen:
                return seen
        return []
