# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own certificate authority, and the one certificate that all of its servers present.

Both exist only in memory. Only the authority's certificate is written to a file, for clients to trust.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

LOOPBACK_NAMES = ("127.0.0.1", "localhost")
LIFETIME = timedelta(days=2)


class Certificates:
    """A new authority, with a server certificate for the loopback names and the lab's own."""

    def __init__(self, names: Iterable[str] = (), *, valid_from: datetime | None = None) -> None:
        self._authority = trustme.CA(organization_name="siterecovery.hyperv lab")
        start = valid_from or datetime.now(timezone.utc) - timedelta(hours=1)
        identities = dict.fromkeys((*LOOPBACK_NAMES, *names))
        self._leaf = self._authority.issue_cert(*identities, not_before=start, not_after=start + LIFETIME)
        certificate = x509.load_pem_x509_certificate(self._leaf.cert_chain_pems[0].bytes())
        # A client computes its channel binding over this form (RFC 5929, tls-server-end-point).
        self.server_der = certificate.public_bytes(Encoding.DER)

    @property
    def authority_pem(self) -> bytes:
        return self._authority.cert_pem.bytes()

    def server_context(self, directory: Path) -> ssl.SSLContext:
        """Return a context for listeners. OpenSSL reads the key from a file, which exists in `directory` briefly."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with self._leaf.private_key_and_cert_chain_pem.tempfile(dir=str(directory)) as path:
            context.load_cert_chain(path)
        return context
