# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Recovery Services agent's own settings, which only its cmdlets reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class AgentProxy:
    enabled: bool = False
    server: str | None = None
    port: int | None = None
    username: str | None = None
    password_digest: str | None = None
    bypass: str | None = None


@dataclass(slots=True)
class Agent:
    """`bypass_supported`: this build's Set-OBMachineSetting has -BypassUrls (inferred from Microsoft's setup)."""

    proxy: AgentProxy
    bypass_supported: bool = True
