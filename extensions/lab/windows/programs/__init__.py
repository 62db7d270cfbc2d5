# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that a machine can start, by their names in Microsoft's packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .. import layout
from ..event_logs import VMM_LOG
from ..events import Event
from ..machine import Machine
from ..state import HANG_SECONDS
from . import drconfigurator, mars_installer, msiexec, provider_package, reg, setupdr
from .commandline import Invocation, masked, split

Program = Callable[[Machine, Invocation], int]

PROGRAMS: Final[dict[str, Program]] = {
    "AzureSiteRecoveryProvider.exe": provider_package.run,
    "setupdr.exe": setupdr.run,
    "DRConfigurator.exe": drconfigurator.run,
    "MARSAgentInstaller.exe": mars_installer.run,
    "msiexec.exe": msiexec.run,
    "reg.exe": reg.run,
}


def run(machine: Machine, path: str, arguments: str) -> int:
    """Start a program, wait for its end, and return its exit code."""
    code = run_for(machine, path, arguments, None)
    return 1 if code is None else code


def run_for(machine: Machine, path: str, arguments: str, seconds: float | None) -> int | None:
    """Start a program and wait for it no longer than `seconds` of the lab's time: None when it still runs then."""
    machine.settle()
    found = machine.need_program(path)
    assert found.program is not None
    words = split(arguments)
    machine.note("process.start", program=found.path, arguments=masked(words))
    patience = HANG_SECONDS if seconds is None else seconds * machine.context.clock.scale
    fault = machine.fault_at(found.program, patience)
    if fault is not None and fault.action == "hang" and seconds is not None:
        return None
    if fault is not None:
        message = str(fault.detail.get("message", "The operation failed."))
        machine.log_lines(layout.SETUP_LOGS, "DRASetupWizard", [f"{found.program}: {message}"])
        if "event" in fault.detail:
            machine.events.append(Event(VMM_LOG, 1, machine.now(), str(fault.detail["event"])))
        return int(fault.detail.get("exit_code", 1))
    return PROGRAMS[found.program](machine, Invocation(found, words))


def end(machine: Machine, path: str) -> None:
    """End a program that hangs."""
    machine.note("process.kill", program=path)
