# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back on a machine of the lab: Provider, agent and the rest of a registration are removed (X1)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import (
    agent_removal,
    provider_removal,
    registration_removal,
)
from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.states import (
    VAULT_ID,
    Prepare,
    all_of,
    cluster_node,
    hyperv_host,
    provider_proxy,
    proxy_account,
    registered,
    stopped,
    value,
    vmm_server,
)
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import Build, ScriptHarness, detached
from tests.unit.plugins.plugin_utils.setups import BOTH

_JOBS = {"running_jobs": "wait", "running_jobs_timeout": 3600}
_LOGON = {"setup_logon": "s4u", "setup_password": None, "wait_timeout": 60}
_AGENT = BOTH[1]
_SERVER = vmm_server(provider={})
_PARTS = ["registry", "certificates", "run_as_account"]
_ENTRY = rf"{layout.UNINSTALL_KEY}\{layout.PROVIDER_PRODUCT_CODE}"


def provider(azure: dict[str, Any] | None = None, **more: Any) -> Build[Any]:
    options = {**_JOBS, **_LOGON, "azure_registration": azure, **more}
    return lambda session: provider_removal.build(options, session)


def agent() -> Build[Any]:
    installer = {
        "source": _AGENT.package.url,
        "checksum": _AGENT.package.sha256,
        "version": None,
        "staging_dir": r"C:\ProgramData\siterecovery.hyperv",
        "download_proxy": None,
        "download_timeout": 60,
        "keep_installer": False,
    }
    return lambda session: agent_removal.build({**installer, **_LOGON}, session)


def gone(found: ScriptHarness, **more: Any) -> dict[str, Any]:
    """Return the registration as Azure shows it after the server was removed from the vault."""
    assert found.machine.vmm is not None
    lookup = {"vault_id": VAULT_ID, "vmm_id": found.machine.vmm.vmm_id, "other_servers": [], "same_named_vaults": []}
    return {"name": "vmm01", "registered": False, "vmm_id": None, "lookup": {**lookup, **more}}


def rest(azure: dict[str, Any] | None, parts: list[str] | None = None, vault_id: str = VAULT_ID) -> Build[Any]:
    wanted = _PARTS if parts is None else parts
    options = {**_JOBS, "vault_id": vault_id, "parts": wanted, "azure_registration": azure}
    return lambda session: registration_removal.build(options, session)


def _with_rest(machine: Machine) -> None:
    """Prepare a registered server with a proxy and its login."""
    all_of(registered(), provider_proxy(ProxyAddress="http://p", ProxyPort="80", ProxyUserName="svc-proxy"))(machine)
    proxy_account(machine)


def twice(found: ScriptHarness, build: Build[Any]) -> list[str]:
    """Plan in check mode, remove, and run again. Return the scripts of the removal."""
    before = found.machine.snapshot()
    planned = found.run(build, check=True)
    assert (found.scripts, found.machine.snapshot()) == (["observe"], before)
    done = found.run(build)
    scripts = found.scripts
    assert (done.changed, done.plan) == (True, planned.plan)
    assert {**planned.after, "exports": 0} == {**done.after, "exports": 0}
    assert {entry.step for entry in done.evidence} == {"X1"}
    again = found.run(build)
    assert (again.changed, found.scripts, found.session.changed) == (False, ["observe"], False)
    return scripts


# ---- Provider ----


@pytest.mark.parametrize(
    ("entry", "prepare"),
    [
        (_SERVER, None),
        (_SERVER, stopped(layout.VMM_SERVICE)),
        (cluster_node(), None),
        (cluster_node(name="vmm02"), registered()),
    ],
    ids=["server", "stopped", "active node", "passive node with old keys"],
)
def test_the_provider_is_removed(harness: MakeHarness, entry: dict[str, Any], prepare: Prepare | None) -> None:
    found = harness(entry, prepare)
    service = found.machine.service(layout.VMM_SERVICE)
    before = service.status if service else None
    poll = [name for name in detached("remove_provider") if name != "remove_provider"]
    assert twice(found, provider()) == ["observe", *poll, "observe"]
    assert found.machine.registry.find(_ENTRY) is None
    assert service is None or service.status == before


