# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MARSAgentInstaller.exe: installs, upgrades or removes the Recovery Services agent.

Switches and logs are documented (Azure Backup documentation, "backup-client-automation"), as is that the installation
goes on in the background for some minutes. Exit codes are inferred: no table is published.
"""

from __future__ import annotations

from .. import layout
from ..agent import Agent, AgentProxy
from ..filesystem import File
from ..machine import Machine
from ..services import Service
from .commandline import Invocation
from .outcome import BAD_COMMAND_LINE, FAILED, SUCCESS, Refusal, order

_PLAIN = ("/q", "/nu", "/m", "/d")
_VALUED = ("/p:", "/s:", "/ph:", "/po:", "/pu:", "/pw:")
# The part of the time after which the installer's process ends while the installation continues.
_FOREGROUND = 0.5
# Inferred: builds from 2022 have -BypassUrls, because private endpoints came with update rollup 62.
_BYPASS_SINCE = "2.0.9250.0"


def run(machine: Machine, invocation: Invocation) -> int:
    try:
        switches = parse(invocation.arguments)
        if "/d" in switches:
            _remove(machine)
            return SUCCESS
        folder, cache = _check(machine, invocation.file, switches)
    except Refusal as refusal:
        _log(machine, [f"MARSAgentInstaller.exe: {refusal}"])
        return refusal.exit_code
    seconds = machine.context.delays.agent_install
    machine.sleep(seconds * _FOREGROUND)
    machine.later(seconds * (1 - _FOREGROUND), lambda: lay_down(machine, invocation.file, folder, cache))
    return SUCCESS


def parse(words: list[str]) -> dict[str, str]:
    switches: dict[str, str] = {}
    for word in words:
        lower = word.lower()
        lead = next((each for each in sorted(_VALUED, key=len, reverse=True) if lower.startswith(each)), None)
        if lead is not None:
            switches[lead] = word[len(lead) :]
        elif lower in _PLAIN:
            switches[lower] = ""
        else:
            raise Refusal(f"The switch {word} is not known.", BAD_COMMAND_LINE)
    if "/q" not in switches:
        raise Refusal("Without /q the installer waits for input in its window.", BAD_COMMAND_LINE)
    return switches


def _check(machine: Machine, package: File, switches: dict[str, str]) -> tuple[str, str]:
    product = f"{layout.UNINSTALL_KEY}\\{layout.AGENT_PRODUCT_CODE}"
    installed = machine.registry.text(product, "DisplayVersion")
    if installed is not None and order(installed) > order(package.version or "0"):
        raise Refusal(f"A later version ({installed}) of the agent is installed.", FAILED)
    known = machine.registry.text(layout.AGENT_KEY + r"\Setup", "InstallPath")
    folder = (known or switches.get("/p:") or layout.AGENT_FOLDER).rstrip("\\")
    kept = machine.registry.text(layout.AGENT_KEY + r"\Config", "ScratchLocation")
    cache = (kept or switches.get("/s:") or f"{folder}\\Scratch").rstrip("\\")
    drives = {volume.drive.lower() for volume in machine.volumes}
    for path in (folder, cache):
        if path[1:3] != ":\\" or path[0].lower() not in drives:
            raise Refusal(f"The folder {path} cannot be made on this server.", FAILED)
    return folder, cache


def lay_down(machine: Machine, package: File, folder: str, cache: str) -> None:
    """Install files, registry values and the service. Existing settings stay."""
    version = package.version or "0"
    for path in (f"{folder}\\bin\\Modules\\MSOnlineBackup", cache):
        machine.make_folder(path)
    engine = File("", None, "", machine.now(), version, package.signer, package.signature)
    machine.write_file(f"{folder}\\bin\\CBEngine.exe", f"CBEngine {version}".encode(), like=engine)
    machine.write_file(f"{folder}\\{layout.AGENT_MODULE}", f"# MSOnlineBackup {version}".encode())
    machine.set_value(layout.AGENT_KEY + r"\Setup", "InstallPath", folder + "\\")
    machine.set_value(layout.AGENT_KEY + r"\Config", "ScratchLocation", cache)
    machine.set_value(layout.AGENT_KEY + r"\Config\CloudBackupProvider", "ScratchLocation", cache)
    product = f"{layout.UNINSTALL_KEY}\\{layout.AGENT_PRODUCT_CODE}"
    machine.set_value(product, "DisplayName", layout.AGENT_PRODUCT)
    machine.set_value(product, "DisplayVersion", version)
    bypass = order(version) >= order(_BYPASS_SINCE)
    if machine.agent is None:
        machine.agent = Agent(AgentProxy(), bypass)
    else:
        machine.agent.bypass_supported = bypass
    if machine.services.find(layout.AGENT_SERVICE) is None:
        machine.services.add(Service(layout.AGENT_SERVICE, layout.AGENT_PRODUCT))
        machine.note("service.create", service=layout.AGENT_SERVICE)
    _log(machine, [f"MARSAgentInstaller.exe {version}: The installation was completed."])


def _remove(machine: Machine) -> None:
    folder = machine.registry.text(layout.AGENT_KEY + r"\Setup", "InstallPath")
    if folder is None:
        raise Refusal("The agent is not installed.", FAILED)
    machine.remove_key(layout.AGENT_KEY)
    machine.remove_key(f"{layout.UNINSTALL_KEY}\\{layout.AGENT_PRODUCT_CODE}")
    machine.services.remove(layout.AGENT_SERVICE)
    machine.note("service.remove", service=layout.AGENT_SERVICE)
    machine.agent = None
    if machine.files.find(folder) is not None:
        machine.remove_file(folder, recurse=True)


def _log(machine: Machine, lines: list[str]) -> None:
    """Append lines to OBMsi.log, the only log of the installer."""
    machine.files.folder(layout.AGENT_LOG.rsplit("\\", 1)[0], machine.now())
    known = machine.files.find(layout.AGENT_LOG)
    before = known.content if known is not None and known.content else b""
    machine.files.write(layout.AGENT_LOG, before + "\r\n".join([*lines, ""]).encode(), machine.now())
