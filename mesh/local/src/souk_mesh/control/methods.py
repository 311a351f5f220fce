"""The methods of the control API: one list for both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from souk_mesh.control.messages import (
    ApplyReply,
    ApplyRequest,
    DeleteRequest,
    Done,
    ForgetImageRequest,
    GetReply,
    GetRequest,
    LateReply,
    Message,
    NamedRequest,
    Nothing,
    ObserveReply,
    ObserveRequest,
    ProgressReply,
    RegisterImageRequest,
    ReplaceReply,
    ReplaceRequest,
    ScaleRequest,
    SplitReply,
    SplitRequest,
    StatusReply,
)

SERVICE = "souk.mesh.Control"

Request = TypeVar("Request", bound=Message)
Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True)
class Method(Generic[Request, Reply]):
    """A method with the types of its messages."""

    name: str
    request: type[Request]
    reply: type[Reply]

    @property
    def path(self) -> str:
        """As gRPC names it."""
        return f"/{SERVICE}/{self.name}"


APPLY = Method("Apply", ApplyRequest, ApplyReply)
STATUS = Method("Status", Nothing, StatusReply)
PROGRESS = Method("Progress", Nothing, ProgressReply)
GET = Method("Get", GetRequest, GetReply)
REPLACE = Method("Replace", ReplaceRequest, ReplaceReply)
DELETE = Method("Delete", DeleteRequest, Done)
LATE = Method("Late", Nothing, LateReply)
REGISTER_IMAGE = Method("RegisterImage", RegisterImageRequest, Done)
FORGET_IMAGE = Method("ForgetImage", ForgetImageRequest, Done)
OBSERVE = Method("Observe", ObserveRequest, ObserveReply)
"""Lasts as long as its caller holds it."""
SPLIT = Method("Split", SplitRequest, SplitReply)
RESTART = Method("Restart", NamedRequest, Done)
SCALE = Method("Scale", ScaleRequest, Done)
DELETE_POD = Method("DeletePod", NamedRequest, Done)
ROTATE = Method("Rotate", Nothing, Done)
SHUT_DOWN = Method("ShutDown", Nothing, Done)
