# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs where the playbook runs; the module file beside it is its documentation."""

from __future__ import annotations

from typing import Any, ClassVar

from ..plugin_utils._action import INSTALLER_OPTIONS, NounAction
from ..plugin_utils._services.provider import build


class ActionModule(NounAction):
    """Have the Site Recovery Provider on a VMM server."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = INSTALLER_OPTIONS
    RESULT = "provider"
    build = staticmethod(build)
