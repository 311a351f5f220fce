"""Names of pods."""

from __future__ import annotations

import random
import re

from souk_mesh.workloads.naming import pod_name, template_hash


def test_a_pod_is_named_after_its_deployment_and_template() -> None:
    name = pod_name("catalog", template_hash({"a": 1}), random.Random(7))
    assert re.fullmatch(r"catalog-[b-z2-9]{9}-[b-z2-9]{5}", name)


def test_the_hash_changes_with_the_template_and_not_with_the_order_of_its_fields() -> None:
    assert template_hash({"a": 1, "b": 2}) == template_hash({"b": 2, "a": 1})
    assert template_hash({"a": 1}) != template_hash({"a": 2})
