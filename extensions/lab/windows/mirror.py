# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the servers that hand out installers behave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: The documented short links, and the host that they lead to (the path there is made up).
DOWNLOADS: Final = "https://download.microsoft.com/download/lab/"
SHORT_LINKS: Final = {
    "https://aka.ms/downloaddra": DOWNLOADS + "AzureSiteRecoveryProvider.exe",
    "https://aka.ms/downloadmarsagent": DOWNLOADS + "MARSAgentInstaller.exe",
}


@dataclass(slots=True)
class Mirror:
    """How the servers behave: byte ranges, entity tags (strong or weak), dates; and where links lead."""

    ranges: bool = True
    tags: bool = True
    weak: bool = False
    dates: bool = False
    links: dict[str, str] = field(default_factory=lambda: dict(SHORT_LINKS))
