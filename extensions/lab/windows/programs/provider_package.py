# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AzureSiteRecoveryProvider.exe: unpacks itself with `/x:<folder> /q` (Azure docs, Hyper-V to Azure tutorial)."""

from __future__ import annotations

from ..filesystem import File
from ..machine import Machine
from .commandline import Invocation
from .outcome import BAD_COMMAND_LINE, SUCCESS


def run(machine: Machine, invocation: Invocation) -> int:
    switches = {word.lower() for word in invocation.arguments}
    folders = [word[3:] for word in invocation.arguments if word.lower().startswith("/x:")]
    if len(folders) != 1 or not folders[0] or "/q" not in switches:
        # With a window it would wait for input. Inferred: the code 2.
        return BAD_COMMAND_LINE
    package = invocation.file
    machine.make_folder(folders[0])
    for name, program in (("setupdr.exe", "setupdr.exe"), ("AzureSiteRecoveryProvider.msi", None)):
        inner = File("", None, "", machine.now(), package.version, package.signer, package.signature, program)
        machine.write_file(f"{folders[0]}\\{name}", f"{name} {package.version}".encode(), like=inner)
    return SUCCESS
