# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: one observation of a Windows machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from ..common.shown_text import foreign
from .agent_facts import AgentFacts, HyperVFacts, ReplicationFacts
from .background_task import REGISTRATION, BackgroundTaskFacts, is_active
from .host_facts import HostFacts, Raw, parse_moment
from .vmm_facts import ProviderFacts, RegistrationFacts, VmmFacts


@dataclass(frozen=True, slots=True)
class ConnectivityFacts:
    """The outcome of a call to one address.

    `failure` is an error name of .NET. `date` is the time of the remote clock, and `clock` the time of the machine's
    clock when the response arrived.
    """

    url: str
    registered: bool
    via: str
    status: int | None
    from_proxy: bool
    failure: str | None
    date: datetime | None
    clock: datetime | None

    @classmethod
    def from_observation(cls, raw: Raw) -> ConnectivityFacts:
        """Build the facts from one entry of section `connectivity`."""
        return cls(
            url=raw["url"],
            registered=raw["registered"],
            via=raw["via"],
            status=raw["status"],
            from_proxy=raw["from_proxy"],
            failure=raw["failure"],
            date=_header_date(raw["date"]),
            clock=parse_moment(raw["clock"]) if raw["clock"] else None,
        )

    @property
    def reachable(self) -> bool:
        """Tell whether the address responded. Any HTTP status counts, because TLS worked."""
        return self.status is not None and not self.from_proxy

    @property
    def skew(self) -> float | None:
        """Return by how many seconds the machine's clock is ahead of the remote clock."""
        if not self.reachable or self.date is None or self.clock is None:
            return None
        return (self.clock - self.date).total_seconds()


@dataclass(frozen=True, slots=True)
class Unread:
    """A reading that failed, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """One observation. A section that was not requested, or that the machine does not have, is None."""

    host: HostFacts | None = None
    vmm: VmmFacts | None = None
    provider: ProviderFacts | None = None
    registration: RegistrationFacts | None = None
    agent: AgentFacts | None = None
    hyperv: HyperVFacts | None = None
    connectivity: tuple[ConnectivityFacts, ...] | None = None
    background_tasks: tuple[BackgroundTaskFacts, ...] = ()
    #: True if Windows Update installs updates for other Microsoft products too. None if it was not read.
    microsoft_update: bool | None = None
    #: True if a background task of an earlier run has registered the server since this run read Azure.
    registered_since: bool = False
    #: The language mode of PowerShell. In any but FullLanguage, every section is None. None if it was not read.
    language_mode: str | None = None
    #: Readings that failed without ending the observation.
    unread: tuple[Unread, ...] = ()
    replication: ReplicationFacts | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> MachineFacts:
        """Build the facts from the script's object. Raises KeyError if the script does not match this file."""
        tasks = tuple(BackgroundTaskFacts.from_observation(task) for task in raw.get("background_tasks") or [])
        registration = RegistrationFacts.from_observation(raw["registration"]) if raw["registration"] else None
        if registration is not None and is_active(tasks, REGISTRATION):
            # The key file belongs to the registration that is running.
            registration = replace(registration, orphaned_key_files=())
        return cls(
            host=HostFacts.from_observation(raw["host"]) if raw["host"] else None,
            vmm=VmmFacts.from_observation(raw["vmm"]) if raw["vmm"] else None,
            provider=ProviderFacts.from_observation(raw["provider"]) if raw["provider"] else None,
            registration=registration,
            agent=AgentFacts.from_observation(raw["agent"]) if raw["agent"] else None,
            hyperv=HyperVFacts.from_observation(raw["hyperv"]) if raw["hyperv"] else None,
            connectivity=None
            if raw.get("connectivity") is None
            else tuple(ConnectivityFacts.from_observation(item) for item in raw["connectivity"]),
            background_tasks=tasks,
            microsoft_update=raw["updates"]["microsoft_update"] if raw.get("updates") else None,
            language_mode=raw.get("language_mode"),
            replication=ReplicationFacts.from_observation(raw["replication"]) if raw.get("replication") else None,
            unread=tuple(Unread(each["name"], foreign(each["reason"])) for each in raw.get("unread") or ()),
        )

    @property
    def constrained(self) -> bool:
        """Tell whether the language mode stopped the observation before its first section."""
        return self.language_mode not in (None, "FullLanguage")

    @property
    def active(self) -> bool:
        """Tell whether this machine does the work of its VMM server: False on a node without the cluster role."""
        return self.vmm is None or self.vmm.active

    def server_name(self, requested: str | None = None) -> str:
        """Return the name of the VMM server in the vault.

        A requested name wins. Without one, a highly available VMM is registered under the name of its cluster role, and
        any other under the name of the machine.
        """
        role = self.vmm.ha_name if self.vmm else None
        return requested or role or (self.host.fqdn if self.host else "")


def _header_date(text: str | None) -> datetime | None:
    """Parse the header Date of a response. Return None for a malformed one, which any remote end can send."""
    try:
        date = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return date if date is None or date.tzinfo else date.replace(tzinfo=timezone.utc)
