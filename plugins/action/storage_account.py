# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module of the same name, unless its result would show the keys of the account."""

from __future__ import annotations

from ..plugin_utils._no_log_guard import NoLogGuardAction


class ActionModule(NoLogGuardAction):
    """Checks the task, then runs the module."""

    OPTION = "return_keys"
