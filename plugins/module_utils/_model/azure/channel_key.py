# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the channel integrity key in the extended information of a vault.

Azure PowerShell writes it into the key file; the portal and Terraform do not. It can sign requests to on-premises
components. All registered servers of a vault share one key, so a new key is created only where none exists.
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
    """The key as plain base64 text. It is a secret."""

    text: str = field(repr=False)


def channel_key_from_wire(document: Mapping[str, Any], vault_name: str) -> ChannelKey:
    """Read the key from the extended information. Raises Refused for a wrapped key, RemoteFailure without a key."""
    given = document.get("properties")
    properties: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    algorithm = properties.get("algorithm")
    if algorithm and str(algorithm).casefold() != _PLAIN.casefold():
        raise Refused(
            f"channel_integrity_key: an older portal wrapped the key of vault {vault_name}, so it cannot be written"
            " into a file; omit the option, as the portal does today"
        )
    text = properties.get("integrityKey")
    if not (isinstance(text, str) and text.strip()):
        raise RemoteFailure(
            f"the extended information of vault {vault_name} lacks properties.integrityKey;"
            " omit channel_integrity_key, as the portal does"
        )
    return ChannelKey(text.strip())


def new_channel_key() -> dict[str, Any]:
    """Return the body that creates the key of a vault."""
    text = base64.b64encode(secrets.token_bytes(_BYTES)).decode("ascii")
    return {"properties": {"integrityKey": text, "algorithm": _PLAIN}}
