# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action that validates variables with Ansible's own templates, and the findings of its rules."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError

from ansible_collections.siterecovery.hyperv.plugins.action import validate_variables
from ansible_collections.siterecovery.hyperv.plugins.action.validate_variables import ActionModule

from .validation import AZURE, PROXY, SECRET, VMM, lines, loaded, run


@pytest.mark.parametrize("check", [False, True])
def test_valid_variables_are_returned_typed_without_secrets_and_with_defaults(check: bool) -> None:
    result = run({**VMM, **loaded(PROXY), "vmm_server_clouds": "Gold, Silver"}, roles=["vmm_server"], check=check)
    assert (result["changed"], result["status"], result["checks"]) == (False, "pass", [])
    assert "failed" not in result
    assert result["values"]["vmm_server_proxy"] == {
        "mode": "custom",
        "address": "http://proxy",
        "port": 8080,
        "username": "svc",
    }
    assert result["values"]["vmm_server_clouds"] == ["Gold", "Silver"]
    assert result["values"]["vmm_server_wait_timeout"] == 3600
    assert SECRET not in str(result)


def test_all_mistakes_fail_the_task_with_one_line() -> None:
    result = run({**VMM, "vmm_server_clouds": {"a": 1}, "vmm_server_reboot": "maybe"}, roles=["vmm_server"])
    assert result["failed"] is True
    assert result["error"] == {"kind": "invalid_input"}
    assert result["msg"] == (
        "vmm_server_reboot must be true or false, not 'maybe'; write one of them;"
        " vmm_server_clouds must be a list, not a dictionary;"
        " write a YAML list, or text with commas or line breaks between the entries"
    )
    assert [check["step"] for check in result["checks"]] == ["P1", "P9"]


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(AnsibleError, match="vmm_servers"):
        run(VMM, roles=["vmm_servers"])


# Templates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("vmm_server_name: '{{ nowhere }}'", "P8 vmm_server_name: uses nowhere, which is not defined;"),
        (
            "vmm_server_name: '{{ first }}'\nfirst: '{{ second }}-x'\nsecond: '{{ nowhere }}'",
            "P8 vmm_server_name: uses nowhere, which is not defined;",
        ),
        (
            "vmm_server_proxy: {mode: custom, password: '{{ nowhere }}', port: '{{ there }}'}\nthere: 8080",
            "P6c vmm_server_proxy.password: uses nowhere, which is not defined;",
        ),
        ("vmm_server_clouds: [Gold, '{{ nowhere }}']", "P9 vmm_server_clouds[1]: uses nowhere, which is not defined;"),
        ("vmm_server_name: '{{ there.missing }}'\nthere: {}", "P8 vmm_server_name: cannot be evaluated ("),
        ("vmm_server_name: '{{ 1 +'", "P8 vmm_server_name: cannot be evaluated ("),
        ("vmm_server_name: \"{{ 'a' | nofilter }}\"", "P8 vmm_server_name: cannot be evaluated ("),
    ],
)
def test_a_template_error_is_one_short_line(text: str, line: str) -> None:
    (found,) = lines(["vmm_server"], loaded(text))
    assert found.startswith(line)
    assert "\n" not in found
    assert len(found) < 400


def test_templates_are_evaluated_before_types_are_checked() -> None:
    text = (
        "vmm_server_clouds: '{{ names }}'\nnames: [Gold, '{{ other }}']\nother: Silver\nvmm_server_name: '{{ \"\" }}'"
    )
    result = run({**VMM, **loaded(text)}, roles=["vmm_server"])
    assert result["values"]["vmm_server_clouds"] == ["Gold", "Silver"]
    assert "vmm_server_name" not in result["values"]


def test_a_variable_that_comes_later_may_be_missing_or_undefined() -> None:
    later = {"vmm_server_provider_source": r"C:\provider.exe", **loaded("vmm_server_name: '{{ nowhere }}'")}
    result = run(later, roles=["vmm_server"], provided_later=["vmm_server_vault_id", "vmm_server_name"])
    assert result["checks"] == []


