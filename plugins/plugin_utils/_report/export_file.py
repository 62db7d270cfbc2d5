# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the file with exports of what removals take. A later run adds an export, and keeps those of earlier runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...module_utils._model.common.errors import InvalidInput, Refused
from ...module_utils._model.common.file_lock import file_lock
from ...module_utils._model.common.plain_file import open_plain, replace_file

_VERSION = 1
_LOCK_SECONDS = 60
_TIME = "time"
Export = Mapping[str, Any]


def add_export(option: str, path: str, content: Export, now: datetime) -> None:
    """Add an export, unless the last one has the same content. Raises InvalidInput and Refused."""
    try:
        with file_lock(option, f"{path}.lock", _LOCK_SECONDS):
            known = _read(option, path)
            if known and {name: value for name, value in known[-1].items() if name != _TIME} == _plain(content):
                return
            document = {"version": _VERSION, "exports": [*known, {_TIME: now.isoformat(), **content}]}
            replace_file(path, json.dumps(document, indent=2, default=str) + "\n")
    except OSError as error:
        raise Refused(
            f"{option}: {path} cannot be written ({error.strerror}), so nothing was removed; use another path"
        ) from None


def _plain(content: Export) -> Any:
    return json.loads(json.dumps(content, default=str))


def _read(option: str, path: str) -> list[Export]:
    try:
        file = open_plain(option, path)
        if file is None:
            return []
        with file:
            found = json.load(file)
    except ValueError:
        found = None
    exports = found.get("exports") if isinstance(found, dict) and found.get("version") == _VERSION else None
    if not isinstance(exports, list) or not all(isinstance(each, dict) for each in exports):
        raise InvalidInput(option, f"must be a new file or an export, and {path} is neither", "use another path")
    return exports
