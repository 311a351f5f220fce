"""Bad events that neither a status nor a latency shows, counted by an experiment's own queries."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from souk_canary.sources import SourceError
from souk_canary.sources.prometheus.queries import Subject, Version


@dataclass(frozen=True)
class CustomQuery:
    """Two selectors of counters, with `$namespace`, `$service`, `$subset` and `$version` to fill in."""

    name: str
    attempts: str
    bad: str

    def filled(self, subject: Subject, version: Version) -> tuple[str, str]:
        """Both, for one version.

        Raises:
            SourceError: they don't tell versions apart, or have another placeholder.
        """
        words = {
            "namespace": subject.namespace,
            "service": subject.service,
            "subset": version.subset,
            "version": version.label,
        }
        filled = []
        for text in (self.attempts, self.bad):
            if not {"subset", "version"} & set(Template(text).get_identifiers()):
                raise SourceError(f"query {self.name}: {text} is the same for both versions: say $version in it")
            try:
                filled.append(Template(text).substitute(words))
            except (KeyError, ValueError) as error:
                allowed = ", ".join(f"${word}" for word in words)
                raise SourceError(f"query {self.name}: {text}: {error} is none of {allowed}") from error
        return filled[0], filled[1]
