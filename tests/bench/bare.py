# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Act as a hand-written script: import the clients of a module and send the reads of its run without changes.

Reads its login from the environment: AZURE_SUBSCRIPTION_ID, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET,
REQUESTS_CA_BUNDLE, AZURE_CLOUD_ENVIRONMENT (the address of a cloud's metadata).
"""

from __future__ import annotations

import json
import os
import ssl
import sys
import urllib.request
from typing import Any

GROUP, VAULT, ACCOUNT, NETWORK = (
    "rg-dr",
    "vault-dr",
    os.environ.get("BENCH_ACCOUNT", ""),
    os.environ.get("BENCH_NETWORK", ""),
)


def connect(kind: Any) -> Any:
    from azure.identity import ClientSecretCredential

    bundle = os.environ["REQUESTS_CA_BUNDLE"]
    with urllib.request.urlopen(
        os.environ["AZURE_CLOUD_ENVIRONMENT"], context=ssl.create_default_context(cafile=bundle)
    ) as answer:
        cloud = json.load(answer)
    cloud = cloud[0] if isinstance(cloud, list) else cloud
    credential = ClientSecretCredential(
        os.environ["AZURE_TENANT_ID"],
        os.environ["AZURE_CLIENT_ID"],
        os.environ["AZURE_CLIENT_SECRET"],
        authority=cloud["authentication"]["loginEndpoint"],
        disable_instance_discovery=True,
        connection_verify=bundle,
    )
    return kind(
        credential,
        os.environ["AZURE_SUBSCRIPTION_ID"],
        base_url=cloud["resourceManager"].rstrip("/"),
        credential_scopes=[cloud["authentication"]["audiences"][0].rstrip("/") + "/.default"],
        connection_verify=bundle,
    )


def recovery() -> Any:
    from azure.mgmt.recoveryservices import RecoveryServicesClient

    return connect(RecoveryServicesClient)


def vault() -> None:
    recovery().vaults.get(GROUP, VAULT)


def vault_info() -> None:
    list(recovery().vaults.list_by_resource_group(GROUP))


def storage_account() -> None:
    from azure.mgmt.storage import StorageManagementClient

    connect(StorageManagementClient).storage_accounts.get_properties(GROUP, ACCOUNT)


def virtual_network() -> None:
    from azure.mgmt.network import NetworkManagementClient

    connect(NetworkManagementClient).virtual_networks.get(GROUP, NETWORK)


def target_info() -> None:
    from azure.mgmt.network import NetworkManagementClient
    from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient
    from azure.mgmt.resource.resources import ResourceManagementClient
    from azure.mgmt.storage import StorageManagementClient

    resources = connect(ResourceManagementClient)
    root = f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}"
    resources.resource_groups.get(GROUP)
    resources.resources.get_by_id(root, api_version="2022-12-01")
    permissions = f"{root}/resourceGroups/{GROUP}/providers/Microsoft.Authorization/permissions"
    resources.resources.get_by_id(permissions, api_version="2022-04-01")
    resources.resources.get_by_id(permissions.replace("permissions", "locks"), api_version="2020-05-01")
    for name in ("Compute", "Network", "RecoveryServices", "Storage"):
        resources.providers.get(f"Microsoft.{name}")
    recovery().vaults.get(GROUP, VAULT)
    list(connect(SiteRecoveryManagementClient).replication_policies.list(GROUP, VAULT))
    list(connect(StorageManagementClient).storage_accounts.list())
    list(connect(NetworkManagementClient).virtual_networks.list_all())


def vmm_server_info() -> None:
    from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient

    recovery().vaults.get(GROUP, VAULT)
    client = connect(SiteRecoveryManagementClient)
    list(client.replication_fabrics.list(GROUP, VAULT))
    list(client.replication_recovery_services_providers.list(GROUP, VAULT))
    list(client.replication_protection_containers.list(GROUP, VAULT))
    list(client.replication_networks.list(GROUP, VAULT))
    list(client.replication_policies.list(GROUP, VAULT))


SCRIPTS = {
    "vault": vault,
    "vault_info": vault_info,
    "storage_account": storage_account,
    "virtual_network": virtual_network,
    "target_info": target_info,
    "vmm_server_info": vmm_server_info,
}

if __name__ == "__main__":
    SCRIPTS[sys.argv[1]]()
