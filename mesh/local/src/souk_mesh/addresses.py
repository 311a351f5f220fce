"""Who listens where: every mesh has a second octet of 127/8, every pod a third, every Service a fourth."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from souk_mesh.topology import PodAddresses, ServiceKey

OCTETS = range(16, 251)
PODS = range(1, 251)
SERVICES = range(10, 255)
GUARD_PORT = 15000
"""Bound at `127.N.0.1` as long as a mesh lives; no pod has the index 0, so nothing else wants it."""


class AddressError(Exception):
    """There are no more addresses of some sort."""


class Range:
    """The addresses `127.N.*.*`, held for one mesh until it is closed or its process ends, however it ends."""

    def __init__(self, octet: int, guard: socket.socket) -> None:
        self.octet = octet
        self._guard = guard

    def addresses(self, pod: int, services: Mapping[ServiceKey, int]) -> PodAddresses:
        """Lists the addresses of one pod."""
        prefix = f"127.{self.octet}.{pod}"
        virtual = {key: f"{prefix}.{number}" for key, number in services.items()}
        return PodAddresses(pod=f"{prefix}.1", application=f"{prefix}.2", virtual=virtual)

    def close(self) -> None:
        """Lets another mesh have them."""
        self._guard.close()

    def __enter__(self) -> Range:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def claim(state: Path) -> Range:
    """Takes the range that this mesh had before, or else the first that nobody uses, and writes it down in `state`.

    What keeps two meshes apart is a bound socket, not a file: the kernel frees it when a mesh is killed.

    Raises:
        AddressError: when all are taken.
    """
    record = state / "octet"
    busy = listening()
    for octet in (*_recorded(record), *OCTETS):
        if octet not in busy and (guard := _guard(octet)) is not None:
            record.write_text(f"{octet}\n")
            return Range(octet, guard)
    raise AddressError(
        f"every range from 127.{OCTETS[0]} to 127.{OCTETS[-1]} is in use: "
        "`ss -ltnp src 127.0.0.0/8` shows by whom; stop what is no longer needed"
    )


def listening(table: Path = Path("/proc/net/tcp")) -> frozenset[int]:
    """Tells on which 127.N some process listens: a mesh, or what a killed one left behind."""
    octets: set[int] = set()
    with contextlib.suppress(OSError):
        for line in table.read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            # The address is little-endian hexadecimal, 0100007F for 127.0.0.1; state 0A is LISTEN.
            if local[6:8] == "7F" and state == "0A":
                octets.add(int(local[4:6], 16))
    return frozenset(octets)


class PodIndexes:
    """Hands out the third octet. The longest unused comes first, so that nobody calls a dead pod's heir by mistake."""

    def __init__(self) -> None:
        self._free = list(PODS)

    def take(self) -> int:
        """Takes an index until it is released.

        Raises:
            AddressError: when there are too many pods.
        """
        if not self._free:
            raise AddressError(f"a mesh has room for {len(PODS)} pods: scale something down")
        return self._free.pop(0)

    def release(self, index: int) -> None:
        """Gives an index back; giving it back twice is the same as once."""
        if index in PODS and index not in self._free:
            self._free.append(index)


class ServiceNumbers:
    """Gives each Service the fourth octet of its virtual addresses, for as long as the Service exists."""

    def __init__(self) -> None:
        self._numbers: Mapping[ServiceKey, int] = {}
        self._free = list(SERVICES)

    def sync(self, services: Iterable[ServiceKey]) -> Mapping[ServiceKey, int]:
        """Forgets the Services that are gone, numbers the new ones and returns all: the same mapping if there are none.

        Raises:
            AddressError: when there are too many Services.
        """
        wanted = set(services)
        if self._numbers.keys() == wanted:
            return self._numbers
        numbers = {key: number for key, number in self._numbers.items() if key in wanted}
        free = [*self._free, *(number for key, number in self._numbers.items() if key not in wanted)]
        for key in sorted(wanted - numbers.keys()):
            if not free:
                raise AddressError(f"a mesh has room for {len(SERVICES)} Services: remove some")
            numbers[key] = free.pop(0)
        self._numbers, self._free = numbers, free
        return numbers


def _recorded(record: Path) -> tuple[int, ...]:
    try:
        octet = int(record.read_text())
    except (OSError, ValueError):
        return ()
    return (octet,) if octet in OCTETS else ()


def _guard(octet: int) -> socket.socket | None:
    guard = socket.socket()
    try:
        guard.bind((f"127.{octet}.0.1", GUARD_PORT))
        guard.listen(1)
    except OSError:
        guard.close()
        return None
    return guard
