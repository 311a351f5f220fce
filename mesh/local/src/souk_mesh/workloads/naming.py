"""Names of pods, in the manner of Kubernetes: `catalog-7f9c4d5b8-x2k4p`."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator

# Kubernetes' own alphabet: no vowels and no look-alikes, so that no name spells a word.
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: object) -> str:
    """Digests a pod template (as plain JSON data): another template, another hash."""
    data = json.dumps(template, sort_keys=True, separators=(",", ":"), default=str)
    number = int.from_bytes(hashlib.sha256(data.encode()).digest()[:7], "big")
    letters = []
    for _ in range(9):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return "".join(letters)


def pod_name(deployment: str, template: str, source: random.Random) -> str:
    """Makes a name for a new pod of a Deployment."""
    return suffixed(f"{deployment}-{template}", source)


def suffixed(name: str, source: random.Random) -> str:
    """Makes a name of its own by adding five letters."""
    return f"{name}-{''.join(source.choices(ALPHABET, k=5))}"


_SUFFIXES = (
    re.compile(rf"-[{ALPHABET}]{{9}}-[{ALPHABET}]{{5}}"),  # of a Deployment
    re.compile(r"-\d+"),  # of a StatefulSet
    re.compile(rf"-[{ALPHABET}]{{5}}"),  # of a Job
)


def possible_owners(pod: str) -> Iterator[str]:
    """Lists the names of the workloads that might have given a pod its name."""
    for suffix in _SUFFIXES:
        found = re.fullmatch(rf"(.+?){suffix.pattern}", pod)
        if found is not None:
            yield found[1]
