# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count remote executions and bytes per Windows machine: a first site run, one without changes, one after a drift.

A playbook of ansible.windows modules with the same reads is counted as well. Clouds, jobs and Run As accounts of VMM
and the settings of the agent have no such modules and are omitted. The emulators of the lab do not execute other
PowerShell: they reject each module after it was transferred. The executions and the bytes sent are measured, but not
the answers of these modules.

Goal: at least four times fewer executions in a run without changes. It is measured and printed, not enforced.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from lab.lab import Lab
from lab.windows import layout
from lab.winrm import soap
from lab.winrm.server import WinRmServer
from tests.bench.comparison import COMPILED
from tests.e2e.cells import main_cell
from tests.support.playbook import SITE, Controller, Run

GOAL = 4.0
#: Registry keys that every resource reads.
_MACHINE = (
    layout.SESSION_KEY,
    layout.SERVICING_KEY,
    layout.UPDATE_KEY,
    layout.FRAMEWORK_KEY,
    layout.SHELL_KEY,
    layout.RUNTIME_KEY,
    layout.SCHANNEL_KEY,
    layout.DOTNET_KEY,
    layout.DOTNET_KEY_32,
    *layout.EXCLUSION_KEYS,
)
_KEYS = {
    "vmm_servers": (
        layout.VMM_SETUP_KEY,
        layout.PROVIDER_KEY,
        layout.ADAPTER_KEY,
        layout.REGISTRATION_KEY,
        layout.ADAPTER_KEY + r"\Registration",
        layout.PROXY_KEY,
        layout.ADAPTER_KEY + r"\ProxySettings",
        layout.PREVIEW_KEY,
        f"{layout.UNINSTALL_KEY}\\{layout.PROVIDER_PRODUCT_CODE}",
    ),
    "hyperv_hosts": (
        layout.AGENT_KEY + r"\Setup",
        layout.AGENT_KEY + r"\Config",
        layout.AGENT_KEY + r"\Config\CloudBackupProvider",
        layout.AGENT_LIMITS_KEY,
        f"{layout.UNINSTALL_KEY}\\{layout.AGENT_PRODUCT_CODE}",
    ),
}
_SERVICES = {
    "vmm_servers": (layout.VMM_SERVICE, layout.DEFENDER_SERVICE),
    "hyperv_hosts": (layout.AGENT_SERVICE, layout.HYPERV_SERVICE, layout.DEFENDER_SERVICE),
}
_PATHS = {
    "vmm_servers": (layout.vmm_folder("10.19") + r"\bin\DRConfigurator.exe", r"C:\ProgramData\siterecovery.hyperv"),
    "hyperv_hosts": (layout.AGENT_FOLDER + r"\bin\CBEngine.exe", r"C:\ProgramData\siterecovery.hyperv"),
}
#: Reads of each kind of machine for which a module exists. Each of these modules reads one item.
READS: dict[str, dict[str, list[dict[str, Any]]]] = {
    group: {
        "ansible.windows.win_service_info": [{"name": name} for name in _SERVICES[group]],
        "ansible.windows.win_reg_stat": [{"path": path} for path in (*_MACHINE, *_KEYS[group])],
        "ansible.windows.win_stat": [{"path": path} for path in _PATHS[group]],
        "ansible.windows.setup": [{"gather_subset": ["!all", "distribution"]}],
    }
    for group in _KEYS
}


@dataclass(slots=True)
class Counts:
    """Executions and bytes per machine since the last `clear`."""

    executions: Counter[str] = field(default_factory=Counter)
    received: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        for each in (self.executions, self.received, self.sent):
            each.clear()

    def line(self, name: str) -> str:
        kilobytes = (count[name] / 1024 for count in (self.received, self.sent))
        return f"{self.executions[name]:4}   {next(kilobytes):9.1f}   {next(kilobytes):9.1f}"


@contextmanager
def counting(counts: Counts) -> Iterator[None]:
    """Count every exchange of the WinRM servers of the lab, with its bytes inside of TLS."""
    answer = WinRmServer._answer

    async def counted_answer(server: WinRmServer, data: bytes, principal: str) -> web.Response:
        response = await answer(server, data, principal)
        if soap.parse(data).action == soap.COMMAND:
            counts.executions[server.name] += 1
        counts.received[server.name] += len(data)
        counts.sent[server.name] += len(response.body) if isinstance(response.body, bytes) else 0
        return response

    WinRmServer._answer = counted_answer  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        WinRmServer._answer = answer  # type: ignore[method-assign]


def windows(lab: Lab) -> None:
    """Print the table."""
    controller = Controller(main_cell(), lab.inventory, {**lab.environment, **COMPILED})
    counts = Counts()
    still: Counter[str] = Counter()
    print("run             machine   executions   KiB to it   KiB from it")
    with counting(counts), tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for title in ("install", "no changes", "drift"):
            if title == "drift":
                _drift(lab)
            counts.clear()
            _must_pass(controller.run(SITE))
            print(*_lines(title, lab, counts), sep="\n")
            if title == "no changes":
                still = counts.executions.copy()
        book = Path(folder) / "reads.yml"
        book.write_text(yaml.safe_dump(_plays()), encoding="utf-8")
        counts.clear()
        controller.run(book)
        print(*_lines("plain reads", lab, counts), sep="\n")
    for name in lab.machines:
        times = counts.executions[name] / still[name] if still[name] else float("inf")
        print(f"{name}: {times:.1f} times fewer executions without changes (goal: {GOAL:.0f})")


def _drift(lab: Lab) -> None:
    """Stop a service on every machine."""
    for machine in lab.machines.values():
        service = layout.VMM_SERVICE if machine.kind == "vmm_server" else layout.AGENT_SERVICE
        machine.stop_service(service)


def _plays() -> list[dict[str, Any]]:
    return [
        {
            "name": f"Reads of {group}",
            "hosts": group,
            "gather_facts": False,
            "tasks": [
                {"name": f"{module} {number}", module: options, "ignore_errors": True}
                for module, questions in reads.items()
                for number, options in enumerate(questions)
            ],
        }
        for group, reads in READS.items()
    ]


def _lines(title: str, lab: Lab, counts: Counts) -> Iterator[str]:
    for name in lab.machines:
        yield f"{title:15} {name:9} {counts.line(name):>12}"


def _must_pass(run: Run) -> None:
    if run.returncode:
        raise SystemExit(run.output)
