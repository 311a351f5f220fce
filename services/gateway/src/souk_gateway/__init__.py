"""The gateway: one Envoy that takes REST and gRPC, and what it needs beside it, generated from the protos."""
