# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what the programs need to be on a machine before they are set up, and what of it is missing.

.NET Framework 4.6.2 is the support matrix's (Azure documentation, hyper-v-azure-support-matrix); Windows PowerShell 5.1
is what ansible.windows and the cmdlets of VMM and of the agent want. No document lists the Visual C++ runtime: its
absence is worth a word, and no reason to stop.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..common.errors import Refused
from ..common.versions import numbers
from .facts import HostFacts

#: `Release` of .NET Framework 4.6.2 in the registry.
DOTNET_NEEDED = 394802
_POWERSHELL_NEEDED = (5, 1)


def missing(host: HostFacts) -> Iterator[str]:
    if (host.dotnet_release or 0) < DOTNET_NEEDED:
        release = f" (found: release {host.dotnet_release})" if host.dotnet_release else ""
        yield f".NET Framework 4.6.2 or newer{release}"
    if numbers(host.powershell_version)[:2] < _POWERSHELL_NEEDED:
        found = f" (found: {host.powershell_version})" if host.powershell_version else ""
        yield f"Windows PowerShell 5.1{found}"


def require_prerequisites(host: HostFacts, program: str) -> None:
    """Raises Refused and names all that is missing."""
    lacks = list(missing(host))
    if lacks:
        raise Refused(f"{host.name} lacks {' and '.join(lacks)}, which {program} needs; install it, then run again")


def advice(host: HostFacts | None) -> tuple[str, ...]:
    """What may be missing."""
    if host is None or host.visual_cpp is not None:
        return ()
    return (
        f"{host.name} shows no Visual C++ runtime (2015 or later, x64); should setup ask for it in its log, install it",
    )
