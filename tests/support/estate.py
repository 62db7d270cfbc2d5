# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines on premises that a vault starts and stops, without any Windows machine."""

from __future__ import annotations

from tests.lab.arm.replicas import Fabrics


class Estate(Fabrics):
    """Machines on premises that may refuse to stop or start."""

    def set_running(self, vmm_id: str, vm_id: str, running: bool) -> None:
        refusal = self.refusals.get(self.machines[vm_id.lower()].name)
        if refusal is not None:
            raise refusal
        super().set_running(vmm_id, vm_id, running)

    def runs(self, name: str) -> bool:
        return next(one.running for one in self.machines.values() if one.name == name)
