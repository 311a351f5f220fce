"""Who a pod is: a local certificate authority and the short-lived SPIFFE certificates that it issues.

`CertificateAuthority` signs; `Identities` keeps one current certificate per service account and renews it in time.
"""

from souk_mesh.identity.authority import Certificate, CertificateAuthority, IdentityError
from souk_mesh.identity.rotation import Identities

__all__ = ["Certificate", "CertificateAuthority", "Identities", "IdentityError"]
