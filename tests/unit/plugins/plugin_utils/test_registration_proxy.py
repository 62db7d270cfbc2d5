# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a registered server's proxy on a machine of the lab, and the restart of VMM (P6)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    Refused,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.vmm_jobs import RunningJobs
from lab.context import digest
from lab.windows import layout
from lab.windows.states import (
    marked,
    provider_proxy,
    vmm_server,
)
from lab.windows.vmm_jobs import described_job
from tests.lab.emulators.internet import PROXY_PASSWORD
from tests.unit.plugins.module_utils.model.windows.registrations import (
    CONFIRMED,
    NOT_CONFIRMED,
)
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import detached
from tests.unit.plugins.plugin_utils.registration_resource import (
    KEY_PATH,
    SERVER,
    behind_proxy,
    login,
    registration,
)

# ---- changes of the proxy ----


def test_another_port(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy(provider_proxy(ProxyPort="1", ProxyBypassUrls="a.test")))
    outcome = found.run(registration(proxy=login(found)))
    assert found.scripts == ["observe", *detached("configure_provider"), "restart_service", "observe"]
    assert "BypassUrls" not in found.sent("configure_provider")["parameters"]
    assert outcome.after["proxy"]["bypass"] == ["a.test"]
    assert [change.path for change in outcome.plan.changes] == ["proxy.port", "proxy.password"]


def test_a_new_password(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy())
    outcome = found.run(registration(proxy=login(found), update_password="always"))
    assert found.scripts == ["observe", "set_run_as_password", "restart_service", "observe"]
    sent = found.sent("set_run_as_password")
    assert sent["parameters"] == {"AccountName": "DRAProxyAccount"}
    assert found.sent("restart_service")["parameters"] == {
        "Name": "SCVMMService",
        **RunningJobs().parameters,
    }
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["Credential"]
    assert outcome.plan.to_result() == [
        {
            "path": "proxy.password",
            "before": "(hidden)",
            "after": "(hidden)",
            "reason": "set the password: it cannot be read back, and update_password is always",
        }
    ]
    assert found.machine.vmm is not None
    assert found.machine.vmm.run_as[0].password_digest == digest(PROXY_PASSWORD)


# ---- return to a connection without a custom proxy ----


@pytest.mark.parametrize("mode", ["direct", "system"])
def test_a_proxy_is_removed_by_registering_again(harness: MakeHarness, key: str, mode: str) -> None:
    found = harness(SERVER, behind_proxy(provider_proxy(ProxyBypassUrls="a.test")))
    wanted = registration(key_path=key, proxy={"mode": mode}, **CONFIRMED)
    planned = found.run(wanted, check=True)
    assert found.scripts == ["observe"]
    outcome = found.run(wanted)
    assert found.scripts == ["observe", *detached("register_vmm_server"), "restart_service", "observe"]
    sent = found.sent("register_vmm_server")
    assert sent["parameters"]["NeedsRestart"] is True
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["KeyContent"]
    assert outcome.after["proxy"] == planned.after["proxy"]
    assert outcome.after["proxy"] == {"mode": mode, "address": None, "port": None, "username": None, "bypass": []}
    assert [entry.detail for entry in found.lab.context.journal.entries if entry.verb == "service.start"] == [
        {"service": layout.VMM_SERVICE}
    ]
    assert not found.exists(KEY_PATH)
    assert found.run(wanted).changed is False


@pytest.mark.parametrize("view", [{}, NOT_CONFIRMED])
def test_a_proxy_is_kept_unless_azure_confirms_the_name(harness: MakeHarness, key: str, view: dict[str, Any]) -> None:
    found = harness(SERVER, behind_proxy())
    with pytest.raises(Refused, match="under a name that Azure confirms"):
        found.run(registration(key_path=key, proxy={"mode": "direct"}, **view))
    assert found.scripts == ["observe"]


def test_the_removal_of_a_proxy_needs_a_key(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy())
    with pytest.raises(
        Refused, match=r"^key_path is required, because the server must be registered again to remove its proxy"
    ):
        found.run(registration(proxy={"mode": "direct"}, **CONFIRMED))
    assert found.scripts == ["observe"]


# ---- the bypass list and the service ----


def test_the_bypass_list_is_emptied(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy(provider_proxy(ProxyBypassUrls="a.test;b.test")))
    outcome = found.run(registration(proxy=login(found, bypass=[])))
    assert found.sent("configure_provider")["parameters"]["BypassUrls"] == []
    assert outcome.after["proxy"]["bypass"] == []
    assert found.run(registration(proxy=login(found, bypass=[]))).changed is False


RESTARTED, KEPT = 1, 0
QUIET: tuple[str, ...] = ()
WARNED = ("the VMM service has not read the changed proxy yet, and restart_vmm is false; restart SCVMMService",)


