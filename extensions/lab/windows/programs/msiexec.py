# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""msiexec.exe /x {product code} /qn: removes a product (documented: msiexec, error codes of Windows Installer).

Only the Provider is a product here. The agent has its own installer, and the documentation removes it with that.
"""

from __future__ import annotations

from typing import Final

from .. import layout
from ..machine import Machine
from .commandline import Invocation
from .outcome import SUCCESS

# Documented: ERROR_INSTALL_FAILURE, ERROR_UNKNOWN_PRODUCT, ERROR_INVALID_COMMAND_LINE.
_FAILURE: Final = 1603
_UNKNOWN_PRODUCT: Final = 1605
_BAD_COMMAND_LINE: Final = 1639


def run(machine: Machine, invocation: Invocation) -> int:
    words = [word.lower() for word in invocation.arguments]
    if len(words) != 4 or words[0] != "/x" or words[2:] != ["/qn", "/norestart"]:
        return _BAD_COMMAND_LINE
    entry = f"{layout.UNINSTALL_KEY}\\{invocation.arguments[1]}"
    if words[1] != layout.PROVIDER_PRODUCT_CODE.lower() or machine.registry.find(entry) is None:
        return _UNKNOWN_PRODUCT
    # inferred: as the installation does, the removal needs a stopped service, and is rolled back otherwise.
    if machine.is_running(layout.VMM_SERVICE):
        return _FAILURE
    machine.sleep(machine.context.delays.provider_install)
    _remove_provider(machine, entry)
    return SUCCESS


def _remove_provider(machine: Machine, entry: str) -> None:
    """Remove what setup installed. inferred: what registration wrote stays, with the keys above it."""
    folder = machine.registry.text(layout.VMM_SETUP_KEY, "InstallPath")
    configurator = f"{(folder or '').rstrip(chr(92))}\\bin\\DRConfigurator.exe"
    if machine.exists(configurator):
        machine.remove_file(configurator)
    machine.unset_value(layout.PROVIDER_KEY, "Version")
    for key in (layout.ADAPTER_KEY, layout.PROVIDER_KEY):
        if not machine.registry.children(key):
            machine.remove_key(key)
    machine.remove_key(entry)
