# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each refusal is one clear line, and the state does not change."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from lab.lab import Lab
from tests.support.playbook import SITE, Controller, Run

LOGIN = ("subscription_id", "tenant", "client_id", "secret", "cloud_environment", "ca_bundle")


@dataclass(frozen=True)
class Case:
    """Invalid variables for a run, and the words of the message."""

    variables: dict[str, Any]
    words: tuple[str, ...]
    host: str = "localhost"


CASES = {
    "wrong client secret": Case({"azure_target_secret": "wrong"}, ("sign-in refused", "AADSTS7000215", "secret")),
    "unknown tenant": Case(
        {"azure_target_tenant": "11111111-2222-3333-4444-555555555555"}, ("sign-in refused", "tenant")
    ),
    "classic deployment model": Case({"azure_target_deployment_model": "classic"}, ("classic", "retired")),
    "data encryption": Case({"vmm_server_data_encryption": "C:\\key.pfx"}, ("P7: ", "encryption", "2022"), "vmm01"),
    "unknown cloud": Case(
        {"vmm_server_clouds": ["Gold", "Platinum"]}, ("P9: ", "Platinum", "Bronze, Gold, Silver"), "vmm01"
    ),
    "HTTPS proxy": Case(
        {"vmm_server_proxy": {"mode": "custom", "address": "https://proxy.lab.example", "port": 8080}},
        ("proxy", "http://"),
        "vmm01",
    ),
    "zone-redundant account": Case(
        {"azure_target_storage_accounts": [{"name": "stzone001", "sku": "Standard_ZRS"}]},
        ("T4", "Standard_ZRS", "does not support"),
    ),
    "overlapping subnets": Case(
        {
            "azure_target_virtual_networks": [
                {
                    "name": "vnet-dr",
                    "address_prefixes": ["10.50.0.0/16"],
                    "subnets": [
                        {"name": "a", "address_prefix": "10.50.1.0/24"},
                        {"name": "b", "address_prefix": "10.50.1.128/25"},
                    ],
                }
            ]
        },
        ("overlap", "10.50.1.128/25"),
    ),
}


def refused(run: Run, host: str, words: tuple[str, ...]) -> None:
    """Check that the run failed, and that the host's message is one line with the words."""
    assert run.returncode != 0, run.output
    messages = [str(task.result.get("msg", "")) for task in run.failures() if task.host == host]
    assert messages, run.output
    matching = [message for message in messages if all(word in message for word in words)]
    assert matching, messages
    assert "\n" not in matching[0].strip()
    assert "Traceback" not in run.output


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_invalid_input_changes_nothing(lab: Lab, controller: Controller, case: Case) -> None:
    before = lab.snapshot()
    run = controller.run(SITE, "-e", json.dumps(case.variables))
    refused(run, case.host, case.words)
    assert lab.context.journal.entries == []
    assert lab.snapshot() == before


def test_wrong_proxy_password_is_found_before_anything_changes(lab: Lab, controller: Controller) -> None:
    before = lab.snapshot()
    proxy = {
        "mode": "custom",
        "address": f"http://{lab.context.proxy.name}",
        "port": lab.context.proxy.port,
        "username": lab.context.proxy.username,
        "password": "not-the-password",
    }
    run = controller.run(SITE, "-e", json.dumps({"vmm_server_proxy": proxy}))
    refused(run, "vmm01", ("P6d: ", "407"))
    assert "not-the-password" not in run.output
    assert lab.context.journal.entries == []
    assert lab.snapshot() == before


def test_unreachable_host_stops_the_run_before_anything_changes(lab: Lab, controller: Controller) -> None:
    before = lab.snapshot()
    lab.context.faults.plan("winrm:hv02:*", "drop", times=1000)
    run = controller.run(SITE)
    assert run.returncode != 0
    assert [task.host for task in run.failures() if task.status == "unreachable"] == ["hv02"]
    refused(run, "hv02", ("H1: not reachable: ",))
    assert lab.context.journal.entries == []
    assert lab.snapshot() == before


