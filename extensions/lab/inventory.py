# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a lab: complete, and in the form that a user writes for real servers.

Only the addresses are special to the lab: connections are verified against the lab's authority, and the address of the
cloud metadata points the collection to the simulated Azure.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import yaml

from .context import LabContext
from .windows.state import Package
from .winrm.server import WinRmServer

GROUPS = {"vmm_server": "vmm_servers", "hyperv_host": "hyperv_hosts"}
METADATA_PATH = "/metadata/endpoints?api-version=2022-09-01"


class StartedLab(Protocol):
    """The part of a lab that the inventory uses."""

    document: dict[str, Any]
    context: LabContext
    servers: dict[str, WinRmServer]
    installers: Mapping[str, Package]
    arm_url: str

    @property
    def directory(self) -> Path: ...

    @property
    def authority_path(self) -> Path: ...


def role_variables(lab: StartedLab) -> dict[str, Any]:
    """Return the variables of the roles, with references to the secrets, which have a file of their own."""
    document, login, catalogue = lab.document, lab.context.login, lab.installers
    azure, proxy = document["azure"], _proxy(lab)
    return {
        "azure_target_subscription_id": login.subscription_id,
        "azure_target_tenant": login.tenant,
        "azure_target_client_id": login.client_id,
        "azure_target_cloud_environment": lab.arm_url + METADATA_PATH,
        "azure_target_ca_bundle": str(lab.authority_path),
        "azure_target_location": azure["location"],
        "azure_target_vault_name": azure["vault"],
        "azure_target_resource_group": azure["resource_group"],
        "azure_target_create_resource_group": True,
        "azure_target_storage_accounts": azure["storage_accounts"],
        "azure_target_virtual_networks": azure["virtual_networks"],
        "azure_target_key_path": str(lab.directory / "keys" / f"{azure['vault']}.VaultCredentials"),
        "vmm_server_provider_source": catalogue["provider"].url,
        "vmm_server_provider_checksum": catalogue["provider"].sha256,
        "vmm_server_provider_version": catalogue["provider"].version,
        "vmm_server_clouds": azure["protected_clouds"],
        "vmm_server_proxy": proxy,
        "hyperv_host_agent_source": catalogue["agent"].url,
        "hyperv_host_agent_checksum": catalogue["agent"].sha256,
        "hyperv_host_agent_version": catalogue["agent"].version,
        "hyperv_host_proxy": proxy,
    }


def secret_variables(lab: StartedLab) -> dict[str, str]:
    """Return the variables that a user keeps in an encrypted file."""
    context = lab.context
    return {
        "azure_target_secret": context.login.secret,
        "windows_password": context.login.windows_password,
        "proxy_password": context.proxy.password,
    }


def connection_variables(lab: StartedLab) -> dict[str, Any]:
    """Return the connection variables: WinRM over HTTPS with a verified server certificate."""
    return {
        "ansible_connection": "winrm",
        "ansible_host": "127.0.0.1",
        "ansible_user": lab.context.login.windows_user,
        "ansible_password": "{{ windows_password }}",
        "ansible_winrm_scheme": "https",
        "ansible_winrm_transport": lab.document["winrm"]["transport"],
        "ansible_winrm_server_cert_validation": "validate",
        "ansible_winrm_ca_trust_path": str(lab.authority_path),
    }


def hosts(lab: StartedLab) -> dict[str, Any]:
    """Return the groups of the playbooks with their machines, and the controller."""
    groups: dict[str, Any] = {group: {"hosts": {}} for group in GROUPS.values()}
    for machine in lab.document["machines"]:
        server = lab.servers[machine["name"]]
        groups[GROUPS[machine["kind"]]]["hosts"][machine["name"]] = {"ansible_port": server.port}
    controller = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    return {
        "all": {
            "hosts": {"localhost": controller},
            "children": {"windows": {"children": groups}},
        }
    }


def write(lab: StartedLab, directory: Path) -> None:
    """Write the inventory; only the owner can read the secrets."""
    files: dict[Path, tuple[str, Any]] = {
        directory / "hosts.yml": ("The machines of the lab.", hosts(lab)),
        directory / "group_vars/all/main.yml": ("Variables of the roles.", role_variables(lab)),
        directory / "group_vars/all/secrets.yml": (
            "Created for this run of the lab; encrypt real ones with Ansible Vault.",
            secret_variables(lab),
        ),
        directory / "group_vars/windows/main.yml": ("The connection to the machines.", connection_variables(lab)),
    }
    for path, (title, content) in files.items():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        text = yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=10_000)
        path.write_text(f"---\n# {title}\n{text}", encoding="utf-8")


class _Plain(yaml.SafeDumper):
    """Writes repeated values in full, because anchors make the inventory hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (the base class's signature)
        return True


def _proxy(lab: StartedLab) -> dict[str, Any]:
    account = lab.context.proxy
    return {
        "mode": "custom",
        "address": f"http://{account.name}",
        "port": account.port,
        "username": account.username,
        "password": "{{ proxy_password }}",
    }
