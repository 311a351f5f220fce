"""The gateway as connectconformance starts it: asked on stdin, it answers on stdout with its address.

Behind it stands the suite's own server on grpc-go. Its protos have no `google.api.http`, and what has none is not
public: so each method is given one here.
"""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from google.api import annotations_pb2
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message
from souk_gateway.testing import running

PACKAGE = "connectrpc.conformance.v1"


def main(server: str, descriptors: Path) -> None:
    """Runs until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    files = FileDescriptorSet.FromString(descriptors.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)

    def empty(name: str) -> Message:
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))()

    request = read(sys.stdin.buffer, empty("ServerCompatRequest"))
    # The one behind is called by the gateway, whatever the client speaks to that.
    for field, value in (("protocol", "PROTOCOL_GRPC"), ("http_version", "HTTP_VERSION_2")):
        setattr(request, field, request.DESCRIPTOR.fields_by_name[field].enum_type.values_by_name[value].number)
    with (
        subprocess.Popen([server, "-port", "0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as backend,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert backend.stdin is not None
        assert backend.stdout is not None
        write(backend.stdin, request)
        behind = read(backend.stdout, empty("ServerCompatResponse"))
        descriptor_set = Path(folder) / "descriptors.binpb"
        descriptor_set.write_bytes(public(files).SerializeToString())
        environment = {"CONFORMANCE_ADDRESS": f"{behind.host}:{behind.port}", "DESCRIPTOR_SET": str(descriptor_set)}  # type: ignore[attr-defined]
        try:
            with running(environment, Path(folder) / "log") as gateway:
                answer = empty("ServerCompatResponse")
                answer.host, answer.port = gateway.address.split(":")[0], gateway.port  # type: ignore[attr-defined]
                write(sys.stdout.buffer, answer)
                signal.pause()
        finally:
            backend.terminate()


def public(files: FileDescriptorSet) -> FileDescriptorSet:
    for service in [one for file in files.file if file.package == PACKAGE for one in file.service]:
        for method in service.method:
            rule = method.options.Extensions[annotations_pb2.http]
            rule.post, rule.body = f"/v1/{service.name}:{method.name}", "*"
    return files


def read(stream: BinaryIO, message: Message) -> Message:
    (length,) = struct.unpack(">I", stream.read(4))
    message.ParseFromString(stream.read(length))
    return message


def write(stream: BinaryIO, message: Message) -> None:
    content = message.SerializeToString()
    stream.write(struct.pack(">I", len(content)) + content)
    stream.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