# Rules ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "text", "expected"),
    [
        (
            "azure_target",
            "azure_target_resource_group: ..",
            "T1 azure_target_resource_group must have 1 to 90",
        ),
        (
            "azure_target",
            "azure_target_vault_name: x",
            "B1 azure_target_vault_name must have 2 to 50 letters, digits and hyphens, and start",
        ),
        ("azure_target", "azure_target_location: atlantis!", "B1 azure_target_location: 'atlantis!' is not a region"),
        ("azure_target", "azure_target_location: chinaeast2", ""),
        (
            "azure_target",
            "azure_target_location: chinaeast2\nazure_target_cloud_environment: AzureCloud",
            "B1 azure_target_location: chinaeast2 is a region of AzureChinaCloud",
        ),
        ("azure_target", "azure_target_subscription_id: sub-1", "T1 azure_target_subscription_id must be a GUID"),
        ("azure_target", "azure_target_tenant: '-'", "T1 azure_target_tenant must be an id or a domain name"),
        ("azure_target", "azure_target_cloud_environment: Moon", "T1 azure_target_cloud_environment: 'Moon' is not a"),
        (
            "azure_target",
            "azure_target_deployment_model: classic",
            "T2 azure_target_deployment_model: the classic model",
        ),
        (
            "azure_target",
            "azure_target_vault_tags: {'a<b': c}",
            "B1 azure_target_vault_tags: 'a<b' is empty or contains one of < > % & \\ ? /",
        ),
        (
            "azure_target",
            "azure_target_group_tags: {'a<b': c}",
            "T1 azure_target_group_tags: 'a<b' is empty or contains one of < > % & \\ ? /",
        ),
        (
            "azure_target",
            "azure_target_vault: {soft_delete: {days: 1}}",
            "B1 azure_target_vault.soft_delete.days must be between 14 and 180",
        ),
        (
            "azure_target",
            "azure_target_storage_accounts: [{name: stone, resource_group: 'rg-new.'}]",
            "T4 azure_target_storage_accounts[0].resource_group must have 1 to 90",
        ),
        (
            "azure_target",
            "azure_target_storage_accounts: [{name: stone}, {name: sttwo, location: northeurope}]",
            "T4 azure_target_storage_accounts[1].location: northeurope is not the vault's region, westeurope",
        ),
        (
            "azure_target",
            "azure_target_storage_accounts: [{name: stone, sku: Premium_LRS}]",
            "T4 azure_target_storage_accounts: storage account stone: a premium account needs a",
        ),
        (
            "azure_target",
            "azure_target_storage_accounts: [{name: stone, network_acls: {default_action: deny, bypass: []}}]",
            "T4 azure_target_storage_accounts[0].network_acls: ",
        ),
        (
            "azure_target",
            "azure_target_virtual_networks: [{name: net-a, subnets: [{name: a, address_prefix: 10.0.0.0/24, "
            "address_prefixes: [10.0.0.0/24]}]}]",
            "T6 azure_target_virtual_networks[0].subnets (a) address_prefix must not be given",
        ),
        ("azure_target", "azure_target_key_path: key", "S4 azure_target_key_path: 'key' is not absolute"),
        ("azure_target", "azure_target_key_path: ~/vault-dr.VaultCredentials", ""),
        (
            "azure_target",
            "azure_target_key_validity_hours: 121",
            "S4 azure_target_key_validity_hours must be between 1 and 120",
        ),
        (
            "azure_target",
            "azure_target_key_renewal_margin_hours: 120",
            "S4 azure_target_key_renewal_margin_hours must be at least 0 and less than",
        ),
        ("azure_target", "azure_target_wait_timeout: -1", "P10 azure_target_wait_timeout must not be negative"),
        (
            "azure_target",
            "azure_target_clouds: [all, Gold]",
            "P10 azure_target_clouds: 'all' cannot be combined with other names",
        ),
        (
            "vmm_server",
            "vmm_server_provider_source: http://x/a.exe",
            "S3 vmm_server_provider_source must not be an address with the scheme 'http'",
        ),
        (
            "vmm_server",
            "vmm_server_provider_checksum: abc",
            "S3 vmm_server_provider_checksum must be a SHA-256 hash of 64 hexadecimal digits",
        ),
        (
            "vmm_server",
            "vmm_server_provider_version: new",
            "S3 vmm_server_provider_version must be a version like 5.1.8095.0, not 'new'",
        ),
        (
            "vmm_server",
            "vmm_server_provider_install_path: x",
            "P3 vmm_server_provider_install_path must be a full Windows path, not 'x'",
        ),
        (
            "vmm_server",
            "vmm_server_staging_dir: x",
            "S3 vmm_server_staging_dir must be a full path on a drive, not 'x'",
        ),
        ("vmm_server", "vmm_server_wait_timeout: -1", "P1 vmm_server_wait_timeout must not be negative"),
        (
            "vmm_server",
            "vmm_server_running_jobs_timeout: -1",
            "P1 vmm_server_running_jobs_timeout must not be negative",
        ),
        ("vmm_server", "vmm_server_vault_id: x", "P5 vmm_server_vault_id: 'x' is not the id of a vault"),
        (
            "vmm_server",
            "vmm_server_name: 'a '",
            "P8 vmm_server_name must not be empty, and must not start or end with a blank: 'a '",
        ),
        ("vmm_server", "vmm_server_tenant_id: contoso", "P5 vmm_server_tenant_id must be a GUID, not 'contoso'"),
        (
            "vmm_server",
            "vmm_server_registration_timeout: 1",
            "P4 vmm_server_registration_timeout must be from 60 to 86400 seconds, not 1",
        ),
        ("vmm_server", "vmm_server_clouds: 'all,Gold'", "P9 vmm_server_clouds must not combine 'all' with other names"),
        ("vmm_server", "vmm_server_proxy: {address: http://x}", "P6c vmm_server_proxy.mode is required"),
        (
            "vmm_server",
            "vmm_server_download_proxy: {mode: system, port: 1}",
            "S3 vmm_server_download_proxy.port must not be set when mode is system",
        ),
        (
            "vmm_server",
            "vmm_server_data_encryption_path: 'C:\\x'",
            "P7 vmm_server_data_encryption_path must not be set: data encryption of Site Recovery for VMM ended on",
        ),
        (
            "hyperv_host",
            "hyperv_host_agent_checksum: abc",
            "H1 hyperv_host_agent_checksum must be a SHA-256 hash of 64 hexadecimal digits",
        ),
        (
            "hyperv_host",
            "hyperv_host_cache_path: x",
            "H3 hyperv_host_cache_path must be a full path on a drive, not 'x'",
        ),
        ("hyperv_host", "hyperv_host_minimum_cache_gb: -1", "H3 hyperv_host_minimum_cache_gb must not be negative"),
        ("hyperv_host", "hyperv_host_upload_threads: 33", "H4 hyperv_host_upload_threads must be from 1 to 32, not 33"),
        (
            "hyperv_host",
            "hyperv_host_throttle: {work_days: monday}",
            "H4 hyperv_host_throttle.work_hours_start is required",
        ),
        (
            "hyperv_host",
            "hyperv_host_proxy: {mode: custom, port: 1}",
            "H5 hyperv_host_proxy.address is required when mode is custom",
        ),
        (
            "site",
            "site_endpoints: 'http://x'",
            "S2 site_endpoints must be https addresses or host names, not 'http://x'",
        ),
        ("site", "site_uncovered_hosts: ignore", "H1 site_uncovered_hosts must be one of fail, warn, not 'ignore'"),
        (
            "site",
            "site_wave_sizes: '1,0'",
            "H1 site_wave_sizes[1] must be a number of hosts, a percentage or one_per_cluster, not '0'",
        ),
        (
            "site",
            "site_unregister_agent: vault-other",
            "X1 site_unregister_agent must be the name of the vault, as the consent to this removal; set it",
        ),
        ("site", "site_unregister_agent: true", "X1 site_unregister_agent must be the name of the vault"),
        ("site", "site_unregister_agent: VAULT-DR", ""),
        ("site", "site_max_fail_percentage: -1", "H1 site_max_fail_percentage must be from 0 to 100, not -1"),
        (
            "protection",
            "protection_groups: [{name: web, cloud: Gold}]",
            "N3 protection_groups[0].include is required unless machines are listed",
        ),
        (
            "protection",
            "protection_groups: [{name: web, cloud: Gold, include: [{names: ['']}]}]",
            "N3 protection_groups[0].include[0].names must not be empty",
        ),
        (
            "protection",
            "protection_groups: [{name: web, cloud: Gold, include: [{names: [a]}], network: /sub}]",
            "N3 protection_groups[0].network: '/sub' is not the id of a virtual network",
        ),
        (
            "protection",
            "protection_groups: [{name: web, cloud: Gold, machines: [{name: a, target_name: a_b}]}]",
            "N3 protection_groups[0].machines[0].target_name must have 1 to 63 letters",
        ),
        (
            "protection",
            "protection_groups: [{name: a, cloud: g, machines: [{name: c}]},"
            " {name: A, cloud: g, machines: [{name: c}]}]",
            "N3 protection_groups: 'A' is a duplicate",
        ),
        ("protection", "protection_groups: [{name: a, cloud: G, machines: [{name: a, nics: [{id: x}]}]}]", ""),
        ("protection", "protection_settings: [{name: a, rdp: never}, {name: b, os_disk: c}]", ""),
        ("protection", "protection_settings: [{name: a, id: x}, {name: A, id: y}]", ""),
        ("protection", "protection_settings: [{name: a}, {name: A}]", "N3 protection_settings[1].name: 'A' is a dup"),
        (
            "protection",
            "protection_settings: [{name: a, target_name: a_b}]",
            "N3 protection_settings[0].target_name must have 1 to 63 letters",
        ),
        ("protection", "protection_settings: [{name: a, sise: b}]", "N3 protection_settings[0].sise must be an option"),
        ("protection", "protection_host_settings: [{host: h, os_disk: b}]", "N3 protection_host_settings[0].os_disk"),
        (
            "protection",
            "protection_host_settings: [{host: h, network: /sub}]",
            "N3 protection_host_settings[0].network: '/sub' is not the id of a virtual network",
        ),
        (
            "protection",
            "protection_host_settings: [{host: hv01}, {host: HV01.example.com}]",
            "N3 protection_host_settings[1].host: 'HV01.example.com' is a duplicate",
        ),
        ("protection", "protection_parallel: 0", "N3 protection_parallel must be at least 1"),
        ("drill", "drill_network: vnet-drill", "N4 drill_network_resource_group is required with the name"),
        ("drill", "{drill_network: n, drill_without_network: true}", "N4 drill_network is required unless"),
        ("drill", "{drill_machines: [a], drill_recovery_plan: p}", "N4 drill_machines is required unless"),
        ("drill", "{drill_only: [a], drill_recovery_plan: p, drill_without_network: true}", ""),
        ("drill", "drill_valid_hours: -1", "N4 drill_valid_hours must not be negative"),
        ("drill", "drill_recovery_point_time: yesterday", "N4 drill_recovery_point_time"),
    ],
)
def test_rules_of_the_modules_are_applied_under_the_names_of_the_variables(role: str, text: str, expected: str) -> None:
    found = lines([role], loaded(text))
    assert len(found) == (1 if expected else 0), found
    assert all(line.startswith(expected) for line in found), found


