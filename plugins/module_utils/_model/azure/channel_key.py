# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the channel integrity key in a vault's extended information.

Azure PowerShell writes it into the key file, the portal and Terraform do not. With it, requests that reach on-premises
parts may be signed. The vault has one, which registered servers share, so it is made only where there is none.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common.errors import Refused, RemoteFailure

_BYTES = 16
_PLAIN = "None"


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """The key in clear, as base64; a secret."""

    text: str = field(repr=False)


def channel_key_from_wire(document: Mapping[str, Any], vault_name: str) -> ChannelKey:
    """From the extended information. Raises Refused for a wrapped key, RemoteFailure for an answer without one."""
    given = document.get("properties")
    properties: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    algorithm = properties.get("algorithm")
    if algorithm and str(algorithm).casefold() != _PLAIN.casefold():
        raise Refused(
            f"channel_integrity_key: that of vault {vault_name} was wrapped by an older portal, so nobody can write it"
            " into a file; leave the option out, as the portal does today"
        )
    text = properties.get("integrityKey")
    if not (isinstance(text, str) and text.strip()):
        raise RemoteFailure(
            f"the extended information of vault {vault_name} lacks properties.integrityKey;"
            " leave channel_integrity_key out, as the portal does"
        )
    return ChannelKey(text.strip())


def new_channel_key() -> dict[str, Any]:
    """The body that gives a vault its key."""
    text = base64.b64encode(secrets.token_bytes(_BYTES)).decode("ascii")
    return {"properties": {"integrityKey": text, "algorithm": _PLAIN}}
