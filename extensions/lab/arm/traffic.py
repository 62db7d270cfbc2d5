# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of traffic without secrets, which tests compare with the API definitions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# Members whose values are credentials, in any document.
_SECRET = frozenset({"certificate", "integritykey", "encryptionkey", "access_token", "client_secret"})
# base64 of the word "redacted": a placeholder of the same type and format.
REDACTED = "cmVkYWN0ZWQ="


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its answer."""

    method: str
    path: str
    query: Mapping[str, str]
    request: Any
    status: int
    headers: Mapping[str, str]
    response: Any
    #: The answer came from a replica that did not know the last write yet.
    outdated: bool = False

    def line(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def redact(value: Any) -> Any:
    """Return the same structure with credentials replaced by placeholders of the same type."""
    if isinstance(value, dict):
        is_key = "keyName" in value
        return {name: REDACTED if _is_secret(name, item, is_key) else redact(item) for name, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


def _is_secret(name: str, value: Any, is_key: bool) -> bool:
    return isinstance(value, str) and (name.casefold() in _SECRET or (is_key and name == "value"))


def write_line(exchange: Exchange, file: Path) -> None:
    """Append the exchange to a file with one JSON document per line."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(exchange.line() + "\n")
