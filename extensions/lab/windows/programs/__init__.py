# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that a machine can start, by the name that they have in Microsoft's packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from . import drconfigurator, mars_installer, provider_package, reg, setupdr
from .commandline import Invocation

if TYPE_CHECKING:
    from ..machine import Machine

Program = Callable[["Machine", Invocation], int]

PROGRAMS: Final[dict[str, Program]] = {
    "AzureSiteRecoveryProvider.exe": provider_package.run,
    "setupdr.exe": setupdr.run,
    "DRConfigurator.exe": drconfigurator.run,
    "MARSAgentInstaller.exe": mars_installer.run,
    "reg.exe": reg.run,
}
