# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Recovery Services vault: what it is, what is wanted, what to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .errors import Refused
from .group import Grouped, group_change
from .names import ResourceId, region, require_vault_name
from .plan import UNKNOWN, Change, Plan, checked_tags, compare, creation, merged_tags


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault as Azure shows it. `private_endpoint_state` is the one for Site Recovery: None or Enabled."""

    id: str
    name: str
    resource_group: str
    subscription_id: str
    location: str
    sku: str
    public_network_access: str
    private_endpoint_state: str
    provisioning_state: str
    tags: Mapping[str, str]

    @classmethod
    def from_wire(cls, document: Mapping[str, Any]) -> Vault:
        """From the service's JSON; what it leaves out has the meaning that its API description gives."""
        where = ResourceId.parse(document["id"])
        properties = document.get("properties") or {}
        return cls(
            id=document["id"],
            name=document["name"],
            resource_group=where.resource_group,
            subscription_id=where.subscription_id,
            location=region(document["location"]),
            sku=(document.get("sku") or {}).get("name") or "",
            public_network_access=(properties.get("publicNetworkAccess") or "Enabled").lower(),
            private_endpoint_state=properties.get("privateEndpointStateForSiteRecovery") or "None",
            provisioning_state=properties.get("provisioningState") or "",
            tags=dict(document.get("tags") or {}),
        )

    def project(self) -> dict[str, Any]:
        return {**asdict(self), "tags": dict(self.tags)}


@dataclass(frozen=True, slots=True)
class DesiredVault:
    """A vault as the playbook wants it; None means: not written, leave alone."""

    name: str
    resource_group: str
    subscription_id: str
    location: str
    create_resource_group: bool = False
    public_network_access: str | None = None
    tags: Mapping[str, str] | None = None
    append_tags: bool = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredVault:
        """Checked offline. Raises InvalidInput."""
        require_vault_name(options["name"])
        return cls(
            name=options["name"],
            resource_group=options["resource_group"],
            subscription_id=options["subscription_id"],
            location=region(options["location"]),
            create_resource_group=options["create_resource_group"],
            public_network_access=options["public_network_access"],
            tags=checked_tags(options["tags"]),
            append_tags=options["append_tags"],
        )


def plan_vault(found: Grouped[Vault], desired: DesiredVault) -> Plan:
    """Raises Refused for a missing group or a vault in another region."""
    if found.resource is None:
        return Plan.of(
            [group_change(found, desired.resource_group, desired.create_resource_group), *_creation(desired)]
        )
    vault = found.resource
    if vault.location != desired.location:
        raise Refused(
            f"location: vault {vault.name} is in {vault.location} and can't be moved to {desired.location};"
            " give its location, or another name for a new vault"
        )
    return Plan.of(
        [
            compare("public_network_access", vault.public_network_access, desired.public_network_access),
            _tags_change(vault, desired),
        ]
    )


def _creation(desired: DesiredVault) -> list[Change]:
    return creation(
        f"create vault {desired.name} in {desired.location}",
        {
            "id": UNKNOWN,
            "name": desired.name,
            "resource_group": desired.resource_group,
            "subscription_id": desired.subscription_id,
            "location": desired.location,
            "sku": "Standard",
            "public_network_access": desired.public_network_access or "enabled",
            "private_endpoint_state": "None",
            "provisioning_state": "Succeeded",
            "tags": dict(desired.tags or {}),
        },
    )


def _tags_change(vault: Vault, desired: DesiredVault) -> Change | None:
    return compare("tags", dict(vault.tags), merged_tags(vault.tags, desired.tags, desired.append_tags))
