# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: assumptions about Hyper-V hosts and their agent."""

from __future__ import annotations

from ..common.assumption import Assumption, Side
from . import decide_host as host
from . import decide_machine as machine

_HOST: tuple[Side, ...] = ("hyperv_host",)

OF_HOSTS: tuple[Assumption, ...] = (
    Assumption(
        "A-W-50",
        _HOST,
        "Get-OBMachineSetting answers on a host without a backup registration and shows the proxy.",
        ("host_info", "mars_proxy"),
        "MSOnlineBackup reference; DSC resource cMARSProxy",
        "script",
        host.agent_shows_its_proxy,
    ),
    Assumption(
        "A-W-51",
        _HOST,
        "Builds with the parameter BypassUrls show the login and the bypass list, and no other build does.",
        ("host_info", "mars_proxy"),
        "Microsoft's public source of the configuration server's setup",
        "inferred",
        host.agent_shows_its_login,
    ),
    Assumption(
        "A-W-52",
        _HOST,
        "Set-OBMachineSetting has the parameter BypassUrls since build 2.0.9250.0.",
        ("mars_proxy",),
        "update rollup 62 of Azure Site Recovery",
        "inferred",
        host.agent_bypass_since,
    ),
    Assumption(
        "A-W-53",
        _HOST,
        "The agent shows its throttling under the names of the parameters that set it.",
        ("mars_agent",),
        "MSOnlineBackup reference, Set-OBMachineSetting",
        "inferred",
        host.agent_shows_its_limits,
    ),
    Assumption(
        "A-W-54",
        _HOST,
        "Site Recovery never writes ServiceResourceName, so the value means a registration for Azure Backup.",
        ("host_info", "mars_agent", "mars_proxy"),
        "Azure Backup FAQ names the value",
        "inferred",
        host.backup_name_is_not_ours,
    ),
    Assumption(
        "A-W-55",
        _HOST,
        "The agent's registry key, installed program, engine and module are where the collection looks.",
        ("host_info", "mars_agent", "mars_proxy"),
        "DSC module xASR; public scripts",
        "script",
        machine.agent_product_entry,
    ),
    Assumption(
        "A-W-56",
        _HOST,
        "The registry keys of Defender's exclusions hold all folders that Defender leaves out.",
        ("host_info",),
        "public scripts",
        "inferred",
        host.defender_exclusions,
    ),
    Assumption(
        "A-W-57",
        _HOST,
        "The id of a virtual disk ends with its controller and its place there.",
        ("host_info",),
        "Hyper-V WMI provider reference",
        "inferred",
        host.disk_ids,
    ),
    Assumption(
        "A-W-58",
        _HOST,
        "A virtual machine has one disk on the first place of a first controller, and starts from it.",
        ("host_info",),
        "review of the collection",
        "inferred",
        host.first_disk,
    ),
    Assumption(
        "A-W-59",
        _HOST,
        "Hyper-V shows secure boot of every virtual machine and persistent reservations of every disk.",
        ("host_info",),
        "Hyper-V WMI provider reference",
        "documented",
        host.guest_members,
    ),
    Assumption(
        "A-W-60",
        _HOST,
        "The agent runs only where the Visual C++ runtime is installed.",
        ("mars_agent",),
        "Azure Backup documentation, prerequisites",
        "documented",
        machine.agent_with_runtime,
    ),
    Assumption(
        "A-W-61",
        _HOST,
        "The agent runs on a .NET Framework before 4.8.",
        ("mars_agent", "host_info"),
        "support matrix; a field report names 4.8",
        "field",
        machine.agent_with_older_framework,
    ),
)
