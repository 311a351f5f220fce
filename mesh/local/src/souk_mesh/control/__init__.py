"""How the `souk` command talks to the supervisor: gRPC over a unix socket, with JSON messages."""
