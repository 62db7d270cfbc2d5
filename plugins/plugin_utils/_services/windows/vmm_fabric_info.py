# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the fabric of a VMM server in one remote execution and writes it to an export file."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....module_utils._model.common.errors import InvalidInput
from ....module_utils._model.common.shown_text import foreign
from ....module_utils._model.windows.fabric import FabricObservation, to_json
from ..._windows.session import Session

_MODE = 0o600


def read_fabric(session: Session) -> FabricObservation:
    """Read the fabric. Raises Refused on a machine that does not run VMM."""
    return FabricObservation.from_observation(session.run("list_vmm_fabric"))


def read_and_export(options: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """Return the result of the module. `export_path` is absolute by now."""
    path = Path(options["export_path"]) if options["export_path"] else None
    if path is not None:
        _require_place(path)
    observation = read_fabric(session)
    server, document = observation.server, observation.document
    result: dict[str, Any] = {"changed": False, "server": server.to_result(), "fabric": document}
    if path is not None and document is not None:
        result["changed"] = write_export(path, document, check_mode=session.check_mode)
    elif path is not None:
        result["warnings"] = [
            f"{server.fqdn} is a passive node of {server.name}, so no export was written; run this on"
            f" {server.owner_node}"
        ]
    return result


def _require_place(path: Path) -> None:
    """Raise InvalidInput for a path where no file can be."""
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except OSError as error:
        raise InvalidInput("export_path", f"'{foreign(path, 80)}' cannot be used", str(error.strerror)) from None
    if is_folder:
        raise InvalidInput("export_path", f"'{path}' is a folder", "give the path of a file")
    if not has_folder:
        raise InvalidInput("export_path", f"the folder {path.parent} does not exist", "create it on the controller")


def write_export(path: Path, document: Mapping[str, Any], *, check_mode: bool) -> bool:
    """Write an export file that only its owner can read. Return whether the file differs, or would."""
    text = to_json(document)
    if _has(path, text):
        return False
    if not check_mode:
        _replace(path, text)
    return True


def _has(path: Path, text: str) -> bool:
    try:
        return stat.S_IMODE(path.stat().st_mode) == _MODE and path.read_text(encoding="utf-8") == text
    except (FileNotFoundError, UnicodeDecodeError):
        return False
    except OSError as error:
        raise InvalidInput("export_path", f"'{path}' is not a file that can be read", str(error.strerror)) from None


def _replace(path: Path, text: str) -> None:
    """Write a temporary file first, so that a reader never sees half of a file. Its mode is 0600 from the start."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InvalidInput(
            "export_path", f"the folder {path.parent} does not accept a file", str(error.strerror)
        ) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