def test_vault_in_another_region_is_not_taken_over(lab: Lab, controller: Controller, tmp_path: Path) -> None:
    names = variables_of(lab)
    task = {
        "siterecovery.hyperv.vault": {
            "name": names["azure_target_vault_name"],
            "resource_group": names["azure_target_resource_group"],
            "location": "northeurope",
            "create_resource_group": True,
        }
    }
    assert controller.run(playbook(tmp_path, "localhost", [task])).returncode == 0
    before = lab.snapshot()
    lab.context.journal.clear()
    refused(controller.run(SITE), "localhost", ("location", "northeurope", "westeurope"))
    assert lab.context.journal.entries == []
    assert lab.snapshot() == before


def test_server_of_another_vault_is_never_changed(lab: Lab, controller: Controller) -> None:
    assert controller.run(SITE, "-e", "azure_target_vault_name=vault-other").returncode == 0
    before = lab.snapshot()
    lab.context.journal.clear()
    refused(controller.run(SITE), "vmm01", ("P5: ", "vault-other", "vault-dr"))
    assert lab.context.journal.entries == []
    assert lab.snapshot() == before


def test_expired_key_is_reported_before_anything_is_sent(lab: Lab, controller: Controller, tmp_path: Path) -> None:
    names = variables_of(lab)
    vault = {"vault_name": names["azure_target_vault_name"], "resource_group": names["azure_target_resource_group"]}
    key = tmp_path / "old.VaultCredentials"
    preparing: list[dict[str, Any]] = [
        {
            "siterecovery.hyperv.vault": {
                "name": vault["vault_name"],
                "resource_group": vault["resource_group"],
                "location": "westeurope",
                "create_resource_group": True,
            },
            "register": "created",
        },
        {"siterecovery.hyperv.vault_registration_key": {**vault, "path": str(key)}},
    ]
    prepared = controller.run(playbook(tmp_path, "localhost", preparing))
    assert key.exists(), prepared.output
    expire(key)
    installing = [
        {
            "siterecovery.hyperv.provider": {
                "source": names["vmm_server_provider_source"],
                "checksum": names["vmm_server_provider_checksum"],
            }
        }
    ]
    assert controller.run(playbook(tmp_path, "vmm01", installing)).returncode == 0
    before = lab.snapshot()
    lab.context.journal.clear()
    vault_id = next(task.result["vault"]["id"] for task in prepared.of("vault"))
    registering = [
        {
            "siterecovery.hyperv.provider_registration": {
                "vault_id": vault_id,
                "key_path": str(key),
                "proxy": {"mode": "direct"},
            }
        }
    ]
    refused(controller.run(playbook(tmp_path, "vmm01", registering)), "vmm01", ("expired",))
    assert lab.context.journal.entries == []
    assert lab.snapshot() == before


def expire(path: Path) -> None:
    """Replace the certificate in the key by one that expired ten days ago, and keep the rest of the file."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=15))
        .not_valid_after(now - timedelta(days=10))
        .sign(private, hashes.SHA256())
    )
    pfx = pkcs12.serialize_key_and_certificates(b"old", private, certificate, None, NoEncryption())
    text = path.read_text(encoding="utf-8")
    begin, end = text.index("<ManagementCert>") + len("<ManagementCert>"), text.index("</ManagementCert>")
    path.write_text(text[:begin] + base64.b64encode(pfx).decode() + text[end:], encoding="utf-8")


def variables_of(lab: Lab) -> dict[str, Any]:
    """Return the variables that the lab's inventory sets for all hosts."""
    found: dict[str, Any] = {}
    for file in sorted(
        (Path(lab.inventory).parent if Path(lab.inventory).is_file() else Path(lab.inventory)).rglob("*.yml")
    ):
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
        if isinstance(loaded, dict) and "all" not in loaded:
            found.update(loaded)
    return found


def playbook(folder: Path, hosts: str, tasks: list[dict[str, Any]]) -> Path:
    """Write a playbook of a few tasks with the login of the inventory."""
    login = {name: f"{{{{ azure_target_{name} }}}}" for name in LOGIN}
    play = {
        "hosts": hosts,
        "gather_facts": False,
        "module_defaults": {"group/siterecovery.hyperv.azure": login},
        "tasks": tasks,
    }
    file = folder / f"{len(list(folder.iterdir()))}.yml"
    file.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return file
