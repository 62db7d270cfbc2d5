# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A highly available VMM: the Provider on every node, one registration on the active node (P1, P4, P6, P9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused, RemoteFailure
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows import provider, vmm_cloud_sync
from lab.windows import layout
from lab.windows.build import build_machine, join
from lab.windows.cluster import Cluster
from lab.windows.installers import catalogue
from lab.windows.machine import Machine
from lab.windows.states import STAGING, all_of, cluster_node, leftover, proxy_account, staged
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import Arguments, Build, ScriptHarness
from tests.unit.plugins.plugin_utils.registration_resource import registration as register

PACKAGE = catalogue({})["provider"]


class Nodes:
    """Two nodes that share one harness, which runs scripts on one of them at a time."""

    def __init__(self, harness: ScriptHarness, **entry: Any) -> None:
        self.harness = harness
        first = harness.machine
        second = build_machine(harness.lab.context, cluster_node(name="vmm02", **entry))
        join(second, {first.name: first})
        second.web, second.runner, second.in_background = first.web, first.runner, False
        self.all = {"vmm01": first, "vmm02": second}
        harness.lab.machines.update(self.all)
        harness.lab.context.journal.clear()

    def on(self, name: str) -> ScriptHarness:
        self.harness.machine = self.all[name]
        return self.harness

    @property
    def cluster(self) -> Cluster:
        found = self.all["vmm01"].cluster
        assert found is not None
        return found

    @property
    def journal(self) -> list[tuple[str, str]]:
        kept = ("cluster.", "service.")
        entries = self.harness.lab.context.journal.entries
        return [(entry.target, entry.verb) for entry in entries if entry.verb.startswith(kept)]

    def moves_before(self, script: str, node: str) -> None:
        """Move the role after the observation, right before `script` runs."""
        execute: Callable[..., Mapping[str, Any]] = self.harness.execute

        def moving(arguments: Arguments, *, check_mode: bool = False) -> Mapping[str, Any]:
            if f"script: {script}\n" in arguments["script"]:
                self.cluster.move(self.all["vmm01"], node)
            return execute(arguments, check_mode=check_mode)

        self.harness.execute = moving  # type: ignore[method-assign]


@pytest.fixture
def bare(harness: MakeHarness) -> Nodes:
    return Nodes(harness(cluster_node(provider=False)), provider=False)


@pytest.fixture
def ready(harness: MakeHarness) -> Nodes:
    """Provide two nodes with the Provider."""
    return Nodes(harness(cluster_node()))


def install() -> Build[MachineFacts]:
    options = {
        "source": PACKAGE.url,
        "checksum": PACKAGE.sha256,
        "version": PACKAGE.version,
        "staging_dir": STAGING,
        "wait_timeout": 60,
        "setup_logon": "s4u",
        "setup_password": None,
        "install_path": None,
        "microsoft_update": None,
        "running_jobs": "wait",
        "running_jobs_timeout": 3600,
        "download_proxy": None,
        "download_timeout": 60,
        "keep_installer": False,
    }
    return lambda session: provider.build(options, session)


def behind(nodes: Nodes, **changed: Any) -> dict[str, Any]:
    return {
        "mode": "custom",
        "address": f"http://{PROXY_NAME}",
        "port": nodes.harness.lab.context.proxy.port,
        "username": PROXY_USER,
        "password": PROXY_PASSWORD,
        "bypass": None,
        **changed,
    }


def test_installed_on_every_node(bare: Nodes) -> None:
    """P1: only the service of the active node is stopped, and only through the cluster."""
    first = bare.on("vmm01").run(install())
    assert first.after["cluster"] == {"role": "VMMROLE", "node": "VMM01", "owner_node": "vmm01", "active": True}
    through = [("vmm01", verb) for verb in ("cluster.stop", "service.stop", "cluster.start", "service.start")]
    assert bare.journal == through
    second = bare.on("vmm02").run(install())
    assert (second.after["installed"], second.after["vmm_service"]) == (True, "Stopped")
    assert second.evidence[1].verified == f"Provider {PACKAGE.version}, VMM service on node vmm01"
    assert bare.journal == through
    assert [bare.on(name).run(install()).changed for name in ("vmm01", "vmm02")] == [False, False]


def test_the_role_moves_before_setup(bare: Nodes) -> None:
    """The owner is read again right before the stop, so the service of the other node is not stopped."""
    bare.moves_before("start_background_task", "vmm02")
    outcome = bare.on("vmm01").run(install())
    assert outcome.after["cluster"]["owner_node"] == "vmm02"
    assert [verb for _, verb in bare.journal] == ["cluster.move", "service.stop", "service.start"]
    assert bare.all["vmm02"].is_running(layout.VMM_SERVICE)


