# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin over VMM servers that answer from files."""

from __future__ import annotations

import json
import pstats
import re
import shutil
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.fabric import to_json
from tests.unit.plugins.inventory.conftest import Site
from tests.unit.plugins.module_utils.model.windows.fabrics import Document, cloud, document, host

SMALL = document([cloud("Gold", "DC 1")], {"DC 1": ["hv01.corp.test", host("hv02.corp.test", maintenance=True)]})
OTHER = document(
    [cloud("Größe L", "DC 1", synchronized=False), cloud("Gold", "DC 9")],
    {"DC 1": ["hv11.other.test"], "DC 9": ["hv19.other.test"]},
    name="vmm02.other.test",
)


def test_one_execution_per_server(site: Site) -> None:
    site.answer("vmm01", SMALL)
    site.answer("10.0.0.2", OTHER)
    site.servers("vmm01", {"name": "vmm02", "variables": {"ansible_host": "10.0.0.2", "ansible_user": "u"}})
    found = site.listed()
    assert [(each["address"], each["user"]) for each in site.executions] == [("vmm01", None), ("10.0.0.2", "u")]
    assert sorted(found.hosts("hyperv_hosts")) == [
        "hv01.corp.test",
        "hv02.corp.test",
        "hv11.other.test",
        "hv19.other.test",
    ]
    assert sorted(found.hosts("vmm_cloud_gold")) == ["hv01.corp.test", "hv02.corp.test", "hv19.other.test"]
    assert found.hosts("vmm_cloud_größe_l") == ["hv11.other.test"]
    assert found.hosts("vmm_maintenance") == ["hv02.corp.test"]
    assert found.hosts("vmm_not_protected") == ["hv11.other.test"]
    assert found.listing["vmm_host_group_all_hosts"]["children"] == ["vmm_host_group_dc_1", "vmm_host_group_dc_9"]
    assert found.variables["hv11.other.test"]["vmm_host"]["clouds"] == ["Größe L"]
    assert sorted(found.hosts("vmm_servers")) == ["vmm01.corp.test", "vmm02.other.test"]
    assert "password" not in json.dumps(found.listing)


# ---- where servers and their connections come from ----


def test_servers_come_from_the_group_of_an_earlier_source(site: Site) -> None:
    site.answer("10.0.0.1", SMALL)
    site.write("10-hosts.yml", {"windows": {"children": {"vmm_servers": {"hosts": {"vmm01": {}}}}}})
    site.write("group_vars/all/main.yml", {**site.connection, "ansible_password": "from all"})
    site.write("group_vars/windows.yml", {"ansible_user": "{{ windows_user }}", "windows_user": "CORP\\asr"})
    site.write("host_vars/vmm01.yml", {"ansible_host": "10.0.0.1"})
    site.config()
    found = site.listed()
    assert [(each["user"], each["password"]) for each in site.executions] == [("CORP\\asr", "from all")]
    assert found.hosts("vmm_servers") == ["vmm01"]
    assert found.variables["vmm01"]["ansible_host"] == "10.0.0.1"


@pytest.mark.parametrize(
    ("options", "environment", "extra", "expected"),
    [
        ({}, {}, (), ("inventory", "of the inventory")),
        ({"username": "option"}, {}, (), ("option", "of the inventory")),
        ({}, {"SITERECOVERY_VMM_USERNAME": "env", "SITERECOVERY_VMM_PASSWORD": "p"}, (), ("env", "p")),
        ({"username": "{{ account }}"}, {}, ("-e", "account=extra"), ("extra", "of the inventory")),
        ({"password": "{{ lookup('ansible.builtin.env', 'SECRET') }}"}, {"SECRET": "s"}, (), ("inventory", "s")),
        ({"username": "option", "connection_variables": {"ansible_user": "common"}}, {}, (), ("common", None)),
        ({"vmm_servers": [{"name": "vmm01", "variables": {"ansible_user": "own"}}]}, {}, (), ("own", None)),
        ({"vmm_servers": ["vmm_servers"]}, {}, (), ("inventory", "of the inventory")),
        ({}, {"SITERECOVERY_VMM_SERVERS": "vmm01"}, (), ("inventory", "of the inventory")),
        ({}, {}, ("-e", "ansible_user=extra"), ("extra", "of the inventory")),
    ],
)
def test_which_credentials_win(
    site: Site,
    options: dict[str, Any],
    environment: dict[str, str],
    extra: tuple[str, ...],
    expected: tuple[str, str | None],
) -> None:
    site.answer("vmm01", SMALL)
    known = {**site.connection, "ansible_user": "inventory", "ansible_password": "of the inventory"}
    site.write("10-hosts.yml", {"vmm_servers": {"hosts": {"vmm01": known}}})
    site.config(**options)
    found = site.run("--list", *extra, **environment)
    assert found.returncode == 0
    assert "WARNING" not in found.errors, found.errors
    user, password = expected
    assert [(each["user"], each["password"]) for each in site.executions] == [(user, password or "of the inventory")]


