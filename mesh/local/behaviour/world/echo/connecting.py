"""Opens connections, encrypted or not."""

from __future__ import annotations

import socket
import ssl
import tempfile
from pathlib import Path

from echo.orders import Encryption, Order


def connect(order: Order, *protocols: str) -> socket.socket:
    """Connects to where the order says; over TLS it offers these protocols.

    Raises:
        OSError: there is no connection.
    """
    connection = socket.create_connection((order.address, order.port), order.timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if order.tls is None:
        return connection
    context = ssl.create_default_context(cadata=order.tls.trusts)
    context.set_alpn_protocols(protocols)
    if order.tls.certificate:
        _show(context, order.tls)
    return context.wrap_socket(connection, server_hostname=order.tls.sni)


def _show(context: ssl.SSLContext, tls: Encryption) -> None:
    # The library takes a certificate from a file only.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "both.pem")
        file.write_text(tls.certificate + tls.key)
        context.load_cert_chain(file)
