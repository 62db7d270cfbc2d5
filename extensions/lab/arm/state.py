# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated Azure knows: groups, vaults, accounts, networks, running operations, keys it gave out."""

from __future__ import annotations

import hashlib
import secrets
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..world import CloudFacts, RegistrationRefused, VmmServerFacts
from .assertions import Application
from .documents import (
    account_document,
    blob_service_document,
    complete_vault,
    deleted_vault_document,
    group_document,
    network_document,
    set_network_state,
    vault_document,
)
from .machine_identity import Machine
from .messages import Json
from .roles import ROLES

if TYPE_CHECKING:
    from ..world import World

# The tenant and application that vaults name as their own: placeholders for ids of Microsoft's service tenant.
SERVICE_TENANT = "9f0e8d7c-6b5a-4938-8271-60514f3e2d1c"
SERVICE_APPLICATION = "1c2d3e4f-5061-4728-9384-a5b6c7d8e9f0"
SERVICE_PRINCIPAL = "0f1e2d3c-4b5a-4697-8879-6a5b4c3d2e1f"

PROVIDERS = ("Microsoft.Compute", "Microsoft.Network", "Microsoft.RecoveryServices", "Microsoft.Storage")


def guid() -> str:
    return str(uuid.uuid4())


@dataclass(slots=True)
class Operation:
    """One long-running operation: what its polling address answers."""

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
    def told(self) -> str:
        """The state that its document shows; one that never ends may have a word of its own."""
        return self.stays or self.status

    @property
    def running(self) -> bool:
        return self.status == "InProgress"


@dataclass(slots=True)
class Certificate:
    """A certificate that a vault took or made: enough to tell later whether a server may register with it."""

    thumbprint: str
    vault: str
    expires: datetime


