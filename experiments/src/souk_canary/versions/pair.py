"""Puts two versions of a service side by side on a local mesh, and takes them away again."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient, ControlError
from souk_mesh.control.messages import ApplyRequest, DeleteRequest, ForgetImageRequest, Nothing, RegisterImageRequest
from souk_mesh.state import StateDir

from souk_canary import routing
from souk_canary.homes import Document, Home, HomeError, Key
from souk_canary.homes.local import LocalMesh
from souk_canary.homes.rewriting import rewrite
from souk_canary.routing import CannotSplit
from souk_canary.versions import documents
from souk_canary.versions.documents import BASELINE, CANDIDATE
from souk_canary.versions.trees import Tree, VersionError, tree

# A service starts within seconds; one that compiles its imports, beside others, takes longer.
READY_WITHIN = 90.0
CONFIRMED_WITHIN = 15.0
LOCK = "versions.lock"
"""In the mesh's folder: held by the run whose versions are there."""
# Whoever died before has a guardian that clears up, which takes a second or two.
FREE_WITHIN = 10.0


@contextmanager
def side_by_side(
    state: StateDir, repository: Path, *, service: str, baseline: str, candidate: str, namespace: str = "souk"
) -> Iterator[None]:
    """Gives a service the subsets `baseline`, which gets all requests, and `candidate`, for as long as the block runs.

    Each is one new pod, so that neither has an advantage of age. Both are configured as the service's pods are now.

    Raises:
        VersionError: a version can't be had, or does not become ready. Nothing is left of it.
    """
    trees = {BASELINE: tree(repository, baseline), CANDIDATE: tree(repository, candidate)}
    with _alone(state):
        _clear(state, namespace)
        try:
            _place(state, service, namespace, trees)
            yield
        finally:
            _clear(state, namespace)


def clear(state: StateDir, namespace: str) -> None:
    """Takes away what a run that died has left of versions side by side.

    Raises:
        VersionError: the mesh does not do it, or they belong to a run that is alive.
    """
    with _alone(state):
        _clear(state, namespace)


@contextmanager
def _alone(state: StateDir) -> Iterator[None]:
    """Keeps others from the versions of a mesh; the kernel ends that with the process, however it ends."""
    if not state.root.is_dir():
        raise VersionError(f"there is no mesh in {state.root}\n  `souk up` starts one")
    deadline = time.monotonic() + FREE_WITHIN
    with (state.root / LOCK).open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise VersionError(
                        f"another run has two versions side by side on the mesh of {state.root}\n"
                        "  wait for its end, or end it"
                    ) from error
                time.sleep(0.05)
        yield


def _clear(state: StateDir, namespace: str) -> None:
    """Requests first go where they went before, then the pods go."""
    home = LocalMesh(state)
    try:
        for kind in ("VirtualService", "DestinationRule"):
            for each in home.list(kind, namespace):
                if documents.altered(each):
                    stored = rewrite(home, routing.key(each), documents.restored)
                    _confirm(home, stored)
        with ControlClient(state.control_socket) as client:
            for each in home.list("Deployment", namespace):
                if documents.made(each):
                    key = routing.key(each)
                    client.ask(methods.DELETE, DeleteRequest(kind=key.kind, namespace=namespace, name=key.name))
                    for image in documents.images(each):
                        client.ask(methods.FORGET_IMAGE, ForgetImageRequest(image=image))
    except (HomeError, ControlError) as error:
        raise VersionError(f"the versions could not be taken away: {error}") from error


def _place(state: StateDir, service: str, namespace: str, trees: dict[str, Tree]) -> None:
    home = LocalMesh(state)
    try:
        found = documents.template_of(home.read(Key("Service", namespace, service)), home.list("Deployment", namespace))
        if found is None:
            raise VersionError(f"no Deployment's pods stand behind {service}: there is nothing to make versions of")
        rule = routing.key(routing.find(service, namespace, home.list("VirtualService", namespace)))
        subsets = _rule_of(home, service, namespace)
        with ControlClient(state.control_socket) as client:
            # One after the other: the older version looks at the database before the newer one changes it.
            for version, code in trees.items():
                _start(client, found, service, version, code)
        _confirm(home, rewrite(home, subsets, documents.with_subsets))
        _confirm(home, rewrite(home, rule, lambda document: documents.with_versions(service, document)))
    except (HomeError, ControlError, CannotSplit) as error:
        raise VersionError(f"{service} can't be had in two versions: {error}") from error


def _start(client: ControlClient, like: Document, service: str, version: str, code: Tree) -> None:
    if code.tag is not None:
        for image in documents.images(like):
            asked = RegisterImageRequest(
                image=documents.tagged(image, code.tag), root=str(code.root), python=str(code.python)
            )
            client.ask(methods.REGISTER_IMAGE, asked)
    copy = documents.copied(like, service, version, code.tag)
    client.ask(methods.APPLY, ApplyRequest(name="", documents=(copy,), whole=False, port=None))
    name = routing.key(copy).name
    deadline = time.monotonic() + READY_WITHIN
    while not any(pod.ready for pod in client.ask(methods.STATUS, Nothing()).pods if pod.workload == name):
        if time.monotonic() > deadline:
            troubles = [each for each in client.ask(methods.PROGRESS, Nothing()).troubles if each.pod.startswith(name)]
            said = "\n  ".join(
                line for each in troubles for line in (f"{each.container}: {each.reason}", *each.last_lines)
            )
            raise VersionError(
                f"{version} ({code.root}) is not ready after {READY_WITHIN:.0f} s\n  {said or 'no reason'}"
            )
        time.sleep(0.1)


def _rule_of(home: Home, service: str, namespace: str) -> Key:
    for rule in home.list("DestinationRule", namespace):
        spec = rule["spec"]
        if isinstance(spec, dict) and routing.means(service, str(spec.get("host", "")), namespace):
            return routing.key(rule)
    raise VersionError(
        f"no DestinationRule in {namespace} is for {service}\n  add one, as mesh/istio/traffic/order.yaml does"
    )


def _confirm(home: Home, stored: Document) -> None:
    deadline = time.monotonic() + CONFIRMED_WITHIN
    while behind := home.confirmed(stored):
        if time.monotonic() > deadline:
            raise VersionError(f"{', '.join(behind)} did not take up {routing.key(stored)}")
        time.sleep(0.05)
