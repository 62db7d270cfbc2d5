# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The behavior of the servers that offer installers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: The documented short links and their target host (the path is invented).
DOWNLOADS: Final = "https://download.microsoft.com/download/lab/"
SHORT_LINKS: Final = {
    "https://aka.ms/downloaddra": DOWNLOADS + "AzureSiteRecoveryProvider.exe",
    "https://aka.ms/downloadmarsagent": DOWNLOADS + "MARSAgentInstaller.exe",
}


@dataclass(slots=True)
class Mirror:
    """The features of the servers: byte ranges, entity tags (strong or weak), dates; and the targets of links."""

    ranges: bool = True
    tags: bool = True
    weak: bool = False
    dates: bool = False
    links: dict[str, str] = field(default_factory=lambda: dict(SHORT_LINKS))
