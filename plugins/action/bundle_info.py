# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies a bundle on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ..plugin_utils._local_action import LocalAction
from ..plugin_utils._services.bundle.info import verify


class ActionModule(LocalAction):
    """Verify a bundle, and return the variables that install from it."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "path": {"type": "path", "required": True},
        "allowed_signers": {"type": "path"},
        "signer": {"type": "str"},
        "signature_namespace": {"type": "str", "default": "siterecovery.hyperv.bundle"},
        "address": {"type": "str"},
        "ca_path": {"type": "path"},
        "versions_file": {"type": "path"},
        "allow_unsupported_upgrade": {"type": "bool", "default": False},
    }
    PATHS = ("path", "allowed_signers", "ca_path", "versions_file")

    def execute(self, options: Mapping[str, Any], scratch: Path) -> dict[str, Any]:  # noqa: ARG002
        """Read the bundle. It changes nothing."""
        return {"changed": False, **verify(options)}
