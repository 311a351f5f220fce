"""Who may open a connection: denials are looked at before permissions."""

from __future__ import annotations

import yaml
from envoy.config.rbac.v3.rbac_pb2 import RBAC as Rules
from envoy.extensions.filters.network.rbac.v3.rbac_pb2 import RBAC

from souk_mesh.objects import AuthorizationPolicy, parse
from souk_mesh.xds.connection_guards import connection_guards


def policy(action: str) -> AuthorizationPolicy:
    parsed = parse(
        yaml.safe_load(f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {action.lower()}, namespace: shop}}
spec: {{action: {action}, rules: [{{to: [{{operation: {{ports: ["9000"]}}}}]}}]}}
""")
    )
    assert isinstance(parsed, AuthorizationPolicy)
    return parsed


def guarded(*actions: str) -> list[tuple[str, str, int]]:
    """The name of each filter, the prefix of what it counts, and what it does."""
    found = []
    for each in connection_guards([policy(action) for action in actions], "counted"):
        config = RBAC()
        assert each.typed_config.Unpack(config)
        found.append((each.name, config.stat_prefix, config.rules.action))
    return found


def test_denials_come_before_permissions_and_nothing_guards_where_no_policy_speaks() -> None:
    deny, allow = (("envoy.filters.network.rbac", "counted.", each) for each in (Rules.DENY, Rules.ALLOW))
    assert guarded("ALLOW", "DENY") == [deny, allow]
    assert guarded("ALLOW") == [allow]
    assert guarded("DENY") == [deny]
    assert guarded() == []
