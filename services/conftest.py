"""The API tests of the stalls run on pytest-grpc's server, with what stands around the handlers in a pod.

A module's tests run on one database after the other, each with a servicer, and so a server, of its own; pytest-grpc
would start one server for all of them.
"""

from collections.abc import Sequence

import grpc
import pytest
from prometheus_client import CollectorRegistry
from souk_chassis.server import interceptors
from souk_chassis.testing import local_settings


@pytest.fixture(scope="module")
def grpc_interceptors(grpc_servicer: object) -> Sequence[grpc.ServerInterceptor]:  # noqa: ARG001
    """New ones for each server, since they keep what they have wrapped."""
    return interceptors(local_settings(), CollectorRegistry())


@pytest.fixture(scope="module")
def grpc_addr(grpc_servicer: object, tmp_path_factory: pytest.TempPathFactory) -> str:  # noqa: ARG001
    """Nobody else's, which a free port may become."""
    return f"unix:{tmp_path_factory.mktemp('grpc')}/socket"