@pytest.mark.parametrize("port", [None, "1"], ids=["password", "port"])
@pytest.mark.parametrize(
    ("restart", "choice", "jobs", "starts", "warnings"),
    [
        (True, "wait", 0, RESTARTED, QUIET),
        (True, "refuse", 0, RESTARTED, QUIET),
        (True, "ignore", 2, RESTARTED, QUIET),
        (False, "refuse", 0, KEPT, WARNED),
        (False, "ignore", 2, KEPT, WARNED),
    ],
)
def test_the_service_is_restarted_by_the_policy(
    harness: MakeHarness,
    port: str | None,
    restart: bool,
    choice: str,
    jobs: int,
    starts: int,
    warnings: tuple[str, ...],
) -> None:
    more = [provider_proxy(ProxyPort=port)] if port else []
    found = harness(vmm_server(provider={}, vmm={"running_jobs": jobs}), behind_proxy(*more))
    outcome = found.run(
        registration(proxy=login(found), update_password="always", restart_vmm=restart, running_jobs=choice)
    )
    assert [entry.verb for entry in found.lab.context.journal.entries].count("service.start") == starts
    assert outcome.warnings == warnings


@pytest.mark.parametrize("update", ["always", "on_create"])
def test_jobs_are_not_interrupted(harness: MakeHarness, update: str) -> None:
    entry = vmm_server(provider={}, vmm={"running_jobs": 2})
    found = harness(entry, behind_proxy(provider_proxy(ProxyPort="1")))
    for check in (True, False):
        with pytest.raises(Refused, match=r"2 VMM jobs are running: .*, which a stop of the VMM service"):
            found.run(registration(proxy=login(found), update_password=update, running_jobs="refuse"), check=check)
        assert (found.scripts, found.session.changed) == (["observe"], False)


def test_jobs_that_start_meanwhile_are_not_interrupted(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy(provider_proxy(ProxyPort="1")))
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = really(arguments, check_mode=check_mode)
        if "script: configure_provider" in arguments["script"]:
            found.machine.start_job(described_job(found.machine.now(), {}))
        return answer

    found.execute = execute  # type: ignore[method-assign]
    outcome = found.run(registration(proxy=login(found), running_jobs="refuse"))
    assert outcome.warnings == (
        "the VMM service was not restarted and has not read the proxy: 1 VMM job is running: 'Create virtual machine'"
        " (LAB\\anna, 35 %, for 12 min); run again when no job runs, or restart SCVMMService",
    )
    assert outcome.after["restart_due"] is True
    with pytest.raises(Refused, match=r"1 VMM job is running: .*, which a stop"):
        found.run(registration(proxy=login(found), running_jobs="refuse"))
    assert found.machine.vmm is not None
    found.machine.vmm.jobs.clear()
    found.execute = really  # type: ignore[method-assign]
    later = found.run(registration(proxy=login(found)))
    assert found.scripts == ["observe", "restart_service", "observe"]
    assert (later.before["restart_due"], later.after["restart_due"]) == (True, False)
    assert found.run(registration(proxy=login(found))).changed is False


@pytest.mark.parametrize("restart", [True, False])
def test_a_restart_that_an_earlier_run_missed(harness: MakeHarness, restart: bool) -> None:
    found = harness(SERVER, behind_proxy(marked(layout.VMM_SERVICE)))
    planned = found.run(registration(proxy=login(found), restart_vmm=restart), check=True)
    outcome = found.run(registration(proxy=login(found), restart_vmm=restart))
    assert planned.plan == outcome.plan
    assert outcome.changed is restart
    assert outcome.warnings == (() if restart else WARNED)
    assert outcome.after["restart_due"] is (not restart)
    done = {entry.step: entry.done for entry in outcome.evidence}["P6c"]
    assert done == ("restart the VMM service, which has not read the changed proxy yet" if restart else "nothing to do")


def test_a_service_that_started_after_the_change_has_read_it(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy(marked(layout.VMM_SERVICE)))
    found.machine.restart()
    assert found.run(registration(proxy=login(found))).changed is False


def test_a_service_that_registration_leaves_stopped_is_started(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = dict(really(arguments, check_mode=check_mode))
        if "exit_code" in answer["result"]:
            found.machine.stop_service(layout.VMM_SERVICE)
            answer["result"] = {**answer["result"], "service": "Stopped"}
        return answer

    found.execute = execute  # type: ignore[method-assign]
    found.run(registration(key_path=key))
    assert found.scripts == ["observe", *detached("register_vmm_server"), "start_service", "observe"]
    assert found.machine.is_running(layout.VMM_SERVICE)