@dataclass(slots=True)
class Fabric:
    """A VMM server of a vault, seen from its registration on; `visible` when the lists show it."""

    name: str
    server: VmmServerFacts
    registered: datetime
    visible: bool = False
    connected: bool = True
    last_heartbeat: datetime | None = None
    #: What the service says of the Provider's version beside its number (`providerVersionState` and its like).
    version_facts: Json = field(default_factory=lambda: {"providerVersionState": "Latest"})
    containers: dict[str, CloudFacts] = field(default_factory=dict)
    coming: dict[str, CloudFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """A Hyper-V site of a vault: a fabric that no server stands behind. `identifier` is what key files name it by."""

    name: str
    friendly_name: str
    identifier: str


@dataclass(slots=True)
class Job:
    """One Site Recovery job."""

    id: str
    scenario: str
    title: str
    started: datetime
    target_id: str
    target_name: str
    target_kind: str
    ended: datetime | None = None
    state: str = "InProgress"


@dataclass(slots=True)
class Vault:
    """A Recovery Services vault with all that lies below it."""

    document: Json
    number: int
    fabrics: dict[str, Fabric] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    policies: dict[str, Json] = field(default_factory=dict)
    extended: Json | None = None
    certificates: int = 0
    # What Azure Backup keeps in it: items, and servers with an agent.
    backup_items: int = 0
    backup_servers: int = 0

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def site_id(self) -> str:
        """The id as Site Recovery writes it (recorded: `/Subscriptions/` with a capital letter)."""
        return self.id.replace("/subscriptions/", "/Subscriptions/", 1)


@dataclass(slots=True)
class _Due:
    """Something that happens by itself later."""

    at: float
    action: Callable[[], None]
    order: int


class AzureState:
    """The Azure side of the world. Every public method may be called from any thread."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lock = threading.RLock()
        self.groups: dict[str, Json] = {}
        self.vaults: dict[str, Vault] = {}
        self.accounts: dict[str, Json] = {}
        self.blob_services: dict[str, Json] = {}
        self.account_keys: dict[str, list[Json]] = {}
        self.networks: dict[str, Json] = {}
        self.network_parts: set[str] = set()
        self.deleted_vaults: dict[str, Json] = {}
        # What a soft-deleted vault comes back as, by the same key.
        self.kept_vaults: dict[str, Vault] = {}
        self.providers = dict.fromkeys((name.casefold() for name in PROVIDERS), "Registered")
        # documented: Enabled, Warned, PastDue, Disabled, Deleted.
        self.subscription_state = "Enabled"
        # Roles of the login: where they were given, what they allow, what they leave out.
        self.roles: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = []
        self.give_role("Contributor")
        self.locks: list[Json] = []
        self.operations: dict[str, Operation] = {}
        self.certificates: dict[str, Certificate] = {}
        self.tokens: dict[str, datetime] = {}
        self.application = Application()
        self.machine = Machine()
        # Account names that other customers hold: names are unique in the whole cloud (documented).
        self.foreign_accounts: set[str] = set()
        # Knobs for tests and rehearsals.
        self.token_life = timedelta(seconds=3599)
        self.page_size = 100
        # documented: secure by default with soft delete, in preview in all public regions.
        self.soft_deletes_vaults = True
        self.record_traffic = False
        self._due: list[_Due] = []
        self._order = 0

    def new_token(self) -> str:
        """An access token that lasts from now on."""
        value = secrets.token_urlsafe(48)
        self.tokens[value] = self.world.clock.now() + self.token_life
        return value

    # Time ---------------------------------------------------------------------------------------------------------

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Let `action` happen when `seconds` of a real lab have passed."""
        self._order += 1
        self._due.append(_Due(self.world.clock.after(seconds), action, self._order))

    def settle(self) -> None:
        """Let everything happen whose time has come, in its order; an action may plan further ones."""
        with self.lock:
            while ready := [due for due in self._due if self.world.clock.reached(due.at)]:
                first = min(ready, key=lambda due: (due.at, due.order))
                self._due.remove(first)
                first.action()

    def hurry(self) -> None:
        """Everything that is on its way happens now (for tests)."""
        with self.lock:
            for due in self._due:
                due.at = 0.0
            self.settle()

    def retry_after(self, seconds: float | None = None) -> str:
        """Whole seconds until asking again is worth it; never 0, which azure-core reads as absent."""
        return str(max(1, round((seconds or self.world.delays.retry_after) * self.world.clock.scale)))

    # Operations ---------------------------------------------------------------------------------------------------

    def begin(self, method: str, target: str, seconds: float, finish: Callable[[bool], None]) -> Operation:
        """Start a long-running operation on `target`; `finish` is told whether it succeeded.

        Faults at `operation:<METHOD>:<target>` decide otherwise: fail (code, message, status: `Failed` or `Canceled`),
        hang (never ends; status: the state that it stays in), delay (seconds).
        """
        operation = Operation(guid(), method, target, self.world.clock.now(), secrets.token_urlsafe(24))
        self.operations[operation.id] = operation
        fault = self.world.faults.hit(f"operation:{method}:{target}")
        if fault is not None and fault.action == "hang":
            operation.stays = fault.detail.get("status")
            return operation
        if fault is not None and fault.action == "delay":
            seconds += float(fault.detail.get("seconds", seconds))
        failure: Json | None = None
        if fault is not None and fault.action == "fail":
            failure = {
                "code": str(fault.detail.get("code", "InternalServerError")),
                "message": str(fault.detail.get("message", "An internal error occurred.")),
            }

        def end() -> None:
            # documented: "Track asynchronous Azure operations", the three final states.
            operation.status = str(fault.detail.get("status", "Failed")) if fault and failure else "Succeeded"
            operation.error = failure
            operation.ended = self.world.clock.now()
            finish(failure is None)

        self.later(seconds, end)
        return operation

    def busy(self, target: str) -> bool:
        """Whether an operation is still running on a resource or below it."""
        name = target.casefold()
        return any(
            operation.running
            and (operation.target.casefold() == name or operation.target.casefold().startswith(f"{name}/"))
            for operation in self.operations.values()
        )

    # The Windows side's calls -------------------------------------------------------------------------------------

    def register_vmm_server(self, thumbprint: str, vault_number: str, server: VmmServerFacts) -> None:
        """A VMM server presents the certificate of a vault key, as `DRConfigurator.exe /r` makes it do.

        Fabric, provider and already published clouds become visible after the delay that the tutorial speaks of.
        The provider's code is not public: reasons and their codes are inferred.
        """
        with self.lock:
            self.settle()
            vault = self._admit(thumbprint, vault_number)
            self._refuse_second_vault(vault, server)
            now = self.world.clock.now()
            known = self.fabric_of(vault, server.vmm_id)
            self.world.journal.write(
                "azure", vault.id, "register server", server=server.friendly_name, again=known is not None
            )
            job = self.start_job(
                vault,
                "RegisterDra",
                "Register the Azure Site Recovery Provider",
                target_id=server.vmm_id,
                target_name=server.friendly_name,
                target_kind="Server",
            )
            if known is not None:
                known.server, known.connected = server, True
                self._end_job(job)
                return
            fabric = Fabric(fabric_name(vault, server.vmm_id), server, now)
            fabric.coming = {cloud.id.lower(): cloud for cloud in server.clouds}
            vault.fabrics[fabric.name] = fabric

            def appear() -> None:
                fabric.visible = True
                fabric.containers.update(fabric.coming)
                fabric.coming = {}
                self._end_job(job)

            self.later(self.world.delays.fabric_appears, appear)

    def publish_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None:
        """VMM sends clouds to the vault: they appear as protection containers, not before their server does."""
        with self.lock:
            self.settle()
            found = self._find(vmm_id)
            if found is None:
                raise RegistrationRefused("ServerNotRegistered", f"No vault knows the VMM server with id {vmm_id}.")
            vault, fabric = found
            new = {cloud.id.lower(): cloud for cloud in clouds if cloud.id.lower() not in fabric.containers}
            if not new:
                return
            names = sorted(cloud.name for cloud in new.values())
            self.world.journal.write(
                "azure", vault.id, "publish clouds", server=fabric.server.friendly_name, clouds=names
            )

            def appear() -> None:
                if fabric.visible:
                    fabric.containers.update(new)
                else:
                    fabric.coming.update(new)

            self.later(self.world.delays.cloud_appears, appear)

    def withdraw_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None:
        """VMM sends clouds no longer. Inferred: their protection containers go as late as they come."""
        with self.lock:
            self.settle()
            found = self._find(vmm_id)
            if found is None:
                return
            vault, fabric = found
            gone = [cloud for cloud in clouds if cloud.id.lower() in fabric.containers]
            if not gone:
                return
            names = sorted(cloud.name for cloud in gone)
            self.world.journal.write(
                "azure", vault.id, "withdraw clouds", server=fabric.server.friendly_name, clouds=names
            )

            def leave() -> None:
                for cloud in gone:
                    fabric.containers.pop(cloud.id.lower(), None)

            self.later(self.world.delays.cloud_appears, leave)

    def unregister(self, vmm_id: str) -> None:
        """The server disappears from its vault at once (for tests)."""
        with self.lock:
            found = self._find(vmm_id)
            if found is not None:
                vault, fabric = found
                del vault.fabrics[fabric.name]

    def set_connected(self, vmm_id: str, connected: bool) -> None:
        """The provider's heartbeat stops or starts again (for tests)."""
        with self.lock:
            found = self._find(vmm_id)
            if found is not None:
                fabric = found[1]
                fabric.connected = connected
                fabric.last_heartbeat = None if connected else self.world.clock.now()

    def start_job(
        self, vault: Vault, scenario: str, title: str, *, target_id: str, target_name: str, target_kind: str
    ) -> Job:
        job = Job(guid(), scenario, title, self.world.clock.now(), target_id, target_name, target_kind)
        vault.jobs[job.id] = job
        return job

    def _end_job(self, job: Job) -> None:
        job.state, job.ended = "Succeeded", self.world.clock.now()

    def _admit(self, thumbprint: str, vault_number: str) -> Vault:
        certificate = self.certificates.get(thumbprint.upper())
        if certificate is None:
            raise RegistrationRefused("UnknownCertificate", "The certificate of the vault credentials is not known.")
        vault = self.vaults.get(certificate.vault)
        if vault is None:
            raise RegistrationRefused("VaultNotFound", "The vault of the credentials does not exist any more.")
        if str(vault.number) != str(vault_number).strip():
            raise RegistrationRefused("ForeignCertificate", "The certificate was issued by another vault.")
        if certificate.expires <= self.world.clock.now():
            raise RegistrationRefused("CertificateExpired", "The vault credentials have expired.")
        return vault

    def _refuse_second_vault(self, vault: Vault, server: VmmServerFacts) -> None:
        found = self._find(server.vmm_id)
        if found is not None and found[0] is not vault:
            raise RegistrationRefused(
                "ServerRegisteredInAnotherVault",
                f"The server is already registered in the vault '{found[0].document['name']}'.",
            )

    @staticmethod
    def fabric_of(vault: Vault, vmm_id: str) -> Fabric | None:
        return vault.fabrics.get(fabric_name(vault, vmm_id))

    def _find(self, vmm_id: str) -> tuple[Vault, Fabric] | None:
        for vault in self.vaults.values():
            fabric = self.fabric_of(vault, vmm_id)
            if fabric is not None:
                return vault, fabric
        return None

    # Seeds for tests and rehearsals -------------------------------------------------------------------------------

    def group_id(self, name: str) -> str:
        """The id of a group in the case in which it was first written."""
        group = self.groups.get(name.casefold())
        return str(group["id"]) if group else f"/subscriptions/{self.world.login.subscription_id}/resourceGroups/{name}"

    def resource_id(self, group: str, kind: str, name: str) -> str:
        return f"{self.group_id(group)}/providers/{kind}/{name}"

    def seed_group(self, name: str, location: str, tags: dict[str, str] | None = None) -> Json:
        """A resource group that was there before."""
        with self.lock:
            group = group_document(self.world.login.subscription_id, name, location, tags)
            return self.groups.setdefault(name.casefold(), group)

    def new_vault(self, group: str, name: str, body: Json) -> Vault:
        """A vault with its number: 64 bit, larger than what a float holds exactly (recorded: 6066914184940997397)."""
        resource_id = self.resource_id(group, "Microsoft.RecoveryServices/vaults", name)
        number = 2**53 + secrets.randbelow(2**63 - 2**53)
        vault = Vault(vault_document(resource_id, name, body, self.world.clock.now()), number)
        self.vaults[resource_id.casefold()] = vault
        return vault

    def seed_vault(self, group: str, name: str, location: str, **properties: Any) -> Vault:
        """A vault that was there before."""
        with self.lock:
            self.seed_group(group, location)
            vault = self.new_vault(group, name, {"location": location, "properties": properties})
            complete_vault(vault.document, self.world.clock.now())
            return vault

    def seed_site(self, vault: Vault, name: str, friendly_name: str | None = None) -> Site:
        """A Hyper-V site that was there before; its identifier is a UUID of version 5 (recorded)."""
        with self.lock:
            identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{vault.id}/{name}".lower()))
            # recorded: a site that is made through the API has one name for both.
            site = Site(name, friendly_name or name, identifier)
            vault.sites[name.lower()] = site
            return site

    def seed_policy(self, vault: Vault, name: str, *, interval: int = 300, encryption: str = "Disabled") -> Json:
        """A replication policy for Hyper-V to Azure that was there before (recorded: azure-cli-extensions)."""
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
        """A storage account that was there before."""
        with self.lock:
            self.seed_group(group, location)
            body: Json = {"location": location, "sku": {"name": sku}, "kind": kind, "properties": properties}
            resource_id = self.resource_id(group, "Microsoft.Storage/storageAccounts", name)
            account = account_document(resource_id, name, body, self.world.clock.now())
            account["properties"]["provisioningState"] = "Succeeded"
            self.accounts[resource_id.casefold()] = account
            if soft_delete:
                policy = {"allowPermanentDelete": False, "enabled": True, "days": 7}
                self.blob_service(account)["properties"]["deleteRetentionPolicy"] = policy
            return account

    def blob_service(self, account: Json) -> Json:
        """The account's blob service settings, which exist from the beginning."""
        return self.blob_services.setdefault(str(account["id"]).casefold(), blob_service_document(account))

    def seed_network(
        self, group: str, name: str, location: str, prefixes: list[str], subnets: dict[str, str] | None = None
    ) -> Json:
        """A virtual network that was there before; `subnets` maps names to prefixes."""
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
        """Something that a subnet can refer to (`networkSecurityGroups`, `routeTables`, `natGateways`): its id."""
        with self.lock:
            resource_id = self.resource_id(group, f"Microsoft.Network/{kind}", name)
            self.network_parts.add(resource_id)
            return resource_id

    def seed_foreign_account(self, name: str) -> None:
        """The account name belongs to somebody in another tenant."""
        with self.lock:
            self.foreign_accounts.add(name.casefold())

    def seed_subnet_user(self, group: str, network: str, subnet: str, card: str = "nic-in-use") -> None:
        """A network card sits in the subnet, which therefore cannot be deleted."""
        with self.lock:
            root = f"{self.group_id(group)}/providers/Microsoft.Network"
            found = self.networks[f"{root}/virtualNetworks/{network}".casefold()]
            for entry in found["properties"]["subnets"]:
                if entry["name"].casefold() == subnet.casefold():
                    used = entry["properties"].setdefault("ipConfigurations", [])
                    used.append({"id": f"{root}/networkInterfaces/{card}/ipConfigurations/ipconfig1"})

    def seed_deleted_vault(self, group: str, name: str, location: str) -> None:
        """A vault in the soft-deleted state: its name cannot be used in its group until it is gone or back."""
        with self.lock:
            self.bury_vault(self.seed_vault(group, name, location))

    def bury_vault(self, vault: Vault) -> None:
        """A deleted vault stays for a while in the soft-deleted state, and keeps its name."""
        key = vault.id.casefold()
        self.vaults.pop(key, None)
        self.kept_vaults[key] = vault
        self.deleted_vaults[key] = deleted_vault_document(
            self.world.login.subscription_id, vault.id, str(vault.document["location"]), self.world.clock.now()
        )

    def revive_vault(self, key: str) -> None:
        """A soft-deleted vault comes back as it was."""
        self.deleted_vaults.pop(key, None)
        vault = self.kept_vaults.pop(key, None)
        if vault is not None:
            self.vaults[key] = vault

    def seed_private_endpoint(self, vault: Vault, name: str) -> None:
        """A private endpoint leads to the vault (documented: API definition, private endpoint connections)."""
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

    def give_role(self, name: str, group: str | None = None, *, only: bool = False) -> None:
        """The login gets a built-in role on the subscription or on a group; `only` takes all others away first."""
        with self.lock:
            if only:
                self.roles.clear()
            scope = self.group_id(group) if group else f"/subscriptions/{self.world.login.subscription_id}"
            self.roles.append((scope, *ROLES[name]))

    def seed_lock(self, name: str, level: str, group: str | None = None) -> None:
        """A lock on the subscription or a group: `ReadOnly` or `CanNotDelete` (documented: management locks)."""
        with self.lock:
            scope = self.group_id(group) if group else f"/subscriptions/{self.world.login.subscription_id}"
            self.locks.append(
                {
                    "id": f"{scope}/providers/Microsoft.Authorization/locks/{name}",
                    "type": "Microsoft.Authorization/locks",
                    "name": name,
                    "properties": {"level": level},
                }
            )

    def unregister_provider(self, namespace: str) -> None:
        """The subscription is not registered for a namespace, as a fresh one is not."""
        with self.lock:
            self.providers[namespace.casefold()] = "NotRegistered"

    # The world in comparable form ---------------------------------------------------------------------------------

    def snapshot(self) -> Json:
        """Everything that lasts, without what differs between two equal worlds (ids, times, etags, keys)."""
        with self.lock:
            self.settle()
            return {
                "groups": {
                    str(group["name"]): {"location": group["location"], "tags": group.get("tags") or {}}
                    for group in _by_id(self.groups.values())
                },
                "providers": {name: self.providers[name] for name in sorted(self.providers)},
                "vaults": {short_id(vault.id): _vault_view(vault) for vault in _by_vault(self.vaults.values())},
                "storage_accounts": {
                    short_id(account["id"]): _normal(account) | {"blob_service": self._blob_view(account)}
                    for account in _by_id(self.accounts.values())
                },
                "virtual_networks": {
                    short_id(network["id"]): _normal(network) for network in _by_id(self.networks.values())
                },
            }

    def _blob_view(self, account: Json) -> Any:
        # A FileStorage account has none; everywhere else somebody's reading it must not look like a change.
        return None if account["kind"] == "FileStorage" else _normal(self.blob_service(account)["properties"])


_VOLATILE = frozenset(
    {
        "id",
        "etag",
        "resourceGuid",
        "creationTime",
        "keyCreationTime",
        "lastEnabledTime",
        "lastGeoFailoverTime",
        "primaryEndpoints",
        "secondaryEndpoints",
        "ipConfigurations",
    }
)


def fabric_name(vault: Vault, vmm_id: str) -> str:
    """64 hex digits (recorded); how the service derives them is not known, here: from vault and server."""
    return hashlib.sha256(f"{vault.number}/{vmm_id.lower()}".encode()).hexdigest()


def short_id(resource_id: str) -> str:
    """`group/name` of a top-level resource."""
    parts = resource_id.split("/")
    return f"{parts[4]}/{parts[-1]}"


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _normal(item) for key, item in sorted(value.items()) if key not in _VOLATILE}
    if isinstance(value, list):
        return [_normal(item) for item in value]
    return value


def _vault_view(vault: Vault) -> Json:
    view: Json = _normal(vault.document)
    view["extended_information"] = vault.extended is not None
    view["servers"] = {
        fabric.server.friendly_name: {
            "provider_version": fabric.server.provider_version,
            "connected": fabric.connected,
            "visible": fabric.visible,
            "clouds": sorted(cloud.name for cloud in (fabric.containers | fabric.coming).values()),
        }
        for fabric in sorted(vault.fabrics.values(), key=lambda fabric: fabric.server.friendly_name)
    }
    return view


def _by_id(documents: Iterable[Json]) -> list[Json]:
    return sorted(documents, key=lambda document: str(document["id"]).casefold())


def _by_vault(vaults: Iterable[Vault]) -> list[Vault]:
    return sorted(vaults, key=lambda vault: vault.id.casefold())
