# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the step of the setup guide that a variable belongs to."""

from __future__ import annotations

#: Steps by the beginning of the variable's name. The longest match counts.
BY_BEGINNING = {
    "azure_target_": "T1",
    "azure_target_resource_group": "T1",
    "azure_target_create_resource_group": "T1",
    "azure_target_group_tags": "T1",
    "azure_target_vault": "B1",
    "azure_target_location": "B1",
    "azure_target_deployment_model": "T2",
    "azure_target_allow_other_region": "T4",
    "azure_target_storage_accounts": "T4",
    "azure_target_virtual_networks": "T6",
    "azure_target_key_": "S4",
    "azure_target_server_names": "P10",
    "azure_target_expected_servers": "P10",
    "azure_target_clouds": "P10",
    "azure_target_vm_networks": "P10",
    "azure_target_wait_timeout": "P10",
    "vmm_server_": "S1",
    "vmm_server_provider_": "S3",
    "vmm_server_staging_dir": "S3",
    "vmm_server_download_": "S3",
    "vmm_server_keep_installer": "S3",
    "vmm_server_wait_timeout": "P1",
    "vmm_server_allow_unsupported_upgrade": "P1",
    "vmm_server_reboot": "P1",
    "vmm_server_microsoft_update": "P2",
    "vmm_server_provider_install_path": "P3",
    "vmm_server_azure_registration": "P4",
    "vmm_server_registration_timeout": "P4",
    "vmm_server_remove_stale_registration": "P4",
    "vmm_server_vault_id": "P5",
    "vmm_server_tenant_id": "P5",
    "vmm_server_key_path": "P5",
    "vmm_server_proxy": "P6c",
    "vmm_server_update_password": "P6e",
    "vmm_server_restart_vmm": "P6e",
    "vmm_server_running_jobs": "P1",
    "vmm_server_running_jobs_timeout": "P1",
    "vmm_server_encryption": "P7",
    "vmm_server_data_encryption": "P7",
    "vmm_server_name": "P8",
    "vmm_server_clouds": "P9",
    "hyperv_host_": "H1",
    "hyperv_host_install_path": "H3",
    "hyperv_host_cache_path": "H3",
    "hyperv_host_minimum_cache_gb": "H3",
    "hyperv_host_wait_timeout": "H4",
    "hyperv_host_reboot": "H4",
    "hyperv_host_throttle": "H4",
    "hyperv_host_upload_threads": "H4",
    "hyperv_host_download_threads": "H4",
    "hyperv_host_proxy": "H5",
    "hyperv_host_update_password": "H5",
    "drill_": "N4",
    "protection_": "N3",
    "replication_": "N2",
    "replication_network_mappings": "N1",
    "site_drill_": "N4",
    "site_protection_": "N3",
    "site_hyperv_hosts": "H1",
    "site_uncovered_hosts": "H1",
    "site_unready_hosts": "H1",
    "site_wave_sizes": "H1",
    "site_max_fail_percentage": "H1",
    "site_max_run_fail_percentage": "H1",
    "site_window_end": "H1",
    "site_limit_file": "H1",
    "site_endpoints": "S2",
    "site_bundle_": "S3",
    "site_unregister_": "X1",
    "unregistration_": "X1",
    "vmm_server_removed_parts": "X1",
}
#: The step of the other variables of the playbooks.
_GENERAL = "S1"


def step_of(variable: str) -> str:
    """Return the step of a variable, or of a path inside it."""
    beginnings = [beginning for beginning in BY_BEGINNING if variable.startswith(beginning)]
    return BY_BEGINNING[max(beginnings, key=len)] if beginnings else _GENERAL
