"""Services that want the same of this machine."""

from __future__ import annotations

from pathlib import Path

from test_check import SHOP, checked

EDGES = """
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: souk}
spec: {type: LoadBalancer, selector: {app: ingress}, ports: [{name: http, port: PORT}]}
"""


def edge(name: str, port: int) -> str:
    return EDGES.replace("NAME", name).replace("PORT", str(port))


def test_two_load_balancers_cannot_have_one_port_of_this_machine(tmp_path: Path) -> None:
    (problem,) = checked(SHOP + edge("a", 8080) + edge("b", 8080), tmp_path)
    assert "Service souk/b: spec.ports[0].port 8080 is taken here" in str(problem)
    assert "Service souk/a is a LoadBalancer on that port, too" in str(problem)
    assert checked(SHOP + edge("a", 8080) + edge("b", 8081), tmp_path) == ()
