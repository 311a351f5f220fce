from __future__ import annotations

import asyncio
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from souk_mesh.identity import CertificateAuthority, Identities, IdentityError

ORDER = "spiffe://cluster.local/ns/souk/sa/order"


def test_a_certificate_carries_its_identity_alone_and_serves_both_ends() -> None:
    authority = CertificateAuthority.create()
    issued = authority.issue(ORDER, timedelta(minutes=5))
    leaf = x509.load_pem_x509_certificate(issued.chain)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [ORDER]
    assert len(list(names)) == 1
    assert set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == {
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.SERVER_AUTH,
    }
    assert abs(leaf.not_valid_after_utc - datetime.now(UTC) - timedelta(minutes=5)) < timedelta(seconds=5)
    assert authority.signed(issued)
    assert not CertificateAuthority.create().signed(issued)


def test_an_authority_outlives_its_process_and_its_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "identity"
    first = CertificateAuthority.open(home)
    assert CertificateAuthority.open(home).signed(first.issue(ORDER))
    assert stat.S_IMODE((home / "root.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["root.pem", "root.key"])
def test_a_damaged_authority_is_named_with_its_folder_and_the_way_out(tmp_path: Path, damage: str) -> None:
    CertificateAuthority.open(tmp_path)
    (tmp_path / damage).write_text("nonsense")
    with pytest.raises(IdentityError, match=f"{tmp_path}.*remove that folder"):
        CertificateAuthority.open(tmp_path)


def test_a_root_that_is_not_of_the_key_is_refused(tmp_path: Path) -> None:
    CertificateAuthority.open(tmp_path)
    (tmp_path / "root.pem").write_bytes(CertificateAuthority.create().roots)
    with pytest.raises(IdentityError, match="not that of the certificate"):
        CertificateAuthority.open(tmp_path)


def test_an_authority_whose_making_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    CertificateAuthority.open(tmp_path)
    (tmp_path / "root.pem").unlink()
    assert CertificateAuthority.open(tmp_path).issue(ORDER)


def test_an_identity_keeps_its_certificate_until_half_of_its_life_is_over() -> None:
    identities = Identities(CertificateAuthority.create(), timedelta(hours=1))
    first = identities.certificate(ORDER)
    assert identities.renew(first.issued + timedelta(minutes=29)) == frozenset()
    assert identities.certificate(ORDER) is first
    assert identities.renew(first.issued + timedelta(minutes=30)) == {ORDER}
    assert identities.certificate(ORDER).chain != first.chain


def test_all_can_be_renewed_before_they_are_due() -> None:
    identities = Identities(CertificateAuthority.create())
    first = identities.certificate(ORDER)
    assert identities.renew_all() == 1
    assert identities.certificate(ORDER).chain != first.chain


def test_renewal_goes_on_by_itself_and_tells() -> None:
    async def steps() -> None:
        identities = Identities(CertificateAuthority.create(), timedelta(seconds=0.4))
        first = identities.certificate(ORDER)
        told = asyncio.Event()
        keeper = asyncio.create_task(identities.keep_fresh(told.set))
        async with asyncio.timeout(5):
            await told.wait()
        keeper.cancel()
        assert identities.certificate(ORDER) is not first

    asyncio.run(steps())
