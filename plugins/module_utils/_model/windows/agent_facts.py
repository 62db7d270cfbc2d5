# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: facts about a Hyper-V host and its Recovery Services agent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..common.shown_text import foreign
from .host_facts import Raw, service_status
from .proxy import ProxyFacts


@dataclass(frozen=True, slots=True)
class ThrottleFacts:
    """Enabled throttling, in the agent's units: days from 0 (Sunday), times as hh:mm:ss, rates in bits per second."""

    days: tuple[int, ...]
    start: str
    end: str
    work: int
    other: int

    @classmethod
    def from_observation(cls, raw: Raw | None) -> ThrottleFacts | None:
        """Build the facts from the key `throttle`. Return None if throttling is off or unknown."""
        if raw is None or not raw["enabled"]:
            return None
        return cls(
            tuple(sorted(raw["work_days"])), raw["start"], raw["end"], raw["work_bandwidth"], raw["non_work_bandwidth"]
        )


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """The Recovery Services agent. `proxy_known` is False while its service does not run.

    Throttling and the abilities of the build are unknown then as well. Threads that were never set are None.
    """

    version: str | None
    install_path: str
    cache_path: str | None
    service: str | None
    backup_registered: bool
    proxy: ProxyFacts | None
    proxy_known: bool
    disabled: bool = False
    bypass_supported: bool | None = None
    throttle: ThrottleFacts | None = None
    throttle_shown: bool = False
    upload_threads: int | None = None
    download_threads: int | None = None
    #: True if a setting was changed that the running process of the service has not read yet.
    restart_due: bool = False
    #: True if an earlier run has paused the host's node of a cluster and has not resumed it.
    paused_node: bool = False
    #: Why the settings of a running agent could not be read.
    setting_error: str | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> AgentFacts:
        """Build the facts from section `agent` of an observation."""
        proxy = raw["proxy"]
        return cls(
            version=raw["version"],
            install_path=raw["install_path"],
            cache_path=raw["cache_path"],
            service=service_status(raw["service"]),
            backup_registered=raw["backup_registered"],
            proxy=ProxyFacts(
                proxy["server"] or "", proxy["port"], proxy["username"], tuple(proxy["bypass"]), proxy["login_shown"]
            )
            if proxy and proxy["enabled"]
            else None,
            proxy_known=proxy is not None,
            disabled=raw["service"] is not None and raw["service"]["start_mode"] == "Disabled",
            bypass_supported=raw["bypass_supported"],
            throttle=ThrottleFacts.from_observation(raw["throttle"]),
            throttle_shown=raw["throttle"] is not None,
            upload_threads=raw["upload_threads"],
            download_threads=raw["download_threads"],
            restart_due=raw["restart_due"],
            paused_node=bool(raw.get("paused_node")),
            setting_error=foreign(raw["setting_error"]) if raw.get("setting_error") else None,
        )

    def comparable_proxy(self, username: str | None) -> ProxyFacts | None:
        """Return the stored proxy, with the desired user name if this build does not show the stored one.

        Otherwise such a build would show a difference in every run.
        """
        if self.proxy is None or self.proxy.login_shown:
            return self.proxy
        return replace(self.proxy, username=username)


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """The properties of a virtual machine that decide whether it can be protected. None means not shown."""

    name: str
    generation: int
    secure_boot: bool | None
    disks: int
    first_disk_bytes: int | None
    shared_disks: int
    pass_through_disks: int

    @classmethod
    def from_observation(cls, raw: Raw) -> VirtualMachine:
        """Build the facts from one entry of `vms`."""
        names = ("name", "generation", "secure_boot", "disks", "first_disk_bytes", "shared_disks", "pass_through_disks")
        return cls(*(raw[name] for name in names))


@dataclass(frozen=True, slots=True)
class ReplicationFacts:
    """The virtual machines that have a replication relationship, by name. None means that they could not be read."""

    machines: tuple[str, ...] | None

    @classmethod
    def from_observation(cls, raw: Raw) -> ReplicationFacts:
        """Build the facts from section `replication` of an observation."""
        return cls(None if raw["machines"] is None else tuple(raw["machines"]))


@dataclass(frozen=True, slots=True)
class HyperVFacts:
    """The Hyper-V service. Switch names and virtual machines are None while it does not run."""

    service: str | None
    switch_names: tuple[str, ...] | None
    virtual_machines: tuple[VirtualMachine, ...] | None

    @classmethod
    def from_observation(cls, raw: Raw) -> HyperVFacts:
        """Build the facts from section `hyperv` of an observation."""
        names, machines = raw["switch_names"], raw["vms"]
        return cls(
            service_status(raw["service"]),
            None if names is None else tuple(names),
            None if machines is None else tuple(VirtualMachine.from_observation(machine) for machine in machines),
        )
