# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of a machine, with the texts of Windows."""

from __future__ import annotations

from .languages import spoken


class MachineError(Exception):
    """A failed call. `powershell_type` is the .NET exception that the imitated command throws."""

    def __init__(self, message: str, powershell_type: str = "System.InvalidOperationException") -> None:
        super().__init__(spoken(message))
        self.powershell_type = powershell_type


def path_not_found(path: str) -> MachineError:
    return MachineError(
        f"Cannot find path '{path}' because it does not exist.", "System.Management.Automation.ItemNotFoundException"
    )


class MachineRestarted(Exception):
    """The machine restarted and ended the process that the current thread stands for."""
