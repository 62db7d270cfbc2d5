# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of set_run_as_password: sets the login of a Run As account."""

from __future__ import annotations

from typing import Any

from ...windows import layout
from .base import (
    ParameterRefused,
    Run,
    ScriptFailed,
    confirm_cluster_owner,
    connect_vmm,
    emulator,
    mark_restart,
    need_vmm_service,
    service_status,
)


@emulator
def set_run_as_password(run: Run) -> dict[str, Any]:
    name, credential = run.need("AccountName"), run.credential("Credential")
    if credential is None:
        raise ParameterRefused(
            "Cannot process command because of one or more missing mandatory parameters: Credential."
        )
    confirm_cluster_owner(run)
    need_vmm_service(run.machine)
    result: dict[str, Any] = {"updated": False, "service": None}
    if run.check_mode:
        return result
    account = connect_vmm(run.machine, 300).run_as_account(name)
    if account is None:
        raise ScriptFailed(f"VMM has no Run As account '{name}': register the server with a proxy login first.")
    run.changed = True
    mark_restart(run.machine, layout.VMM_SERVICE)
    run.machine.set_run_as(account.name, *credential)
    result["updated"] = True
    result["service"] = service_status(run.machine, layout.VMM_SERVICE)
    return result