def test_a_vaulted_password(site: Site) -> None:
    site.answer("vmm01", SMALL)
    site.write("10-hosts.yml", {"vmm_servers": {"hosts": {"vmm01": site.connection}}})
    # ansible-vault encrypt_string --vault-password-file with the password `vault`, of the text `Pa55 wörd`.
    secret = _encrypted("Pa55 wörd", "vault")
    indented = "\n".join(f"  {line}" for line in secret.splitlines())
    site.write("20-vmm.yml", f"plugin: siterecovery.hyperv.vmm\npassword: !vault |\n{indented}\n")
    password_file = site.folder / "vault-password"
    password_file.write_text("vault\n")
    site.listed(ANSIBLE_VAULT_PASSWORD_FILE=str(password_file))
    assert [each["password"] for each in site.executions] == ["Pa55 wörd"]


def _encrypted(text: str, password: str) -> str:
    from ansible.parsing.vault import VaultLib, VaultSecret

    library = VaultLib([("default", VaultSecret(password.encode()))])
    encrypted: bytes = library.encrypt(text.encode())
    return encrypted.decode()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            {},
            "vmm_servers must name at least one server; name one, or list a source with the group vmm_servers before"
            " this one",
        ),
        ({"vmm_servers": []}, "vmm_servers must name at least one server"),
        ({"vmm_servers": [{"variables": {}}]}, "vmm_servers: '{'variables': {}}' is not a name or a dictionary"),
        ({"vmm_servers": ["vmm01"], "export_files": ["x"]}, "export_files must not be set together with vmm_servers"),
        ({"vmm_servers": ["vmm01"], "vmm_clouds": ["all", "Gold"]}, "vmm_clouds must not combine 'all' with names"),
        ({"vmm_servers": ["vmm01"], "group_prefixes": {"x": ""}}, "group_prefixes: 'x' is not a kind of group"),
        ({"username": "{{ nowhere }}"}, "username must be a template that can be resolved"),
        ({"vmm_servers": ["vmm01"], "agents": "2.0"}, "agents must be a dictionary; map host names to versions"),
        ({"hostnames": "upper"}, "upper"),
        ({"group_by": ["racks"]}, "racks"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_sent(site: Site, options: dict[str, Any], line: str) -> None:
    site.config(**options)
    assert line in site.refused()
    assert site.executions == []


@pytest.mark.parametrize(
    ("server", "line"),
    [
        (
            {"name": "vmm01", "variables": {"ansible_password": "wrong"}},
            "vmm01: the server rejected the login (ntlm: the specified credentials were rejected by the server); check"
            " ansible_user and ansible_password, and that the account may connect remotely",
        ),
        (
            "nowhere",
            "nowhere: the server cannot be reached (Connection refused, by a firewall); check ansible_host,"
            " ansible_port and the connection variables",
        ),
        (
            {"name": "vmm01", "variables": {"ansible_connection": "pigeon"}},
            "vmm01: ansible_connection: there is no connection plugin 'pigeon'",
        ),
        (
            {"name": "vmm01", "variables": {"ansible_become": True, "ansible_become_method": "magic"}},
            "vmm01: ansible_become_method: there is no become plugin 'magic'",
        ),
    ],
)
def test_a_server_that_cannot_be_read_fails_the_source_in_one_line(site: Site, server: Any, line: str) -> None:
    site.answer("vmm01", SMALL)
    site.servers(server)
    assert line in site.refused()


def test_one_server_that_cannot_be_read_is_enough(site: Site) -> None:
    """Half an inventory would be a rollout that leaves out half of the hosts without a word."""
    site.answer("vmm01", SMALL)
    site.servers("vmm01", "nowhere")
    found = site.run("--list")
    assert found.hosts("hyperv_hosts") == []


# ---- highly available servers ----


def passive(whole: Document) -> Document:
    return {**whole, "clouds": None, "host_groups": None, "clusters": None, "hosts": None}


HA: dict[str, Any] = {"ha_name": "VMMROLE", "vmm_id": "shared", "nodes": ["vmm01", "vmm02"], "owner_node": "vmm02"}


def test_a_passive_node_is_skipped(site: Site) -> None:
    active = document(SMALL["clouds"], {"DC 1": ["hv01.corp.test"]}, name="vmm02.corp.test", **HA)
    site.answer("vmm01", passive(document(name="vmm01.corp.test", service="Stopped", **HA)))
    site.answer("vmm02", active)
    site.servers("vmm01", "vmm02")
    found = site.listed()
    assert len(site.executions) == 2
    assert found.hosts("hyperv_hosts") == ["hv01.corp.test"]
    assert sorted(found.hosts("vmm_servers")) == ["vmm01.corp.test", "vmm02.corp.test"]
    assert found.variables["hv01.corp.test"]["vmm_host"]["vmm_servers"] == ["VMMROLE"]


def test_the_role_and_its_node_are_one_vmm(site: Site) -> None:
    active = document(SMALL["clouds"], {"DC 1": ["hv01.corp.test"]}, name="vmm02.corp.test", **HA)
    for address in ("vmmrole", "vmm02"):
        site.answer(address, active)
    site.servers("vmmrole", "vmm02")
    assert site.listed().variables["hv01.corp.test"]["vmm_host"]["vmm_servers"] == ["VMMROLE"]


def test_a_passive_node_alone_names_the_active_one(site: Site) -> None:
    site.answer("vmm01", passive(document(name="vmm01.corp.test", service="Stopped", **HA)))
    site.servers("vmm01")
    assert "vmm01.corp.test is a passive node of VMMROLE, which vmm02 runs; add vmm02 to the VMM servers" in (
        site.refused()
    )


def test_a_stopped_service_fails_the_source(site: Site) -> None:
    site.answer("vmm01", passive(document(service="Stopped")))
    site.servers("vmm01")
    assert "vmm01: the VMM service (SCVMMService) on vmm01.corp.test is Stopped; start it" in site.refused()


# ---- names ----


def test_hosts_of_an_earlier_source_keep_their_names(site: Site) -> None:
    site.answer("vmm01", SMALL)
    site.write("10-hosts.yml", {"hyperv_hosts": {"hosts": {"hv01": {}, "node2": {"ansible_host": "HV02.corp.test"}}}})
    site.servers("vmm01")
    found = site.listed()
    assert sorted(found.hosts("hyperv_hosts")) == ["hv01", "node2"]
    assert {name: found.variables[name]["vmm_host"]["covered"] for name in ("hv01", "node2")} == {
        "hv01": True,
        "node2": True,
    }
    assert "ansible_host" not in found.variables["hv01"]
    assert found.variables["node2"]["ansible_host"] == "HV02.corp.test"


def test_a_host_that_no_other_source_has_is_not_covered(site: Site) -> None:
    site.answer("vmm01", SMALL)
    site.write("10-hosts.yml", {"hyperv_hosts": {"hosts": {"hv01": {}}}})
    site.servers("vmm01")
    found = site.listed()
    assert found.hosts("vmm_not_covered") == ["hv02.corp.test"]
    assert found.variables["hv02.corp.test"]["vmm_host"]["uncovered_reason"] == "missing"


def test_agents_may_come_from_a_report(site: Site) -> None:
    site.answer("vmm01", SMALL)
    report = site.folder / "agents.json"
    report.write_text(json.dumps({"hv01.corp.test": "2.0.9260.0", "hv02.corp.test": None}))
    site.servers("vmm01", agents=f"{{{{ lookup('ansible.builtin.file', '{report}') | from_json }}}}")
    assert site.listed().hosts("vmm_not_covered") == ["hv02.corp.test"]


def test_short_names_get_an_address(site: Site) -> None:
    site.answer("vmm01", SMALL)
    site.servers("vmm01", hostnames="short")
    found = site.listed()
    assert {name: found.variables[name]["ansible_host"] for name in ("hv01", "hv02", "vmm01")} == {
        "hv01": "hv01.corp.test",
        "hv02": "hv02.corp.test",
        "vmm01": "vmm01.corp.test",
    }


ODD = "{{ lookup('ansible.builtin.pipe', 'touch ' ~ 'PWNED') }}"


def test_a_name_in_vmm_is_never_a_template(site: Site) -> None:
    odd = document([cloud(ODD, "DC"), cloud("Größe {L}", "DC")], {"DC": ["hv01.corp.test"]}, name="vmm01.corp.test")
    site.answer("vmm01", odd)
    site.servers("vmm01", keyed_groups=[{"key": "vmm_host.clouds", "prefix": "own"}], compose={"x": "vmm_host.clouds"})
    found = site.run("--list", "--export")
    assert found.returncode == 0, found.errors
    assert not list(site.folder.rglob("PWNED"))
    assert _plain(found.variables["hv01.corp.test"]["vmm_host"]["clouds"]) == ["Größe {L}", ODD]
    assert {group for group in found.listing if group.startswith("vmm_cloud_")} == {
        "vmm_cloud_lookup_ansible_builtin_pipe_touch_pwned",
        "vmm_cloud_größe_l",
    }


def _plain(value: Any) -> Any:
    """Return texts without the mark that ansible-inventory adds to texts that must not be templates."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value["__ansible_unsafe"] if isinstance(value, dict) and "__ansible_unsafe" in value else value


# ---- constructed features, cache, files ----


def test_constructed_features(site: Site) -> None:
    site.answer("vmm01", SMALL)
    site.servers(
        "vmm01",
        compose={"ansible_host": "vmm_host.fqdn | upper", "site": "'berlin'"},
        groups={"ready": "not vmm_host.maintenance"},
        keyed_groups=[{"key": "vmm_host.cluster or 'none'", "prefix": "own", "parent_group": "owns"}],
    )
    found = site.listed()
    assert _plain(found.variables["hv01.corp.test"]["ansible_host"]) == "HV01.CORP.TEST"
    assert found.hosts("ready") == ["hv01.corp.test"]
    assert found.listing["owns"]["children"] == ["own_none"]


@pytest.mark.parametrize("strict", [True, False])
def test_strict_decides_about_broken_expressions(site: Site, strict: bool) -> None:
    site.answer("vmm01", SMALL)
    site.servers("vmm01", compose={"x": "vmm_host.no_such_key.deeper"}, strict=strict)
    if strict:
        assert "Could not set x for host" in site.refused()
    else:
        assert "x" not in site.listed().variables["hv01.corp.test"]


def test_the_cache_saves_the_execution(site: Site) -> None:
    site.answer("vmm01", SMALL)
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(site.folder / "cache")}
    site.servers("vmm01", **cache)
    first = site.listed()
    assert len(site.executions) == 1
    second = site.listed()
    assert len(site.executions) == 1
    assert second.listing == first.listing
    # Everything but the answers is read again.
    site.servers("vmm01", **cache, hosts_group="other")
    assert site.listed().hosts("other") == first.hosts("hyperv_hosts")
    assert len(site.executions) == 1
    fresh = site.run("--list", "--flush-cache")
    assert (fresh.returncode, len(site.executions)) == (0, 2)


def test_a_cache_entry_of_another_version_is_read_again(site: Site) -> None:
    site.answer("vmm01", SMALL)
    folder = site.folder / "cache"
    site.servers("vmm01", cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=str(folder))
    site.listed()
    (entry,) = folder.iterdir()
    # Since 2.19 a text in JSON is in JSON.
    changed = re.sub(r'(schema_version\\*": )1', r"\g<1>0", entry.read_text())
    assert changed != entry.read_text()
    entry.write_text(changed)
    assert site.listed().hosts("hyperv_hosts") == ["hv01.corp.test", "hv02.corp.test"]
    assert len(site.executions) == 2


def test_export_files_need_no_server(site: Site) -> None:
    site.write("exports/vmm01.json", to_json(SMALL))
    site.write("exports/vmm02.json", to_json(OTHER))
    site.config(export_files=["exports/vmm01.json", "{{ folder }}/vmm02.json"])
    target = site.folder / "exports"
    shutil.move(site.inventory / "exports", target)
    site.config(export_files=["../exports/vmm01.json", "{{ folder }}/vmm02.json"])
    found = site.run("--list", "-e", f"folder={target}")
    assert sorted(found.hosts("hyperv_hosts")) == [
        "hv01.corp.test",
        "hv02.corp.test",
        "hv11.other.test",
        "hv19.other.test",
    ]
    assert site.executions == []


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "cannot be read; No such file or directory"),
        ("{", "export_files: vmm01.json must be a JSON document; export the fabric again"),
        ('{"schema_version": 7}', "export_files: vmm01.json: schema_version must be 1; export the fabric again"),
    ],
)
def test_a_broken_export_file_is_refused_in_one_line(site: Site, content: str | None, line: str) -> None:
    path = site.folder / "vmm01.json"
    if content is not None:
        path.write_text(content)
    site.config(export_files=[str(path)])
    assert line in site.refused()


@pytest.mark.parametrize(
    ("name", "taken"),
    [("vmm.yml", True), ("site.vmm.yaml", True), ("20-vmm.yml", True), ("vmm.json", False), ("servers.yml", False)],
)
def test_which_files_are_configurations(site: Site, name: str, taken: bool) -> None:
    site.answer("vmm01", SMALL)
    path = site.servers("vmm01").rename(site.inventory / name)
    found = site.run("-i", str(path), "--list")
    assert (len(site.executions) > 0) is taken
    assert ("hyperv_hosts" in found.listing) is taken


# ---- a thousand hosts ----


def fleet(count: int) -> Document:
    """A generated fleet: racks of 50, clusters of 4, three clouds of which one is everywhere."""
    names = [f"hv{number:04}.corp.test" for number in range(count)]
    racks = {
        f"DC {rack % 3}\\Rack {rack}": [
            host(name, cluster=f"hvc{int(name[2:6]) // 4:03}", maintenance=name.endswith("9.corp.test"))
            for name in names[rack * 50 : (rack + 1) * 50]
        ]
        for rack in range((count + 49) // 50)
    }
    clouds = [cloud("Gold", *racks), cloud("Silver", "DC 0"), cloud("Bronze", "DC 1", synchronized=False)]
    return document(clouds, racks, [f"hvc{number:03}" for number in range((count + 3) // 4)])


def test_a_thousand_hosts_cost_one_execution(site: Site) -> None:
    site.answer("vmm01", fleet(1000))
    site.servers("vmm01", keyed_groups=[{"key": "vmm_host.operating_system", "prefix": "os"}])
    found = site.listed()
    assert len(site.executions) == 1
    assert len(found.hosts("hyperv_hosts")) == 1000
    assert len(found.hosts("vmm_cluster_hvc007")) == 4
    assert len(found.hosts("vmm_maintenance")) == 100
    assert len(found.listing["vmm_host_group_dc_1"]["children"]) == 7


def calls(site: Site, count: int) -> int:
    """How many functions ansible-inventory calls for so many hosts."""
    site.answer("vmm01", fleet(count))
    profile = site.folder / "profile"
    found = site.run("--graph", before=("-m", "cProfile", "-o", str(profile)))
    assert found.returncode == 0, found.errors
    total: int = pstats.Stats(str(profile)).total_calls  # type: ignore[attr-defined]
    return total


def test_the_work_grows_with_the_number_of_hosts_and_no_faster(site: Site) -> None:
    site.servers("vmm01", compose={"site": "vmm_host.host_group"})
    small, middle, large = (calls(site, count) for count in (250, 500, 1000))
    assert large - middle < 2.2 * (middle - small)
