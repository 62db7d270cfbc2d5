# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the Recovery Services agent that only its cmdlets can change."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class AgentProxy:
    enabled: bool = False
    server: str | None = None
    port: int | None = None
    username: str | None = None
    password_digest: str | None = None
    bypass: str | None = None


@dataclass(slots=True)
class AgentThrottle:
    """Hours and rates as Set-OBMachineSetting takes them: days from 0 (Sunday), times as hh:mm:ss, rates as UInt32."""

    enabled: bool = False
    days: list[int] = field(default_factory=list)
    start: str = "00:00:00"
    end: str = "00:00:00"
    work: int = 0
    other: int = 0


@dataclass(slots=True)
class Agent:
    """`bypass_supported`: this build's Set-OBMachineSetting has -BypassUrls (inferred from Microsoft's setup).

    `throttle_shown`: Get-OBMachineSetting shows the throttling (documented); the names of its properties are taken from
    the parameters that set them (inferred).
    """

    proxy: AgentProxy
    bypass_supported: bool = True
    throttle: AgentThrottle = field(default_factory=AgentThrottle)
    throttle_shown: bool = True
