# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: examine the assumptions about Azure with reading calls. A call that fails does not end the others."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ..._azure.clients import Azure
from ..._azure.failures import translated
from ..._azure.wire import Document, documents, raw
from ..._model.azure.assumptions import ASSUMPTIONS
from ..._model.azure.decide_azure import part
from ..._model.common.assumption import CouldNotLook, Readings, examine_all
from ..._model.common.errors import AccessDenied, RemoteFailure, Unreachable

Answer = dict[str, Any]

_AUTHORIZATION, _LOCKS, _SUBSCRIPTIONS = "2022-04-01", "2020-05-01", "2022-12-01"
#: The newest api-version of vaults before security settings came (API definitions).
_OLDER_VAULT = "2021-04-01"
#: Of vaults, where the installed SDK's own could not be seen.
_VAULT = "2024-04-01"
_VAULT_KIND = "Microsoft.RecoveryServices/vaults"
_PROVIDERS = ("Microsoft.RecoveryServices", "Microsoft.Storage", "Microsoft.Network")


def read_assumptions(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the result's keys. Raise SiteRecoveryError for a refused sign-in and for a lost connection."""
    look = _Look(azure, options["resource_group"], options["vault_name"])
    given = {name: {"value": options[name] or [], "failure": None} for name in ("vmm_ids", "vmm_cloud_ids")}
    readings = Readings({**look.answers(), **given})
    return {
        "side": "azure",
        "assumptions": [each.to_result() for each in examine_all(ASSUMPTIONS, "azure", readings)],
        "facts": {"api_versions": dict(sorted(look.versions.items()))},
        "identifiers": sorted(_identifiers(options, azure, readings)),
    }


class _Look:
    """One look at a subscription and a vault."""

    def __init__(self, azure: Azure, group: str, vault: str) -> None:
        self._azure, self._group, self._vault = azure, group, vault
        self._root = f"/subscriptions/{azure.subscription_id}"
        self._scope = f"{self._root}/resourceGroups/{group}"
        self._vault_id = f"{self._scope}/providers/Microsoft.RecoveryServices/vaults/{vault}"
        #: By kind of resource, what the installed SDK sends.
        self.versions: dict[str, str] = {}

    def answers(self) -> dict[str, Answer]:
        """Return every reading by its name."""
        azure, group, vault = self._azure, self._group, self._vault
        vaults, recovery, network = azure.recovery_services, azure.site_recovery, azure.network
        found = {
            "vault": self._ask(lambda: vaults.vaults.get(group, vault, cls=raw, **self._sent(_VAULT_KIND))),
            "usages": self._list(lambda: vaults.usages.list_by_vaults(group, vault)),
            "replication_usages": self._list(lambda: vaults.replication_usages.list(group, vault)),
            "accounts": self._list(
                lambda: azure.storage.storage_accounts.list(**self._sent("Microsoft.Storage/storageAccounts"))
            ),
            "networks": self._list(
                lambda: network.virtual_networks.list_all(**self._sent("Microsoft.Network/virtualNetworks"))
            ),
            "fabrics": self._list(lambda: recovery.replication_fabrics.list(group, vault)),
            "recovery_providers": self._list(
                lambda: recovery.replication_recovery_services_providers.list(group, vault)
            ),
            "containers": self._list(lambda: recovery.replication_protection_containers.list(group, vault)),
            "vm_networks": self._list(lambda: recovery.replication_networks.list(group, vault)),
            "policies": self._list(lambda: recovery.replication_policies.list(group, vault)),
            "providers": self._providers(),
        }
        return {**found, **self._questions(found["vault"]), "fabric_networks": self._one_servers(found["fabrics"])}

    def _questions(self, vault: Answer) -> dict[str, Answer]:
        """Return what no client of the SDK has a call for, and questions whose refusal is the answer."""
        nobody, version = f"assumption-{uuid.uuid4().hex[:12]}", self.versions.get(_VAULT_KIND, _VAULT)
        of_group = f"{self._scope}/providers"
        return {
            "versions": {"value": self.versions or None, "failure": None},
            "vault_older": self._get(self._vault_id, _OLDER_VAULT),
            "extended": self._extended(version),
            "deleted_vaults": self._deleted(vault, version),
            "absent_vault": self._get(f"{of_group}/Microsoft.RecoveryServices/vaults/{nobody}", version),
            "absent_group": self._get(
                f"{self._root}/resourceGroups/{nobody}/providers/Microsoft.RecoveryServices/vaults/{nobody}", version
            ),
            "absent_fabric": self._ask(
                lambda: self._azure.site_recovery.replication_fabrics.get(self._group, self._vault, nobody)
            ),
            "unknown_operation": self._get(f"{self._vault_id}/operationStatus/{uuid.uuid4()}", version),
            "deny_assignments": self._get(f"{of_group}/Microsoft.Authorization/denyAssignments", _AUTHORIZATION),
            "permissions": self._get(f"{of_group}/Microsoft.Authorization/permissions", _AUTHORIZATION),
            "locks_group": self._get(f"{of_group}/Microsoft.Authorization/locks", _LOCKS),
            "locks_subscription": self._get(f"{self._root}/providers/Microsoft.Authorization/locks", _LOCKS),
            "locations": self._get(f"{self._root}/locations", _SUBSCRIPTIONS),
        }

    # ---- single readings ----

    def _ask(self, call: Callable[[], Any]) -> Answer:
        """Do one reading call. A refused sign-in and a lost connection are raised: then nothing is known."""
        try:
            with translated("read it"):
                return {"value": call(), "failure": None}
        except Unreachable:
            raise
        except AccessDenied as error:
            if error.details.get("status") != 403:
                raise
            return _failed(error)
        except RemoteFailure as error:
            return _failed(error)

    def _list(self, call: Callable[[], Any]) -> Answer:
        return self._ask(lambda: documents(call()))

    def _get(self, path: str, version: str) -> Answer:
        resources: Any = self._azure.resources.resources
        return self._ask(lambda: resources.get_by_id(path, api_version=version, cls=raw))

    def _sent(self, kind: str) -> dict[str, Any]:
        """Return the option of a call that notes which api-version the SDK sends."""

        def note(response: Any) -> None:
            query = parse_qs(urlsplit(str(response.http_request.url)).query)
            self.versions[kind] = query["api-version"][0]

        return {"raw_response_hook": note}

    def _providers(self) -> Answer:
        providers: Any = self._azure.resources.providers
        found: dict[str, Document] = {}
        for name in _PROVIDERS:
            answer = self._ask(lambda name=name: providers.get(name, cls=raw))  # type: ignore[misc]
            if answer["value"] is not None:
                found[name] = answer["value"]
        return {"value": found or None, "failure": None}

    def _extended(self, version: str) -> Answer:
        """Return the names of the members: the integrity key itself is a secret, and is dropped here."""
        answer = self._get(f"{self._vault_id}/extendedInformation/vaultExtendedInfo", version)
        if answer["value"] is None:
            return answer
        properties = part(answer["value"], "properties") or {}
        return {"value": {"members": sorted(properties), "algorithm": properties.get("algorithm")}, "failure": None}

    def _deleted(self, vault: Answer, version: str) -> Answer:
        location = part(vault["value"], "location")
        if not location:
            return {"value": None, "failure": None}
        place = f"{self._root}/providers/Microsoft.RecoveryServices/locations/{location}"
        return self._get(f"{place}/deletedVaults", version)

    def _one_servers(self, fabrics: Answer) -> Answer:
        """Return the VM networks of the first VMM server."""
        names = [
            str(fabric.get("name"))
            for fabric in fabrics["value"] or ()
            if str(part(fabric, "properties", "customDetails", "instanceType")).casefold() == "vmm"
        ]
        if not names:
            return {"value": None, "failure": None}
        networks = self._azure.site_recovery.replication_networks
        return self._list(lambda: networks.list_by_replication_fabrics(self._group, self._vault, fabric_name=names[0]))


def _failed(error: RemoteFailure) -> Answer:
    return {"value": None, "failure": {"status": error.details.get("status"), "code": error.details.get("code")}}


def _identifiers(options: Mapping[str, Any], azure: Azure, readings: Readings) -> set[str]:
    """Return names that identify the subscription or its owner."""
    found = {azure.subscription_id, options["resource_group"], options["vault_name"]}
    for name in ("fabrics", "containers", "vm_networks", "accounts", "networks", "policies"):
        try:
            listed = readings.need(name)
        except CouldNotLook:
            continue
        for document in listed:
            found |= {document.get("name"), part(document, "properties", "friendlyName")}
    return {str(each) for each in found if each}