def test_every_broken_rule_is_found_not_only_the_first() -> None:
    variables = loaded(
        """
        azure_target_storage_accounts:
          - {name: Upper, sku: Luxury, kind: Tape}
          - {name: stgood, skuu: x}
        azure_target_virtual_networks:
          - name: net-a
            address_prefixes: 10.0.0.0/16
            dns_servers: dns
            subnets:
              - {name: a, address_prefix: 10.1.0.0/24}
              - {name: b, address_prefix: range}
        """
    )
    assert [line.partition(" must ")[0].partition(": ")[0] for line in lines(["azure_target"], variables)] == [
        "T4 azure_target_storage_accounts[1].skuu",
        "T4 azure_target_storage_accounts[0].name",
        "T4 azure_target_storage_accounts[0].sku",
        "T4 azure_target_storage_accounts[0].kind",
        "T6 azure_target_virtual_networks[0].subnets (a)",
        "T6 azure_target_virtual_networks[0].dns_servers",
        "T6 azure_target_virtual_networks[0].subnets (b)",
    ]
    host = loaded("hyperv_host_proxy: {mode: custom, address: https://x, port: 99999, username: u}")
    assert [line.partition(" must ")[0].partition(": ")[0] for line in lines(["hyperv_host"], host)] == [
        "H5 hyperv_host_proxy.address",
        "H5 hyperv_host_proxy.port",
        "H5 hyperv_host_proxy.username",
    ]


