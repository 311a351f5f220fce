"""A service that fails does not take the others' way in with it."""

from __future__ import annotations

from tests.homes import Home
from tests.rest import Rest
from tests.waiting import awaited

# More in a row than any circuit breaker of ours takes for a fault of the one who passes them on.
FAILURES = 30


def test_many_failures_of_one_service_in_a_row_leave_the_gateway_to_the_others(home: Home, rest: Rest) -> None:
    home.scale("catalog", 0)
    try:
        awaited(lambda: rest.get("/v1/products/saffron").status == 503, "the catalog is gone", home.patience)
        failed = [rest.get("/v1/products/saffron").status for _ in range(FAILURES)]
        served = [rest.get("/v1/products/saffron/stock").status for _ in range(FAILURES)]
    finally:
        home.scale("catalog", 1)
        awaited(lambda: rest.get("/v1/products/saffron").status == 200, "the catalog is back", home.patience)

    assert failed == [503] * FAILURES
    assert served == [200] * FAILURES
