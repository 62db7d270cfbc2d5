# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: assumptions about failovers, which only a failover can settle. They are a part of `assumptions.py`."""

from __future__ import annotations

from ..common.assumption import Assumption, Side

_AZURE: tuple[Side, ...] = ("azure",)

OF_FAILOVERS: tuple[Assumption, ...] = (
    Assumption(
        "A-A-90",
        _AZURE,
        "A committed machine that runs in Azure can be failed back, also if its allowed operations do not name it.",
        ("failover",),
        "recorded traffic of the Azure CLI, a failback right after a commit",
        "recorded",
        needs="a machine has to be failed over and committed",
        command="az rest --method get --url <protected item id>?api-version=2025-08-01; read allowedOperations",
    ),
    Assumption(
        "A-A-91",
        _AZURE,
        "After the commit of a failback, a machine allows ReverseReplicate, copies its changes, and is ready then.",
        ("failover",),
        "Run a failback for Hyper-V VMs",
        "inferred",
        needs="a machine has to be failed back",
        command="siterecovery.hyperv.failover with state=reversed; read the item every minute until it is ready",
    ),
    Assumption(
        "A-A-92",
        _AZURE,
        "The job of a failback that synchronizes first is suspended until it is resumed, or runs through.",
        ("failover",),
        "Run a failback for Hyper-V VMs says that it waits; recorded ones ran through",
        "inferred",
        needs="a machine has to be failed back",
        command="siterecovery.hyperv.failover with state=failed_back; read the state of its job every minute",
    ),
    Assumption(
        "A-A-93",
        _AZURE,
        "A failover that failed leaves the machine protected, and shut down if its job came so far.",
        ("failover",),
        "the tasks of recorded jobs and their order",
        "inferred",
        needs="a failover has to fail",
        command="siterecovery.hyperv.failover with a size that the region lacks; read the item and the machine in VMM",
    ),
    Assumption(
        "A-A-94",
        _AZURE,
        "The operation of a recovery plan leaves out its machines that are in another state, and works on the others.",
        ("failover",),
        "API definition of recovery plans; About recovery plans",
        "inferred",
        needs="the failover of a plan has to fail for one machine",
        command="siterecovery.hyperv.failover with the plan a second time; read the tasks of its job",
    ),
)
