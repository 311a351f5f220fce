"""Calls over HTTP/1.1."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from echo.answering import ASKED
from echo.connecting import connect
from echo.orders import Observation, Order, unanswered


@contextmanager
def http1_caller(order: Order) -> Iterator[Callable[[], Observation]]:
    """One connection, which is opened again when it has ended."""
    with closing(http.client.HTTPConnection(order.address, order.port, timeout=order.timeout)) as connection:

        def call() -> Observation:
            try:
                if connection.sock is None:
                    connection.sock = connect(order, "http/1.1")
                return _call(connection, order)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                return unanswered(error if isinstance(error, OSError) else ConnectionResetError())

        yield call


def _call(connection: http.client.HTTPConnection, order: Order) -> Observation:
    connection.putrequest(order.method, order.path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"host": order.authority, ASKED: order.asked, **order.headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    headers = {name.lower(): ",".join(answer.headers.get_all(name, [])) for name in answer.headers}
    return Observation(str(answer.status), headers, (body,))
