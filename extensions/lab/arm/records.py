# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of the simulated Azure: operations, certificates, fabrics, sites, vaults and managed identities."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..context import CloudFacts, VirtualMachineFacts, VmmServerFacts
from .jobs import Job
from .messages import Json
from .plan_records import RecoveryPlan
from .protection_records import ProtectedItem


def guid() -> str:
    return str(uuid.uuid4())


#: The principal that stands for all users (documented: "List Azure deny assignments").
EVERYONE = "00000000-0000-0000-0000-000000000000"


@dataclass(slots=True)
class Operation:
    """One long-running operation, as its polling address shows it."""

    id: str
    method: str
    target: str
    started: datetime
    signature: str
    status: str = "InProgress"
    ended: datetime | None = None
    error: Json | None = None
    stays: str | None = None

    @property
    def shown_status(self) -> str:
        """Return the status that its document shows; a planned hang may name one of its own."""
        return self.stays or self.status

    @property
    def running(self) -> bool:
        return self.status == "InProgress"


@dataclass(slots=True)
class VaultCertificate:
    """A certificate that a vault accepted or made; it decides later whether a server may register."""

    thumbprint: str
    vault: str
    expires: datetime


@dataclass(slots=True)
class Fabric:
    """A VMM server of a vault from its registration on; `visible` once the lists show it."""

    name: str
    server: VmmServerFacts
    registered: datetime
    visible: bool = False
    #: Lists of Providers that do not show its Provider yet.
    hidden_reads: int = 0
    connected: bool = True
    last_heartbeat: datetime | None = None
    #: The service's data on the Provider's version in addition to its number (`providerVersionState`, ...).
    version_facts: Json = field(default_factory=lambda: {"providerVersionState": "Latest"})
    #: Codes of the health errors of the server.
    health_codes: list[str] = field(default_factory=list)
    containers: dict[str, CloudFacts] = field(default_factory=dict)
    coming: dict[str, CloudFacts] = field(default_factory=dict)
    #: The virtual machines that the service knows, by id in lower case, and when it reads them again.
    machines: dict[str, VirtualMachineFacts] = field(default_factory=dict)
    machines_until: float | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A Hyper-V site of a vault: a fabric without a server. Key files name it by its `identifier`."""

    name: str
    friendly_name: str
    identifier: str


@dataclass(slots=True)
class Vault:
    """A Recovery Services vault with everything below it."""

    document: Json
    number: int
    fabrics: dict[str, Fabric] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    policies: dict[str, Json] = field(default_factory=dict)
    items: dict[tuple[str, str, str], ProtectedItem] = field(default_factory=dict)
    #: The recovery plans by their names in lower case.
    plans: dict[str, RecoveryPlan] = field(default_factory=dict)
    #: The associations of clouds with policies as documents, by the id of the cloud and their name, in lower case.
    associations: dict[tuple[str, str], Json] = field(default_factory=dict)
    #: The mappings of VM networks as documents, by the id of the VM network and their name, in lower case.
    network_mappings: dict[tuple[str, str], Json] = field(default_factory=dict)
    extended: Json | None = None
    certificates: int = 0
    #: Codes of the health errors of protected items.
    health_codes: list[str] = field(default_factory=list)
    # The contents of Azure Backup: items, and servers with an agent.
    backup_items: int = 0
    backup_servers: int = 0

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def site_id(self) -> str:
        """Return the id as Site Recovery writes it (recorded: `/Subscriptions/` with a capital letter)."""
        return self.id.replace("/subscriptions/", "/Subscriptions/", 1)


@dataclass(slots=True)
class ManagedIdentities:
    """The identities of the machine that asks for a token: its own, and the client ids of user-assigned ones."""

    system_assigned: bool = False
    user_assigned: set[str] = field(default_factory=set)


def fabric_name(vault: Vault, vmm_id: str) -> str:
    """Return 64 hex digits (recorded), derived from vault and server; how the service derives them is unknown."""
    return hashlib.sha256(f"{vault.number}/{vmm_id.lower()}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy that was assigned to the subscription.

    `effect`: `deny` or `modify` (documented: effects of Azure Policy). `kind`: the resource type in lower case.
    `path`: the dotted place in the request. `deny` refuses values that `allowed` does not have, and without `allowed` a
    missing value. `modify` replaces the value by `value`. `reason`: the organization's own message.
    """

    name: str
    effect: str
    kind: str
    path: str
    allowed: tuple[Any, ...] = ()
    value: Any = None
    reason: str = ""
