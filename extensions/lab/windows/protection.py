# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data protection (DPAPI) of a machine: what one machine encrypts, no other one decrypts.

Documented (CryptProtectData, flag CRYPTPROTECT_LOCAL_MACHINE): every account of the machine can decrypt the data.
"""

from __future__ import annotations

import hashlib
import hmac
from itertools import count

from .errors import MachineError

_TYPE = "System.Security.Cryptography.CryptographicException"
_MAC = 32


def protect(machine: str, data: bytes) -> bytes:
    """Encrypt data for a machine. Equal data have equal results, so that two engines can be compared."""
    hidden = _mixed(machine, data)
    return hmac.digest(machine.encode(), hidden, "sha256") + hidden


def unprotect(machine: str, data: bytes) -> bytes:
    """Decrypt data. Raises MachineError for data of another machine, and for damaged ones."""
    mac, hidden = data[:_MAC], data[_MAC:]
    if not hmac.compare_digest(mac, hmac.digest(machine.encode(), hidden, "sha256")):
        raise MachineError("The data is invalid.", _TYPE)
    return _mixed(machine, hidden)


def _mixed(machine: str, data: bytes) -> bytes:
    stream = b""
    for block in count():
        if len(stream) >= len(data):
            break
        stream += hashlib.sha256(f"{machine} {block}".encode()).digest()
    return bytes(one ^ other for one, other in zip(data, stream, strict=False))
