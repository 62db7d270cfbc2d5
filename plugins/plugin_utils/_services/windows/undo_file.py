# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the undo file of repairs on the controller. Several machines of one run share it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ....module_utils._model.common.errors import InvalidInput, Refused
from ....module_utils._model.common.file_lock import file_lock
from ....module_utils._model.common.plain_file import open_plain, replace_file
from ....module_utils._model.windows.symptom_repair import Record

_OPTION = "undo_file"
_VERSION = 1
_LOCK_SECONDS = 60
_FIX = "use the file that a repair wrote"


def read_records(path: str, *, required: bool) -> list[Record]:
    """Return all records of the file. Raises InvalidInput and Refused."""
    try:
        file = open_plain(_OPTION, path)
        content = None if file is None else _content(file)
    except (OSError, ValueError) as error:
        raise InvalidInput(_OPTION, f"must be a readable JSON file ({type(error).__name__})", _FIX) from None
    if content is None:
        if required:
            raise InvalidInput(_OPTION, f"must exist for an undo, and {path} does not", _FIX)
        return []
    changes = content.get("changes") if isinstance(content, dict) and content.get("version") == _VERSION else None
    if not isinstance(changes, list):
        raise InvalidInput(_OPTION, "must have the form of an undo file", _FIX)
    return [Record.from_document(entry) for entry in changes]


def add_records(path: str, added: Sequence[Record]) -> None:
    """Add records that the file does not have yet. Raises InvalidInput and Refused."""
    try:
        with file_lock(_OPTION, f"{path}.lock", _LOCK_SECONDS):
            known = read_records(path, required=False)
            new = [record for record in added if record not in known]
            if new:
                _write(path, [*known, *new])
    except OSError as error:
        raise Refused(
            f"{_OPTION}: {path} cannot be written ({error.strerror}), so nothing was repaired; use another path"
        ) from None


def _content(file: Any) -> Any:
    with file:
        return json.load(file)


def _write(path: str, records: Sequence[Record]) -> None:
    document = {"version": _VERSION, "changes": [record.to_document() for record in records]}
    replace_file(path, json.dumps(document, indent=2) + "\n")
