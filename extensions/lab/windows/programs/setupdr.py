# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""setupdr.exe /i: installs or upgrades the Provider on a VMM server.

Refusals are inferred from the texts of Microsoft's public configuration-server setup source (host/ASRSetup resources):
no compatible product, a pending restart, a later version, an old operating system, VMM still running. That setup on
VMM needs SCVMMService stopped is documented (Azure documentation, "site-recovery-vmm-to-azure-classic").
"""

from __future__ import annotations

from .. import layout
from ..filesystem import File
from ..machine import Machine
from .commandline import Invocation
from .outcome import BAD_COMMAND_LINE, PREREQUISITE_FAILED, SUCCESS, Refusal, order

# Windows Server 2012 R2.
_OLDEST_WINDOWS = "6.3"


def run(machine: Machine, invocation: Invocation) -> int:
    if "/i" not in {word.lower() for word in invocation.arguments}:
        return BAD_COMMAND_LINE
    version = invocation.file.version or "0.0"
    try:
        folder = _check(machine, version)
    except Refusal as refusal:
        _log(machine, [f"setupdr.exe {version}: {refusal}"])
        return refusal.exit_code

    def install() -> None:
        # inferred: the installation needs a stopped service until its end, and is rolled back otherwise.
        if machine.need_service(layout.VMM_SERVICE).status != "Stopped":
            _log(machine, [f"setupdr.exe {version}: The installation was rolled back, because the service runs."])
            return
        lay_down(machine, folder, invocation.file)
        _log(machine, [f"setupdr.exe {version}: The Azure Site Recovery Provider was installed."])

    if machine.fault_at("setup ends early") is not None:
        machine.unfinished.append(install)
        return SUCCESS
    machine.sleep(machine.context.delays.provider_install)
    install()
    return SUCCESS


def _log(machine: Machine, lines: list[str]) -> None:
    machine.log_lines(layout.SETUP_LOGS, "DRASetupWizard", lines)


def _check(machine: Machine, version: str) -> str:
    """Check the prerequisites, and return the folder of VMM."""
    folder = machine.registry.text(layout.VMM_SETUP_KEY, "InstallPath")
    if folder is None or machine.service(layout.VMM_SERVICE) is None:
        raise Refusal("No compatible product was found on this server.", PREREQUISITE_FAILED)
    if order(machine.identity.os_version) < order(_OLDEST_WINDOWS):
        raise Refusal("Windows Server 2012 R2 or later is required.", PREREQUISITE_FAILED)
    if machine.pending_restart():
        raise Refusal("A restart of the server is pending. Restart it and run setup again.", PREREQUISITE_FAILED)
    installed = machine.registry.text(layout.PROVIDER_KEY, "Version")
    if installed is not None and order(installed) > order(version):
        raise Refusal(f"A later version ({installed}) is already installed on this server.", PREREQUISITE_FAILED)
    # Inferred: setup opens VMM's database as the account that runs it; reported for S4U tasks and remote SQL servers.
    if machine.remote_database and not machine.has_network_credentials:
        raise Refusal("Login failed for user 'NT AUTHORITY\\ANONYMOUS LOGON'.", PREREQUISITE_FAILED)
    if machine.is_running(layout.VMM_SERVICE):
        raise Refusal("The Virtual Machine Manager service must be stopped before setup goes on.", PREREQUISITE_FAILED)
    return folder.rstrip("\\")


def lay_down(machine: Machine, folder: str, package: File) -> None:
    """Install the Provider. An existing registration stays (documented for upgrades)."""
    version = package.version or "0.0"
    configurator = File(
        "", None, "", machine.now(), version, package.signer, package.signature, program="DRConfigurator.exe"
    )
    machine.make_folder(f"{folder}\\bin")
    machine.write_file(f"{folder}\\bin\\DRConfigurator.exe", f"DRConfigurator {version}".encode(), like=configurator)
    machine.set_value(layout.PROVIDER_KEY, "Version", version)
    machine.ensure_key(layout.ADAPTER_KEY)
    product = f"{layout.UNINSTALL_KEY}\\{layout.PROVIDER_PRODUCT_CODE}"
    machine.set_value(product, "DisplayName", layout.PROVIDER_PRODUCT)
    machine.set_value(product, "DisplayVersion", version)
    machine.set_value(product, "Publisher", "Microsoft Corporation")
