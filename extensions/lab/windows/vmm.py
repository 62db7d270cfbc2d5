# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of a VMM server: clouds, host groups, hosts, Run As accounts, running jobs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .guests import Guest
from .vmm_jobs import VmmJob


def cluster_id(name: str) -> str:
    """Return the id of a cluster of hosts: the same for the same name in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name.lower()))


@dataclass(slots=True)
class VmHost:
    id: str
    fqdn: str
    # As VMM spells the virtualization platform: HyperV, VMwareESX.
    platform: str = "HyperV"
    #: Full name of the failover cluster (recorded: Get-SCVMHost returns it as HostCluster).
    cluster: str | None = None
    # Recorded: OK and Responding. Inferred: how VMM spells every other state.
    state: str = "OK"
    communication_state: str = "Responding"
    maintenance: bool = False
    #: Version of the VMM agent; None for a platform without one (inferred).
    agent_version: str | None = None
    operating_system: str | None = "Microsoft Windows Server 2019 Datacenter"
    #: None for a host outside of the lab, whose virtual machines the document of VMM describes.
    machine: Any = None
    own_guests: list[Guest] = field(default_factory=list)

    @property
    def guests(self) -> list[Guest]:
        return self.own_guests if self.machine is None else list(self.machine.guests)


@dataclass(slots=True)
class HostGroup:
    id: str
    name: str
    path: str
    hosts: list[VmHost] = field(default_factory=list)
    children: list[HostGroup] = field(default_factory=list)

    def closure(self) -> Iterator[HostGroup]:
        """Yield the group and all groups below it; a cloud that names the group contains them all."""
        yield self
        for child in self.children:
            yield from child.closure()


@dataclass(slots=True)
class VmmCloud:
    id: str
    name: str
    host_groups: list[HostGroup] = field(default_factory=list)
    published: bool = False
    # The cloud is paired with a policy of the vault or with a cloud of another server.
    paired: bool = False
    # By name; inferred: a cloud shows them as CapabilityProfiles.
    capability_profiles: list[str] = field(default_factory=lambda: ["Hyper-V"])

    def hosts(self) -> list[VmHost]:
        """Return each host once, in the order of the groups."""
        found = {host.id: host for group in self.host_groups for below in group.closure() for host in below.hosts}
        return list(found.values())


@dataclass(slots=True)
class VmNetwork:
    name: str
    logical_network: str | None
    id: str = ""
    #: Pairs of name and address range.
    subnets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A virtual machine where VMM knows it. A machine belongs to one cloud at most."""

    guest: Guest
    host: VmHost
    group: HostGroup
    cloud: VmmCloud | None


@dataclass(slots=True)
class RunAsAccount:
    """A login in VMM, with a digest in place of the password."""

    id: str
    name: str
    username: str
    password_digest: str
    #: The objects of VMM that use the account.
    used_by: list[str] = field(default_factory=list)

    @property
    def domain(self) -> str:
        """Return the domain, which VMM keeps apart from the user's name (inferred from the output of the cmdlet)."""
        return self.username.rpartition("\\")[0]

    @property
    def user(self) -> str:
        return self.username.rpartition("\\")[2]


@dataclass(slots=True)
class Registration:
    """The data on its vault in VMM's database, in addition to the registry (tbl_DR_VMMRegistrationDetails)."""

    vault_id: str
    friendly_name: str
    thumbprint: str


@dataclass(slots=True)
class Vmm:
    version: str
    vmm_id: str
    folder: str
    root: HostGroup
    clouds: list[VmmCloud] = field(default_factory=list)
    run_as: list[RunAsAccount] = field(default_factory=list)
    # VMM runs refreshers all the time, in addition to the jobs of people.
    jobs: list[VmmJob] = field(default_factory=list)
    # Documented: setup of VMM lets the user choose the port of the console (IndigoTcpPort).
    console_port: int = 8100
    # Whether Set-SCCloud has -DisasterRecoverySupported: documented for 2012 and 2016, for later releases inferred.
    flag_supported: bool = True
    # Whether Get-SCCloud shows the flag. Inferred: it does; its name is that of the parameter.
    flag_shown: bool = True
    registration: Registration | None = None
    networks: list[VmNetwork] = field(default_factory=list)

    def groups(self) -> list[HostGroup]:
        return list(self.root.closure())

    def hosts(self) -> list[VmHost]:
        return [host for group in self.groups() for host in group.hosts]

    def clusters(self) -> list[str]:
        """Return the full name of every cluster of hosts, in the order of the hosts."""
        return list(dict.fromkeys(host.cluster for host in self.hosts() if host.cluster is not None))

    def placed(self) -> list[Placed]:
        """Return every virtual machine, in the order of the hosts."""
        first: dict[str, VmmCloud] = {}
        for cloud in reversed(self.clouds):
            first.update({host.id: cloud for host in cloud.hosts()})
        named = {cloud.name.lower(): cloud for cloud in self.clouds}
        return [
            Placed(
                guest, host, group, first.get(host.id) if guest.cloud == "" else named.get((guest.cloud or "").lower())
            )
            for group in self.groups()
            for host in group.hosts
            for guest in host.guests
        ]

    def network(self, name: str | None) -> VmNetwork | None:
        return next((each for each in self.networks if name and each.name.lower() == name.lower()), None)

    def cloud(self, cloud_id: str) -> VmmCloud | None:
        return next((cloud for cloud in self.clouds if cloud.id.lower() == cloud_id.lower()), None)

    def run_as_account(self, name: str) -> RunAsAccount | None:
        return next((account for account in self.run_as if account.name.lower() == name.lower()), None)