def _no_entry(machine: Machine) -> None:
    machine.registry.remove(_ENTRY)


def _other_entry(machine: Machine) -> None:
    _no_entry(machine)
    machine.registry.set(rf"{layout.UNINSTALL_KEY}\ASR & calc", "DisplayName", layout.PROVIDER_PRODUCT)


@pytest.mark.parametrize(
    ("prepare", "azure", "message"),
    [
        (registered(), None, "still registered in vault vault-asr"),
        (None, {"registered": True}, "the vault shows the server as registered"),
        (_no_entry, None, "no entry in Programs and Features"),
        (_other_entry, None, "is not a product code"),
    ],
)
def test_the_provider_stays(harness: MakeHarness, prepare: Any, azure: dict[str, Any] | None, message: str) -> None:
    found = harness(_SERVER, prepare)
    before = found.machine.snapshot()
    with pytest.raises(Refused, match=message) as raised:
        found.run(provider(azure))
    assert message in raised.value.to_result()["error"]["blocked_by"]
    assert (found.scripts, found.machine.snapshot()) == (["observe"], before)


def test_a_failed_removal_of_the_provider_starts_vmm_again(harness: MakeHarness) -> None:
    found = harness(_SERVER)
    found.fail("msiexec.exe", exit_code=1618)
    with pytest.raises(RemoteFailure, match="1618: another installation is running"):
        found.run(provider())
    assert found.machine.is_running(layout.VMM_SERVICE)
    assert found.run(provider()).changed


def test_the_provider_waits_for_jobs_or_refuses(harness: MakeHarness) -> None:
    found = harness(vmm_server(provider={}, vmm={"running_jobs": 1}))
    with pytest.raises(Refused, match="1 VMM job is running"):
        found.run(provider(running_jobs="refuse"))
    assert found.machine.registry.find(_ENTRY) is not None


# ---- agent ----


def test_the_agent_is_removed(harness: MakeHarness) -> None:
    found = harness(hyperv_host(agent={}, vms=[{"name": "web"}]))
    scripts = twice(found, agent())
    assert [name for name in scripts if "background" in name] == [
        "start_background_task",
        "poll_background_task",
        "end_background_task",
    ]
    assert found.machine.agent is None
    assert not found.exists(_AGENT.staged)


@pytest.mark.parametrize(
    ("entry", "fault", "message"),
    [
        ({"vms": [{"name": "web", "replica": "primary"}, {"name": "db"}]}, None, "still replicate: web"),
        ({}, "class Msvm_ComputerSystem", "cannot be read"),
        ({"hyperv_running": False}, None, "cannot be read"),
        ({"agent": {"backup_vault": "vault-b"}}, None, "registered for Azure Backup"),
    ],
)
def test_the_agent_stays(harness: MakeHarness, entry: dict[str, Any], fault: str | None, message: str) -> None:
    found = harness(hyperv_host(**{"agent": {}, **entry}))
    if fault is not None:
        found.fail(fault)
    with pytest.raises(Refused, match=message):
        found.run(agent())
    assert found.scripts == ["observe"]


# ---- the rest of a registration ----


def test_the_rest_of_a_registration_is_removed(harness: MakeHarness) -> None:
    found = harness(_SERVER, _with_rest)
    assert twice(found, rest(gone(found))) == ["observe", "clean_registration", "remove_run_as_account", "observe"]
    machine = found.machine
    assert machine.registry.find(layout.REGISTRATION_KEY) is None
    assert machine.registry.find(layout.PROXY_KEY) is None
    # The other certificate is not the registration's.
    assert [each.friendly_name for each in machine.certificates] == ["Something else"]
    assert machine.vmm is not None
    assert machine.vmm.run_as == []
    assert machine.is_running(layout.VMM_SERVICE)


