# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds a bundle on the controller. The module of the same name has its documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ..module_utils._model.common.resource import converge
from ..plugin_utils._action import result_of
from ..plugin_utils._local_action import ROOT, LocalAction, own_collection
from ..plugin_utils._services.bundle.build import build

_REQUIREMENTS = ROOT / "meta" / "ee-requirements.txt"


class ActionModule(LocalAction):
    """Build a bundle of installers, collections and wheels."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "path": {"type": "path", "required": True},
        "installers": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "program": {"type": "str", "choices": ["provider", "agent"], "required": True},
                "version": {"type": "str", "required": True},
                "source": {"type": "str", "required": True},
                "checksum": {"type": "str", "required": True},
            },
        },
        "collections": {"type": "list", "elements": "str"},
        "wheels": {"type": "bool", "default": True},
        "python_packages": {"type": "list", "elements": "str", "default": ["ansible-core"]},
        "python_version": {"type": "str"},
        "platforms": {"type": "list", "elements": "str", "default": []},
        "update": {"type": "bool", "default": False},
        "versions_file": {"type": "path"},
        "allow_unsupported_upgrade": {"type": "bool", "default": False},
        "ca_path": {"type": "path"},
        "signing_key": {"type": "path", "no_log": False},
        "signature_namespace": {"type": "str", "default": "siterecovery.hyperv.bundle"},
    }
    PATHS = ("path", "versions_file", "ca_path", "signing_key")

    def execute(self, options: Mapping[str, Any], scratch: Path) -> dict[str, Any]:
        """Bring the folder to its desired content."""
        resource = build(options, own_collection(), _REQUIREMENTS, scratch)
        outcome = converge(resource, check_mode=bool(self._task.check_mode))
        return result_of("bundle", outcome, diff_mode=bool(self._task.diff))
