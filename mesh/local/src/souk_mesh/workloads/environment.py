"""The environment of a container: what the YAML says, with references looked up and `$(NAME)` filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

from souk_mesh.objects import ConfigMap, Container, EnvSource, KeySelector, Secret
from souk_mesh.workloads.pod import PodIdentity

_REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z0-9]+)\)")
_LABEL = re.compile(r"metadata\.labels\['(.+)'\]")


class Entries(Protocol):
    """Finds what ConfigMaps and Secrets hold."""

    def get_map(self, kind: type[ConfigMap] | type[Secret], namespace: str, name: str) -> Mapping[str, bytes] | None:
        """The entries of one of them, or None if there is none of that name."""


class Unresolvable(Exception):
    """A pod names something that does not exist; the text says what."""


def environment(container: Container, pod: PodIdentity, entries: Entries) -> dict[str, str]:
    """The variables that the YAML gives a container, in the order in which it gives them.

    Raises:
        Unresolvable: a ConfigMap, Secret or entry that is not optional is missing.
    """
    values: dict[str, str] = {}
    for source in container.env_from:
        reference = source.config_map_ref or source.secret_ref
        assert reference is not None
        kind = ConfigMap if source.config_map_ref else Secret
        found = entries.get_map(kind, pod.namespace, reference.name)
        if found is None and not reference.optional:
            raise Unresolvable(f"{kind.__name__} {pod.namespace}/{reference.name} does not exist")
        values |= {source.prefix + name: value.decode() for name, value in (found or {}).items()}
    for variable in container.env:
        if variable.value_from is None:
            values[variable.name] = expand(variable.value, values)
        else:
            for text in _referred(variable.value_from, pod, entries):
                values[variable.name] = text
    return values


def expand(text: str, values: Mapping[str, str]) -> str:
    """Fills in `$(NAME)`; an unknown name stays as it is and `$$` stands for `$`, as in Kubernetes."""

    def replacement(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else values.get(match[1], match[0])

    return _REFERENCE.sub(replacement, text)


def _referred(source: EnvSource, pod: PodIdentity, entries: Entries) -> Iterator[str]:
    if source.field_ref is not None:
        yield _field(source.field_ref.field_path, pod)
    if source.config_map_key_ref is not None:
        yield from _entry(ConfigMap, source.config_map_key_ref, pod, entries)
    if source.secret_key_ref is not None:
        yield from _entry(Secret, source.secret_key_ref, pod, entries)


def _entry(
    kind: type[ConfigMap] | type[Secret], selector: KeySelector, pod: PodIdentity, entries: Entries
) -> Iterator[str]:
    found = entries.get_map(kind, pod.namespace, selector.name)
    if found is not None and selector.key in found:
        yield found[selector.key].decode()
    elif not selector.optional:
        raise Unresolvable(f'{kind.__name__} {pod.namespace}/{selector.name} with "{selector.key}" does not exist')


def _field(path: str, pod: PodIdentity) -> str:
    facts = {
        "metadata.name": pod.name,
        "metadata.namespace": pod.namespace,
        "status.podIP": pod.addresses.pod,
        "spec.serviceAccountName": pod.template.spec.service_account_name,
    }
    label = _LABEL.fullmatch(path)
    return pod.labels.get(label[1], "") if label else facts[path]