def test_only_the_named_parts_are_removed(harness: MakeHarness) -> None:
    found = harness(_SERVER, _with_rest)
    done = found.run(rest(gone(found), ["certificates"]))
    assert [change.path for change in done.plan.changes] == ["certificates"]
    assert len(done.after["exports"]) == 1
    assert all(found.exists(path) for path in done.after["exports"])
    assert found.machine.registry.find(layout.REGISTRATION_KEY) is not None
    assert "only Microsoft's cleanup script" not in " ".join(done.warnings)


def test_marks_in_the_database_are_named_and_left(harness: MakeHarness) -> None:
    found = harness(_SERVER)
    done = found.run(rest(None))
    assert not done.changed
    assert "still marks the clouds Gold" in done.warnings[0]
    assert "asr-cleanup-script-vmm" in done.warnings[0]


def test_the_passive_node_is_left_to_the_owner(harness: MakeHarness) -> None:
    found = harness(cluster_node(name="vmm02"), registered())
    done = found.run(rest(None))
    assert (done.changed, found.scripts) == (False, ["observe"])
    assert "managed on node vmm01" in done.warnings[0]


_OTHER = VAULT_ID.replace("vault-asr", "vault-b")
_REFUSED: list[tuple[str, Any, dict[str, Any] | None, list[str], str]] = [
    ("shown", {"registered": True}, None, _PARTS, "shows the server as registered"),
    ("unknown", None, None, _PARTS, "is unknown"),
    ("unproven", {"same_named_vaults": [_OTHER]}, None, _PARTS, "not proven"),
    ("another vault", {}, {"vault_id": _OTHER}, _PARTS, "names vault vault-asr, not vault-b"),
    ("account in use", {}, None, ["run_as_account"], "the Provider's proxy uses the Run As account"),
    ("account of others", {}, {"login": "CORP\\other"}, _PARTS, "may belong to another program"),
    ("VMM stopped", {}, {"stopped": True}, _PARTS, "VMM does not answer"),
]


@pytest.mark.parametrize(
    ("azure", "more", "parts", "message"), [row[1:] for row in _REFUSED], ids=[row[0] for row in _REFUSED]
)
def test_a_rest_in_use_stays(
    harness: MakeHarness, azure: Any, more: dict[str, Any] | None, parts: list[str], message: str
) -> None:
    special = more or {}
    prepares: list[Prepare] = [_with_rest]
    if "login" in special:
        prepares.append(value(layout.PROXY_KEY, "ProxyUserName", special["login"]))
    if "stopped" in special:
        prepares.append(stopped(layout.VMM_SERVICE))
    found = harness(_SERVER, all_of(*prepares))
    before = found.machine.snapshot()
    seen = azure if azure is None or "registered" in azure else gone(found, **azure)
    with pytest.raises(Refused, match=message):
        found.run(rest(seen, parts, special.get("vault_id", VAULT_ID)))
    assert (found.scripts, found.machine.snapshot()) == (["observe"], before)


def test_the_keys_of_a_cluster_are_left_to_the_script_of_microsoft(harness: MakeHarness) -> None:
    found = harness(cluster_node(), registered())
    with pytest.raises(Refused, match="asr-cleanup-script-vmm"):
        found.run(rest(gone(found), ["registry"]))
    assert found.scripts == ["observe"]


def test_an_account_that_vmm_keeps_is_named_with_the_exports(harness: MakeHarness) -> None:
    def used(machine: Machine) -> None:
        _with_rest(machine)
        assert machine.vmm is not None
        machine.vmm.run_as[0].used_by.append("host hv01")

    found = harness(_SERVER, used)
    with pytest.raises(Refused, match=r"in use by host hv01.*remove run_as_account from parts") as raised:
        found.run(rest(gone(found)))
    assert len(raised.value.details["exports"]) == 3
    assert not found.run(rest(gone(found), ["registry", "certificates"])).changed


def test_no_part_is_no_consent(harness: MakeHarness) -> None:
    with pytest.raises(InvalidInput, match="at least one part"):
        harness(_SERVER).run(rest(None, []))
