# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates resources that exist before a run begins, for tests and trial runs."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from .documents import account_document, complete_vault, group_document, network_document, set_network_state
from .jobs import Job, JobError, JobTarget, NotedError
from .messages import Json
from .records import EVERYONE, Policy, Site, Vault, guid
from .state_core import StateCore


class Seeds(StateCore):
    """Creates resources directly: without a request, a delay or an entry in the journal."""

    def seed_group(self, name: str, location: str, tags: dict[str, str] | None = None) -> Json:
        """Create a resource group."""
        with self.lock:
            group = group_document(self.context.login.subscription_id, name, location, tags)
            return self.groups.setdefault(name.casefold(), group)

    def seed_vault(self, group: str, name: str, location: str, **properties: Any) -> Vault:
        """Create a vault."""
        with self.lock:
            self.seed_group(group, location)
            vault = self.new_vault(group, name, {"location": location, "properties": properties})
            complete_vault(vault.document, self.context.clock.now())
            return vault

    def seed_failed_job(self, vault: Vault, code: str, provider: int = 0, *, days: float = 0) -> Job:
        """Create a job that failed some days ago with an error of the service and of the Provider."""
        with self.lock:
            ended = self.context.clock.now() - timedelta(days=days)
            target = JobTarget("ProtectionEntity", guid(), "web", f"{vault.site_id}/replicationProtectedItems/web")
            job = Job(guid(), "EnableDr", "Enable replication", ended, target, vault.site_id)
            job.state, job.started, job.ended = "Failed", ended, ended
            job.errors.append(NotedError(JobError(code, provider_code=provider), ended))
            vault.jobs[job.id] = job
            return job

    def seed_site(self, vault: Vault, name: str, friendly_name: str | None = None) -> Site:
        """Create a Hyper-V site; its identifier is a UUID of version 5 (recorded)."""
        with self.lock:
            identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{vault.id}/{name}".lower()))
            # recorded: a site that was made through the API has one name for both.
            site = Site(name, friendly_name or name, identifier)
            vault.sites[name.lower()] = site
            return site

    def seed_policy(self, vault: Vault, name: str, *, interval: int = 300, encryption: str = "Disabled") -> Json:
        """Create a replication policy for Hyper-V to Azure (recorded: azure-cli-extensions)."""
        with self.lock:
            policy: Json = {
                "id": f"{vault.site_id}/replicationPolicies/{name}",
                "name": name,
                "type": "Microsoft.RecoveryServices/vaults/replicationPolicies",
                "properties": {
                    "friendlyName": name,
                    "providerSpecificDetails": {
                        "instanceType": "HyperVReplicaAzure",
                        "recoveryPointHistoryDurationInHours": 2,
                        "applicationConsistentSnapshotFrequencyInHours": 1,
                        "replicationInterval": interval,
                        "encryption": encryption,
                        "activeStorageAccountId": None,
                    },
                },
            }
            vault.policies[name.casefold()] = policy
            return policy

    def seed_account(
        self,
        group: str,
        name: str,
        location: str,
        *,
        sku: str = "Standard_LRS",
        kind: str = "StorageV2",
        soft_delete: bool = False,
        **properties: Any,
    ) -> Json:
        """Create a storage account."""
        with self.lock:
            self.seed_group(group, location)
            body: Json = {"location": location, "sku": {"name": sku}, "kind": kind, "properties": properties}
            resource_id = self.resource_id(group, "Microsoft.Storage/storageAccounts", name)
            account = account_document(resource_id, name, body, self.context.clock.now())
            account["properties"]["provisioningState"] = "Succeeded"
            self.accounts[resource_id.casefold()] = account
            if soft_delete:
                policy = {"allowPermanentDelete": False, "enabled": True, "days": 7}
                self.blob_service(account)["properties"]["deleteRetentionPolicy"] = policy
            return account

    def seed_network(
        self, group: str, name: str, location: str, prefixes: list[str], subnets: dict[str, str] | None = None
    ) -> Json:
        """Create a virtual network; `subnets` maps names to prefixes."""
        with self.lock:
            self.seed_group(group, location)
            body: Json = {
                "location": location,
                "properties": {
                    "addressSpace": {"addressPrefixes": prefixes},
                    "subnets": [
                        {"name": subnet, "properties": {"addressPrefix": prefix}}
                        for subnet, prefix in (subnets or {}).items()
                    ],
                },
            }
            resource_id = self.resource_id(group, "Microsoft.Network/virtualNetworks", name)
            network = network_document(resource_id, name, body, None)
            set_network_state(network, "Succeeded")
            self.networks[resource_id.casefold()] = network
            return network

    def seed_network_part(self, group: str, kind: str, name: str) -> str:
        """Create something that a subnet refers to (`networkSecurityGroups`, `routeTables`, ...), and return its id."""
        with self.lock:
            resource_id = self.resource_id(group, f"Microsoft.Network/{kind}", name)
            self.network_parts.add(resource_id)
            return resource_id

    def seed_foreign_account(self, name: str) -> None:
        """Reserve an account name for another tenant."""
        with self.lock:
            self.foreign_accounts.add(name.casefold())

    def seed_subnet_user(self, group: str, network: str, subnet: str, card: str = "nic-in-use") -> None:
        """Connect a network card to a subnet, which therefore cannot be deleted."""
        with self.lock:
            root = f"{self.group_id(group)}/providers/Microsoft.Network"
            found = self.networks[f"{root}/virtualNetworks/{network}".casefold()]
            for entry in found["properties"]["subnets"]:
                if entry["name"].casefold() == subnet.casefold():
                    used = entry["properties"].setdefault("ipConfigurations", [])
                    used.append({"id": f"{root}/networkInterfaces/{card}/ipConfigurations/ipconfig1"})

    def seed_deleted_vault(self, group: str, name: str, location: str) -> None:
        """Create a soft-deleted vault: its name cannot be used in its group until it is purged or restored."""
        with self.lock:
            self.bury_vault(self.seed_vault(group, name, location))

    def seed_private_endpoint(self, vault: Vault, name: str) -> None:
        """Connect a private endpoint to a vault (documented: API definition, private endpoint connections)."""
        with self.lock:
            kind = f"{vault.id}/privateEndpointConnections/{name}.{guid()}"
            endpoint = f"{vault.id.partition('/providers/')[0]}/providers/Microsoft.Network/privateEndpoints/{name}"
            state = {"status": "Approved", "description": "", "actionsRequired": "None"}
            properties = {
                "provisioningState": "Succeeded",
                "privateEndpoint": {"id": endpoint},
                "groupIds": ["AzureSiteRecovery"],
                "privateLinkServiceConnectionState": state,
            }
            entry = {
                "id": kind,
                "name": kind.rsplit("/", 1)[-1],
                "type": "Microsoft.RecoveryServices/vaults/privateEndpointConnections",
                "location": vault.document["location"],
                "properties": properties,
            }
            vault.document["properties"].setdefault("privateEndpointConnections", []).append(entry)
            vault.document["properties"]["privateEndpointStateForSiteRecovery"] = "Enabled"

    def seed_lock(self, name: str, level: str, group: str | None = None) -> None:
        """Lock the subscription or a group with `ReadOnly` or `CanNotDelete` (documented: management locks)."""
        with self.lock:
            scope = self.group_id(group) if group else f"/subscriptions/{self.context.login.subscription_id}"
            self.locks.append(
                {
                    "id": f"{scope}/providers/Microsoft.Authorization/locks/{name}",
                    "type": "Microsoft.Authorization/locks",
                    "name": name,
                    "properties": {"level": level},
                }
            )

    def unregister_provider(self, namespace: str) -> None:
        """Unregister the subscription for a resource provider, which is the state of a new subscription."""
        with self.lock:
            self.providers[namespace.casefold()] = "NotRegistered"

    def close_region(self, name: str) -> None:
        """Close a region to the subscription, as Azure does for trials and new subscriptions."""
        with self.lock:
            self.closed_regions.add(name)

    def assign_policy(self, policy: Policy) -> None:
        """Assign a policy to the subscription."""
        with self.lock:
            self.policies.append(policy)

    def seed_deny_assignment(
        self, name: str, actions: list[str], group: str | None = None, *, excluded: tuple[str, ...] = ()
    ) -> None:
        """Deny actions to all users (documented: REST reference, Deny Assignments)."""
        with self.lock:
            scope = self.group_id(group) if group else f"/subscriptions/{self.context.login.subscription_id}"
            number = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}/{name}"))
            properties: Json = {
                "denyAssignmentName": name,
                "description": "",
                "permissions": [{"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []}],
                "scope": scope,
                "doNotApplyToChildScopes": False,
                "principals": [{"id": EVERYONE, "type": "SystemDefined"}],
                "excludePrincipals": [{"id": one, "type": "ServicePrincipal"} for one in excluded],
                "isSystemProtected": True,
            }
            entry = {
                "id": f"{scope}/providers/Microsoft.Authorization/denyAssignments/{number}",
                "name": number,
                "type": "Microsoft.Authorization/denyAssignments",
                "properties": properties,
            }
            self.deny_assignments.append(entry)