def test_a_cluster_that_does_not_start_the_service_again(bare: Nodes) -> None:
    bare.harness.fail("start cluster resource")
    with pytest.raises(RemoteFailure, match="Failed to bring the resource 'VMM Service VMMROLE' online"):
        bare.on("vmm01").run(install())
    assert bare.on("vmm01").run(install()).after["vmm_service"] == "Running"
    assert bare.cluster.state == "Online"


def test_a_node_that_is_down(bare: Nodes) -> None:
    bare.cluster.node_down(bare.all["vmm02"])
    outcome = bare.on("vmm01").run(install())
    assert outcome.warnings == (
        "VMM is highly available (cluster role VMMROLE), and vmm02 is down; install the same Provider there before the"
        " role moves to that node",
    )


def test_registered_once(ready: Nodes, key: str) -> None:
    """P4, P8: the registration has the name of the role, is managed on its owner, and moves with the role."""
    ready.on("vmm01").run(register(key_path=key))
    assert [call[2].friendly_name for call in ready.harness.lab.azure.calls] == ["VMMROLE"]
    with pytest.raises(Refused, match="which is vmm01 and not VMM02; run there, or move the role here first"):
        ready.on("vmm02").run(register(key_path=key))
    assert ready.harness.scripts == ["observe"]
    ready.cluster.move(ready.all["vmm02"], "vmm02")
    moved = ready.on("vmm02").run(register(key_path=key))
    assert (moved.changed, moved.after["vault_name"]) == (False, "vault-asr")
    assert len(ready.harness.lab.azure.calls) == 1


def test_a_key_file_is_removed_from_a_passive_node(ready: Nodes) -> None:
    """P4: an interrupted run left it on a node that has lost the role since."""
    all_of(staged, leftover)(ready.all["vmm02"])
    planned = ready.on("vmm02").run(register(), check=True)
    outcome = ready.on("vmm02").run(register())
    assert ready.harness.scripts == ["observe", "remove_file", "observe"]
    assert (planned.plan, outcome.after["orphaned_key_files"]) == (outcome.plan, [])
    assert outcome.warnings == (
        "only the key file of an interrupted run was removed: the registration is managed on node vmm01, which owns the"
        " cluster role",
    )
    with pytest.raises(Refused, match="which is vmm01 and not VMM02"):
        ready.on("vmm02").run(register())


def test_the_role_moves_before_registration(ready: Nodes, key: str) -> None:
    ready.moves_before("register_vmm_server", "vmm02")
    with pytest.raises(RemoteFailure, match="has moved from this node to 'vmm02', and nothing was touched: run again"):
        ready.on("vmm01").run(register(key_path=key))
    assert (ready.harness.lab.azure.calls, ready.all["vmm01"].exists(STAGING + r"\work")) == ([], False)


@pytest.mark.parametrize(("script", "changed"), [("configure_provider", {"port": 1}), ("set_run_as_password", {})])
def test_another_proxy_restarts_vmm_through_the_cluster(
    ready: Nodes, key: str, script: str, changed: dict[str, Any]
) -> None:
    """P6: if the service were stopped in another way, the cluster would fail over in the end."""
    ready.on("vmm01").run(register(key_path=key, proxy=behind(ready)))
    before = len(ready.journal)
    if changed:
        ready.all["vmm01"].registry.set(layout.PROXY_KEY, "ProxyPort", "1")
    ready.on("vmm01").run(register(proxy=behind(ready), update_password="on_create" if changed else "always"))
    assert script in ready.harness.scripts
    assert [verb for _, verb in ready.journal[before:]] == [
        "cluster.stop",
        "service.stop",
        "cluster.start",
        "service.start",
    ]
    assert ready.cluster.owner == "vmm01"


def test_clouds_are_managed_on_the_active_node(ready: Nodes) -> None:
    """P9: this is required even if nothing is due."""

    def clouds(session: Any) -> Any:
        return vmm_cloud_sync.build({"vmm_clouds": ["Gold"], "state": "present"}, session)

    for check in (False, True):
        with pytest.raises(Refused, match="clouds of a highly available VMM are managed on the node"):
            ready.on("vmm02").run(clouds, check=check)
    assert ready.on("vmm01").run(clouds).changed is False


def test_one_database(ready: Nodes) -> None:
    proxy_account(ready.all["vmm01"])
    machines: list[Machine] = list(ready.all.values())
    assert machines[0].vmm is machines[1].vmm
