"""Names of pods."""

from __future__ import annotations

import random
import re

from souk_mesh.workloads.naming import pod_name, possible_owners, suffixed, template_hash


def test_a_pod_is_named_after_its_deployment_and_template() -> None:
    name = pod_name("catalog", template_hash({"a": 1}), random.Random(7))
    assert re.fullmatch(r"catalog-[b-z2-9]{9}-[b-z2-9]{5}", name)


def test_the_hash_changes_with_the_template_and_not_with_the_order_of_its_fields() -> None:
    assert template_hash({"a": 1, "b": 2}) == template_hash({"b": 2, "a": 1})
    assert template_hash({"a": 1}) != template_hash({"a": 2})


def test_a_pods_name_tells_which_workloads_may_have_given_it() -> None:
    source = random.Random(1)
    assert "payment-v2" in possible_owners(pod_name("payment-v2", template_hash({}), source))
    assert "orders-db" in possible_owners("orders-db-12")
    assert "seed" in possible_owners(suffixed("seed", source))
    assert not list(possible_owners("seed"))
