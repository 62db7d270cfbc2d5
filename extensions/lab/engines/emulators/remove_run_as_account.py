# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of remove_run_as_account: removes a Run As account unless VMM refuses it."""

from __future__ import annotations

from typing import Any

from ...windows.errors import MachineError
from .base import Run, confirm_cluster_owner, connect_vmm, emulator, need_vmm_service


@emulator
def remove_run_as_account(run: Run) -> dict[str, Any]:
    name = run.need("AccountName")
    confirm_cluster_owner(run)
    need_vmm_service(run.machine)
    result: dict[str, Any] = {"removed": False, "refusal": None}
    if run.check_mode:
        return result
    account = connect_vmm(run.machine, 300).run_as_account(name)
    if account is not None:
        try:
            run.machine.remove_run_as(account.name)
            run.changed = result["removed"] = True
        except MachineError as exc:
            result["refusal"] = str(exc)
    return result
