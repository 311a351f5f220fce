"""Two meshes never share an address, and no address changes its owner in silence."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from souk_mesh.addresses import OCTETS, PODS, SERVICES, AddressError, PodIndexes, ServiceNumbers, claim, listening
from souk_mesh.topology import ServiceKey

ORDER, CART = ServiceKey("souk", "order"), ServiceKey("souk", "cart")


def folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir()
    return path


def test_two_meshes_take_different_ranges_and_come_back_to_their_own(tmp_path: Path) -> None:
    first, second = folder(tmp_path, "first"), folder(tmp_path, "second")
    with claim(first) as one, claim(second) as two:
        assert one.octet != two.octet
        kept = two.octet
    with claim(second) as again:
        assert again.octet == kept


def test_a_range_is_taken_while_its_mesh_lives_and_free_once_it_is_killed(tmp_path: Path) -> None:
    state = folder(tmp_path, "killed")
    program = (
        "import sys, pathlib; from souk_mesh.addresses import claim\n"
        "held = claim(pathlib.Path(sys.argv[1])); print(held.octet, flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        octet = int(holder.stdout.readline())
        assert octet in listening()
        with claim(state) as other:
            assert other.octet != octet
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        for stream in (holder.stdin, holder.stdout):
            if stream is not None:
                stream.close()
    (state / "octet").write_text(f"{octet}\n")
    with claim(state) as again:
        assert again.octet == octet


@pytest.mark.parametrize("content", ["", "no number", "3", "999"])
def test_a_damaged_record_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "octet").write_text(content)
    with claim(tmp_path) as taken:
        assert taken.octet in OCTETS


def test_a_pod_has_an_address_one_for_its_application_and_one_per_service(tmp_path: Path) -> None:
    with claim(tmp_path) as taken:
        prefix = f"127.{taken.octet}.7"
        addresses = taken.addresses(7, {ORDER: 10, CART: 11})
    assert (addresses.pod, addresses.application) == (f"{prefix}.1", f"{prefix}.2")
    assert addresses.virtual == {ORDER: f"{prefix}.10", CART: f"{prefix}.11"}


def test_a_pod_index_is_free_only_after_its_release_and_then_comes_last() -> None:
    indexes = PodIndexes()
    first = indexes.take()
    indexes.release(first)
    indexes.release(first)
    others = [indexes.take() for _ in range(len(PODS) - 1)]
    assert first not in others
    assert indexes.take() == first
    with pytest.raises(AddressError, match="room for 250 pods"):
        indexes.take()


def test_a_service_keeps_its_number_while_it_exists() -> None:
    numbers = ServiceNumbers()
    before = numbers.sync([ORDER])
    assert numbers.sync([CART, ORDER])[ORDER] == before[ORDER]
    assert numbers.sync([CART]).keys() == {CART}
    with pytest.raises(AddressError, match="room for 245 Services"):
        numbers.sync(ServiceKey("souk", f"s{number}") for number in range(len(SERVICES) + 1))
    assert numbers.sync([CART, ORDER])[CART] == before[ORDER] + 1


def test_while_services_neither_come_nor_go_their_numbers_are_the_very_same() -> None:
    numbers = ServiceNumbers()
    assert numbers.sync([CART, ORDER]) is numbers.sync([ORDER, CART])
    assert numbers.sync([CART]) is not numbers.sync([CART, ORDER])


def test_only_listening_sockets_of_loopback_count(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    table.write_text(
        "  sl  local_address rem_address   st\n"
        "   0: 0100007F:1F90 00000000:0000 0A 0\n"
        "   1: 0107107F:1F90 00000000:0000 0A 0\n"
        "   2: 0107117F:1F90 0107107F:1F91 01 0\n"
        "   3: 0A00000A:1F90 00000000:0000 0A 0\n"
    )
    assert listening(table) == {0, 16}
