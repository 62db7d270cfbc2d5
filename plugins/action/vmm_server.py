# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module of the same name, and show its progress while it waits."""

from __future__ import annotations

from ..plugin_utils._progress_action import ProgressAction


class ActionModule(ProgressAction):
    """Runs the module, and shows its progress."""

    STEP = "X1"
