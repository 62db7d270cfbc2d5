# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: facts about a VMM server, its Site Recovery Provider and its registration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..common.names import same_name
from .host_facts import Raw, service_status
from .proxy import ProxyFacts
from .vmm_jobs import VmmJob, jobs_of

#: States of a cluster resource and of a cluster node.
ONLINE, NODE_DOWN = "Online", "Down"
# The number is part of the text in every language.
_NOT_ADMINISTRATOR = re.compile(r"\b1604\b")


@dataclass(frozen=True, slots=True)
class CloudHost:
    """A host that belongs to a VMM cloud."""

    id: str
    fqdn: str
    platform: str
    #: OverallState and CommunicationState as VMM spells them, and whether the host is in maintenance mode.
    state: str | None = None
    communication_state: str | None = None
    maintenance: bool = False

    @classmethod
    def from_observation(cls, raw: Raw) -> CloudHost:
        """Build the facts from one host of a cloud."""
        return cls(
            raw["id"],
            raw["fqdn"],
            raw["platform"],
            raw.get("state"),
            raw.get("communication_state"),
            bool(raw.get("maintenance")),
        )


@dataclass(frozen=True, slots=True)
class VmmCloud:
    """A VMM cloud. `published` tells whether VMM sends its metadata to Site Recovery; None means not shown."""

    id: str
    name: str
    published: bool | None
    hosts: tuple[CloudHost, ...] = ()
    #: Names of the profiles, or None if VMM does not show them.
    capability_profiles: tuple[str, ...] | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> VmmCloud:
        """Build the facts from one cloud of section `vmm`."""
        hosts = (CloudHost.from_observation(host) for host in raw.get("hosts") or [])
        profiles = raw.get("capability_profiles")
        return cls(
            raw["id"], raw["name"], raw["published"], tuple(hosts), None if profiles is None else tuple(profiles)
        )

    def to_result(self) -> dict[str, Any]:
        """Return the cloud as results show it."""
        return {
            "id": self.id,
            "name": self.name,
            "synchronized": self.published,
            "hosts": [host.fqdn for host in self.hosts],
        }


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """The cluster of a highly available VMM, as one node sees it. A value that cannot be read is None."""

    service: str
    node: str
    #: The state of every node, by name.
    nodes: Mapping[str, str] | None
    resource: str | None
    resource_state: str | None
    owner_node: str | None

    @classmethod
    def from_observation(cls, raw: Raw) -> ClusterFacts:
        """Build the facts from the key `cluster` of section `vmm`."""
        nodes = raw["nodes"]
        return cls(
            raw["service"],
            raw["node"],
            None if nodes is None else {node["name"]: node["state"] for node in nodes},
            raw["resource"],
            raw["resource_state"],
            raw["owner_node"],
        )

    @property
    def owned(self) -> bool:
        """Tell whether this node owns the cluster role."""
        return self.owner_node is not None and same_name(self.owner_node, self.node)

    @property
    def down(self) -> tuple[str, ...]:
        """Return the names of the nodes that are down."""
        return tuple(name for name, state in (self.nodes or {}).items() if state == NODE_DOWN)


