"""Only whole tokens are rewritten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souk_mesh.topology import ServiceKey
from souk_mesh.workloads.rewriting import CLOSING, OPENING, Rewrite, Rewriter, Target

ADDRESS = "127.16.3.10"
REWRITER = Rewriter(
    "souk",
    {
        ServiceKey("souk", "inventory"): Target(ADDRESS, {50051: 50051}),
        ServiceKey("other", "cart"): Target("127.16.3.11", {8080: 8080}),
    },
    {
        "api.example.com": Target("127.16.3.12", {80: 64591, 8080: 8080}),
        "cart.other": Target("127.16.3.13", {9: 64520}),
    },
    {"/data": "/tmp/m/data", "/data/deep/": "/tmp/m/deep"},
)
NEW = f"{ADDRESS}:50051"


def rewritten(text: str) -> str:
    return REWRITER.rewrite(text, "order: env X")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inventory:50051", NEW),
        ("inventory.souk:50051", NEW),
        ("inventory.souk.svc:50051", NEW),
        ("inventory.souk.svc.cluster.local:50051", NEW),
        ("cart.other:8080", "127.16.3.11:8080"),
        ("http://inventory:50051/x", f"http://{NEW}/x"),
        ("postgresql://me:secret@inventory:50051/db", f"postgresql://me:secret@{NEW}/db"),
        ("dns:///inventory:50051", f"dns:///{NEW}"),
        ("dns:inventory:50051", f"dns:{NEW}"),
        ("--peer=inventory:50051", f"--peer={NEW}"),
        ("a:1,inventory:50051,b:2", f"a:1,{NEW},b:2"),
        ('{"peer":"inventory:50051"}', f'{{"peer":"{NEW}"}}'),
        ("http://inventory:50051?q=inventory:50051", f"http://{NEW}?q={NEW}"),
        ("http://api.example.com:8080/v1", "http://127.16.3.12:8080/v1"),
        ("api.example.com:80", "127.16.3.12:64591"),
        ("cart.other:9", "cart.other:9"),
    ],
)
def test_the_name_of_a_known_service_becomes_its_address(text: str, expected: str) -> None:
    assert rewritten(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "myinventory:50051",
        "my-inventory:50051",
        "my_inventory:50051",
        "my.inventory:50051",
        "xinventory.souk:50051",
        "inventory:500512",
        "inventory:5005",
        "inventory:50051x",
        "inventory:50051.5",
        "inventory:050051",
        "inventory:50052",
        "inventory",
        "inventory.other:50051",
        "inventory.souk.svc.cluster:50051",
        "inventory.souk.svc.cluster.local.example.com:50051",
        "cart:8080",
        "Inventory:50051",
        "souk/inventory:50051",
        "postgres://inventory:50051@db/x",
        "api.example.com",
        "api.example.com:443",
        "www.api.example.com:8080",
        "api.example.com.evil.org:8080",
    ],
)
def test_part_of_a_token_or_an_unknown_name_is_left_alone(text: str) -> None:
    assert REWRITER.rewrite(text, "w") == (text, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data", "/tmp/m/data"),
        ("/data/catalog.db", "/tmp/m/data/catalog.db"),
        ("/data/deep/x", "/tmp/m/deep/x"),
        ("sqlite:////data/catalog.db", "sqlite:////tmp/m/data/catalog.db"),
        ("sqlite+pysqlite:////data/catalog.db?x=1", "sqlite+pysqlite:////tmp/m/data/catalog.db?x=1"),
        ("file:///data/a", "file:///tmp/m/data/a"),
        ("--dir=/data", "--dir=/tmp/m/data"),
        ("/bin:/data:/usr", "/bin:/tmp/m/data:/usr"),
    ],
)
def test_a_mount_path_becomes_its_folder(text: str, expected: str) -> None:
    assert rewritten(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "/database",
        "/data-2/x",
        "/data.db",
        "/var/data",
        "data/x",
        "//data",
        "http://data/x",
        "http://host/data/x",
        "sqlite:///data/catalog.db",
    ],
)
def test_what_only_looks_like_a_mount_path_is_left_alone(text: str) -> None:
    assert REWRITER.rewrite(text, "w") == (text, ())


def test_every_rewrite_is_listed_with_its_place() -> None:
    _, rewrites = REWRITER.rewrite("inventory:50051 /data/x", "order: env X")
    assert rewrites == (
        Rewrite("order: env X", "inventory:50051", NEW),
        Rewrite("order: env X", "/data", "/tmp/m/data"),
    )


INSIDE = st.characters(codec="ascii", exclude_characters="".join(OPENING | CLOSING) + "/")


@given(st.text(INSIDE, max_size=8), st.text(INSIDE, max_size=8))
def test_no_letter_beside_a_name_leaves_it_a_token(before: str, after: str) -> None:
    text = f"{before}inventory:50051{after}"
    assert rewritten(text) == (text if before or after else NEW)


@given(
    st.text(max_size=20),
    st.sampled_from(sorted(OPENING)),
    st.sampled_from(sorted(CLOSING)),
    st.text(max_size=20),
)
def test_a_whole_token_is_found_wherever_it_stands(before: str, opening: str, closing: str, after: str) -> None:
    assert NEW in rewritten(f"{before}{opening}inventory:50051{closing}{after}")


@given(st.text(alphabet="inventory:50051/data.souk -=,@", max_size=40))
def test_undoing_the_rewrites_gives_back_the_text(text: str) -> None:
    result, rewrites = REWRITER.rewrite(text, "w")
    restored, position = "", 0
    for rewrite in rewrites:
        found = result.index(rewrite.after, position)
        restored += result[position:found] + rewrite.before
        position = found + len(rewrite.after)
    assert restored + result[position:] == text