def test_a_region_of_another_cloud_names_the_variable_of_the_cloud() -> None:
    variables = loaded("azure_target_location: chinaeast2\nazure_target_cloud_environment: AzureCloud")
    (line,) = lines(["azure_target"], variables)
    assert line.endswith("; choose a region of your cloud, or correct azure_target_cloud_environment")


def test_a_wrong_region_is_reported_once_and_not_for_every_account() -> None:
    variables = loaded(
        "azure_target_location: atlantis!\nazure_target_storage_accounts: [{name: stone}, {name: sttwo}]"
    )
    assert len(lines(["azure_target"], variables)) == 1


# Names ----------------------------------------------------------------------------------------------------------------


def test_an_extra_variable_must_not_replace_a_result_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"hyperv_host_checks": [], "__site_report": {}, "site_status": "pass", "site_wave_sizes": "1"}
    monkeypatch.setattr(validate_variables, "load_extra_vars", lambda _loader: extra)
    rule = "must not be an extra variable: it would replace what the run itself records; remove it"
    assert [line.partition(" ")[2] for line in lines(["site"], extra)] == [
        f"__site_report {rule}",
        f"hyperv_host_checks {rule}",
    ]


def test_the_consents_to_a_removal_are_those_that_name_the_vault() -> None:
    given = {"site_unregister_servers": "vault-dr", "site_unregister_provider": "vault-dr", "site_unregister_agent": ""}
    found = run({**AZURE, **given}, roles=["site"])
    assert found["consents"] == {"steps": ["servers"], "parts": ["provider"], "purge": False}
    nowhere = run(given, roles=["site"], stop=False)
    assert [check["message"] for check in nowhere["checks"]] == ["azure_target_vault_name is required"]


def test_the_names_of_the_storage_accounts_need_a_valid_list() -> None:
    def names(text: str) -> Any:
        return run({**AZURE, **loaded(f"azure_target_storage_accounts: {text}")}, roles=["site"])["storage_accounts"]

    assert names("[{name: stone}, {name: sttwo}]") == ["stone", "sttwo"]
    assert [names(text) for text in ("''", "stone", "[{sku: x}]", "[{name: stone, skuu: x}]", "'{{ nothing }}'")] == [
        [],
        [],
        [],
        [],
        [],
    ]


def test_it_connects_to_nothing() -> None:
    assert ActionModule._requires_connection is False