@dataclass(frozen=True, slots=True)
class VmmFacts:
    """The VMM server. `clouds` and `running_jobs` are None while its service does not run."""

    product_version: str | None
    vmm_id: str | None
    ha_name: str | None
    service: str | None
    #: The jobs that a stop of VMM would interrupt, without its own refreshers.
    running_jobs: tuple[VmmJob, ...] | None
    flag_supported: bool | None
    clouds: tuple[VmmCloud, ...] | None
    #: The logical network that each VM network is bound to, by name.
    networks: Mapping[str, str | None] | None
    install_path: str | None = None
    cluster: ClusterFacts | None = None
    #: True if a setting was changed that the running process of the service has not read yet.
    restart_due: bool = False
    #: Why VMM does not answer although its service runs.
    connection_error: str | None = None

    @property
    def may_connect(self) -> bool:
        """Tell whether VMM may answer later: error 1604 rejects a user who is not a VMM administrator."""
        return self.connection_error is None or _NOT_ADMINISTRATOR.search(self.connection_error) is None

    @property
    def elsewhere(self) -> str | None:
        """Return the node that owns the cluster role, if it is not this one."""
        return self.cluster.owner_node if self.cluster is not None and not self.cluster.owned else None

    @property
    def active(self) -> bool:
        """Tell whether this machine runs VMM. An owner that cannot be read counts as this node."""
        return self.elsewhere is None

    @classmethod
    def from_observation(cls, raw: Raw) -> VmmFacts:
        """Build the facts from section `vmm` of an observation."""
        clouds, cluster = raw["clouds"], raw.get("cluster")
        return cls(
            product_version=raw["product_version"],
            vmm_id=raw["vmm_id"],
            ha_name=raw["ha_name"],
            service=service_status(raw["service"]),
            running_jobs=None if raw["running_jobs"] is None else jobs_of(raw["running_jobs"]),
            flag_supported=raw["flag_supported"],
            clouds=None if clouds is None else tuple(VmmCloud.from_observation(cloud) for cloud in clouds),
            networks=None
            if raw["networks"] is None
            else {network["name"]: network["logical_network"] for network in raw["networks"]},
            install_path=raw.get("install_path"),
            cluster=None if cluster is None else ClusterFacts.from_observation(cluster),
            restart_due=raw["restart_due"],
            connection_error=raw.get("connection_error"),
        )


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """The installed parts of the Provider."""

    version: str | None
    adapter_present: bool
    configurator_path: str | None
    #: The name of its entry in "Programs and Features".
    product_code: str | None = None

    @classmethod
    def from_observation(cls, raw: Raw) -> ProviderFacts:
        """Build the facts from section `provider` of an observation."""
        return cls(raw["version"], raw["adapter_present"], raw["configurator_path"], raw.get("product_code"))

    @property
    def installed(self) -> bool:
        """Tell whether a part exists that setup installs. The adapter's key can hold the rest of a registration."""
        return any(part is not None for part in (self.version, self.configurator_path, self.product_code))

    @property
    def complete(self) -> bool:
        """Tell whether all parts exist. Setup can return before it has installed all of them."""
        return self.version is not None and self.adapter_present and self.configurator_path is not None


@dataclass(frozen=True, slots=True)
class RegistrationPlace:
    """A registry key that holds a registration. The key of the preview release names no vault."""

    key: str
    vault_name: str | None


@dataclass(frozen=True, slots=True)
class RegistrationFacts:
    """The registration as the server itself has stored it."""

    vault_name: str | None
    hive: str | None
    proxy: ProxyFacts | None
    run_as_account: str | None
    certificates: int
    orphaned_key_files: tuple[str, ...]
    thumbprints: tuple[str, ...] = ()
    places: tuple[RegistrationPlace, ...] = ()
    encryption: bool = False
    #: The login of the Run As account, with its domain if it has one.
    run_as_user: str | None = None
    #: The registry keys that hold a proxy.
    proxy_keys: tuple[str, ...] = ()

    @classmethod
    def from_observation(cls, raw: Raw) -> RegistrationFacts:
        """Build the facts from section `registration` of an observation."""
        proxy = raw["proxy"]
        return cls(
            vault_name=raw["vault_name"],
            hive=raw["hive"],
            proxy=ProxyFacts(proxy["address"], proxy["port"], proxy["username"], tuple(proxy["bypass"]))
            if proxy
            else None,
            run_as_account=raw["run_as_account"],
            certificates=raw["certificates"],
            orphaned_key_files=tuple(raw["orphaned_key_files"]),
            thumbprints=tuple(raw["thumbprints"]),
            places=tuple(RegistrationPlace(place["key"], place["vault_name"]) for place in raw["places"]),
            encryption=raw["encryption"],
            run_as_user=raw["run_as_user"],
            proxy_keys=tuple(raw.get("proxy_keys") or ()),
        )


#: A server that was never registered, or whose registration was not read.
UNREGISTERED = RegistrationFacts(None, None, None, None, 0, ())
