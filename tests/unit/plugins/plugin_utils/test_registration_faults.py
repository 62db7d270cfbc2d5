# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stale registrations and failures of the program on a machine of the lab (P4, P8)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    DeadlineExceeded,
    NotConverged,
    Refused,
    RemoteFailure,
)
from lab.windows import layout
from lab.windows.event_logs import VMM_LOG
from lab.windows.events import Event
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    leftover,
    provider_proxy,
    registered,
    staged,
    vmm_server,
)
from lab.windows.vmm_jobs import described_job
from tests.lab.emulators.internet import PROXY_PASSWORD
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID, key_file
from tests.unit.plugins.module_utils.model.windows.registrations import (
    CONFIRMED,
    NOT_CONFIRMED,
    absent,
)
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import ScriptHarness, at, detached
from tests.unit.plugins.plugin_utils.registration_resource import (
    ANSWER,
    KEY_PATH,
    SERVER,
    behind_proxy,
    custom,
    login,
    registration,
)

# ---- stale registrations ----


def _vmm_id(found: ScriptHarness) -> str:
    assert found.machine.vmm is not None
    return found.machine.vmm.vmm_id


@pytest.mark.parametrize("old_place", [False, True])
def test_a_registration_that_azure_does_not_show(harness: MakeHarness, key: str, old_place: bool) -> None:
    found = harness(SERVER, registered(old_place=old_place))
    place = (layout.ADAPTER_KEY if old_place else layout.PROVIDER_KEY) + r"\Registration"
    plain = found.run(registration(key_path=key, **absent(_vmm_id(found))))
    assert (found.scripts, plain.changed, len(plain.warnings)) == (["observe"], False, 1)
    wanted = registration(key_path=key, remove_stale_registration=True, **absent(_vmm_id(found)))
    planned = found.run(wanted, check=True)
    assert (found.scripts, planned.before["stale"]) == (["observe"], {"keys": [place], "certificates": ["AB" * 20]})
    outcome = found.run(wanted)
    assert found.scripts == ["observe", "clean_registration", *detached("register_vmm_server"), "observe"]
    assert (outcome.plan, outcome.warnings) == (planned.plan, ())
    certificate = STAGING + rf"\registration-{'AB' * 20}.cer"
    assert outcome.after["exports"] == [STAGING + r"\registration-1.reg", certificate]
    assert found.machine.files.need(certificate).content == f"certificate {'AB' * 20}".encode()
    assert found.machine.is_running(layout.VMM_SERVICE)
    assert outcome.after["stale"] == {"keys": [], "certificates": []}
    content = found.machine.files.need(STAGING + r"\registration-1.reg").content
    assert content is not None
    assert '"ResourceName"="vault-asr"' in content.decode("utf-16")
    assert found.machine.registry.find(layout.REGISTRATION_KEY) is not None
    assert (found.machine.registry.find(layout.ADAPTER_KEY + r"\Registration") is None) is True
    assert found.run(registration(remove_stale_registration=True, **CONFIRMED)).changed is False


def test_no_key_of_a_confirmed_server_is_removed(harness: MakeHarness) -> None:
    """The key below VMM's can be the one that VMM uses: Microsoft's cleanup script names no other."""
    found = harness(SERVER, all_of(registered(), registered("old", old_place=True)))
    before = found.machine.snapshot()
    outcome = found.run(registration(remove_stale_registration=True, **CONFIRMED))
    assert (found.scripts, outcome.changed, outcome.warnings) == (["observe"], False, ())
    assert found.machine.snapshot() == before


def test_a_vault_of_the_same_name_keeps_its_registration(harness: MakeHarness, tmp_path: Path) -> None:
    """The server is registered in vault-asr of another group, and its registry has no more than the name."""
    other = VAULT_ID.replace("rg-asr", "other-rg")
    path = tmp_path / "a.VaultCredentials"
    path.write_bytes(key_file(group="other-rg"))
    found = harness(SERVER, registered())
    before = found.machine.snapshot()
    for view in (NOT_CONFIRMED, absent(_vmm_id(found), vault_id=other, same_named_vaults=[VAULT_ID])):
        changed = {"vault_id": other, "key_path": str(path), "remove_stale_registration": True, **view}
        outcome = found.run(registration(**changed))
        assert (found.scripts, outcome.changed, len(outcome.warnings)) == (["observe"], False, 1)
        assert found.machine.snapshot() == before


def test_a_server_under_another_name_is_adopted(harness: MakeHarness) -> None:
    found = harness(SERVER, registered())
    view = {"registered": True, "name": "VMM-OLD", "vmm_id": _vmm_id(found)}
    outcome = found.run(registration(azure_registration=view, remove_stale_registration=True))
    assert (found.scripts, outcome.changed, outcome.after["name"]) == (["observe"], False, "VMM-OLD")
    assert "set name to VMM-OLD" in outcome.warnings[0]


def test_consent_does_not_apply_to_another_vault(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, registered("other"))
    before = found.machine.snapshot()
    with pytest.raises(Refused, match="registered in vault other"):
        found.run(registration(key_path=key, remove_stale_registration=True, **NOT_CONFIRMED))
    assert (found.scripts, found.machine.snapshot()) == (["observe"], before)


def test_no_cleanup_with_an_expired_key(harness: MakeHarness, tmp_path: Path) -> None:
    path = tmp_path / "a.VaultCredentials"
    path.write_bytes(key_file(hours=-1))
    found = harness(SERVER, registered())
    with pytest.raises(Refused, match="expired at"):
        found.run(registration(key_path=str(path), remove_stale_registration=True, **absent(_vmm_id(found))))
    assert (found.scripts, found.session.changed) == (["observe"], False)


def test_vmm_is_stopped_while_keys_are_removed(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, registered())
    found.run(registration(key_path=key, remove_stale_registration=True, **absent(_vmm_id(found))))
    verbs = [entry.verb for entry in found.lab.context.journal.entries]
    order = [verbs.index(verb) for verb in ("service.stop", "registry.remove", "certificate.remove", "service.start")]
    assert order == sorted(order)


def test_running_jobs_keep_the_stale_registration(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, registered())
    # The jobs begin after the plan was made.
    at(
        found,
        "clean_registration",
        lambda: found.machine.start_job(described_job(found.machine.now(), {"name": "Move"})),
    )
    before = found.machine.snapshot()
    wanted = {
        "key_path": key,
        "remove_stale_registration": True,
        "running_jobs": "refuse",
        **absent(_vmm_id(found)),
    }
    with pytest.raises(
        Refused, match=r"^1 VMM job is running: 'Move'.*, so it was not stopped; wait until no job runs"
    ):
        found.run(registration(**wanted))
    after = found.machine.snapshot()
    assert (after["registry"], after["certificates"]) == (before["registry"], before["certificates"])
    assert found.machine.is_running(layout.VMM_SERVICE)


def test_an_export_that_fails_removes_nothing(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, registered())
    found.fail("reg.exe", exit_code=1)
    before = found.machine.snapshot()
    with pytest.raises(RemoteFailure, match=r"could not be exported.*: nothing was removed"):
        found.run(registration(key_path=key, remove_stale_registration=True, **absent(_vmm_id(found))))
    after = found.machine.snapshot()
    assert (after["registry"], after["certificates"]) == (before["registry"], before["certificates"])


def test_a_failure_after_the_cleanup_names_the_export(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, registered())
    found.fail("DRConfigurator.exe", exit_code=1, message="m")
    with pytest.raises(RemoteFailure) as failed:
        found.run(registration(key_path=key, remove_stale_registration=True, **absent(_vmm_id(found))))
    assert failed.value.details["exports"][0] == STAGING + r"\registration-1.reg"
    assert found.run(registration(key_path=key, **absent(_vmm_id(found)))).after["registered"]


# ---- a program that hangs ----


def test_registration_is_bounded(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    found.fail("DRConfigurator.exe", "hang", seconds=0.01)
    with pytest.raises(DeadlineExceeded) as late:
        found.run(registration(key_path=key, registration_timeout=60))
    assert late.value.message == (
        "timed out after 1 min waiting for the end of DRConfigurator.exe; last state: its log is empty; it was stopped;"
        " run again, with a longer registration_timeout if the log shows progress"
    )
    assert (found.sent("register_vmm_server")["parameters"]["TimeoutSeconds"], found.session.changed) == (60, True)
    assert [entry.verb for entry in found.lab.context.journal.entries].count("process.kill") == 1
    assert not found.exists(KEY_PATH)
    assert found.run(registration(key_path=key)).after["registered"]


@pytest.mark.parametrize("days", [-6, 6])
def test_a_server_whose_clock_is_wrong(harness: MakeHarness, key: str, days: int) -> None:
    found = harness(SERVER, lambda machine: setattr(machine, "clock_skew", timedelta(days=days)))
    with pytest.raises(Refused, match=r"^the server's clock shows .*; correct the server's time and time zone"):
        found.run(registration(key_path=key))
    assert found.scripts == ["observe"]


# ---- causes in the log ----

CAUSES: dict[str, tuple[dict[str, Any], Prepare | None, dict[str, Any], str]] = {
    "no connectivity": (vmm_server(provider={}, egress="proxy"), None, {}, "Site Recovery could not be reached"),
    "no login": (
        vmm_server(provider={}, egress="proxy"),
        None,
        {"login": False},
        "the proxy requires a login, or rejects the given one; correct proxy.username and",
    ),
    "no VMM id": (
        SERVER,
        lambda machine: machine.registry.set(layout.VMM_SETUP_KEY, "VmmID", ""),
        {},
        "the id of the VMM server is blank in the registry (VmmID)",
    ),
}


@pytest.mark.parametrize(("entry", "prepare", "changed", "cause"), CAUSES.values(), ids=CAUSES)
def test_the_message_names_the_cause(
    harness: MakeHarness, key: str, entry: dict[str, Any], prepare: Prepare | None, changed: dict[str, Any], cause: str
) -> None:
    found = harness(entry, prepare)
    options = {"proxy": custom(found)} if "login" in changed else {}
    with pytest.raises(RemoteFailure) as failed:
        found.run(registration(key_path=key, **options))
    assert failed.value.message.startswith(f"DRConfigurator.exe ended with exit code 1: {cause}")
    assert "; log: DRConfigurator.exe: " in failed.value.message


# ---- failures ----


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (
            1,
            "DRConfigurator.exe ended with exit code 1: registration failed; read the log, which names the step; log: ",
        ),
        (
            2,
            "DRConfigurator.exe ended with exit code 2: the command line was not understood; report this as a bug;"
            " log: ",
        ),
        (
            4,
            "DRConfigurator.exe ended with exit code 4: a prerequisite is missing; read the log, which names it; log: ",
        ),
        (
            10,
            "DRConfigurator.exe ended with exit code 10: the server is already registered in another vault; unregister"
            " it there first; log: ",
        ),
        (
            77,
            "DRConfigurator.exe ended with exit code 77: the meaning of this code is not published; read the log; log:"
            " ",
        ),
    ],
)
def test_exit_codes(harness: MakeHarness, key: str, code: int, line: str) -> None:
    found = harness(SERVER)
    found.fail("DRConfigurator.exe", exit_code=code, message="m")
    with pytest.raises(RemoteFailure) as failed:
        found.run(registration(key_path=key))
    assert failed.value.message.startswith(line)
    assert (failed.value.details["exit_code"], found.session.changed) == (code, True)
    assert not found.exists(KEY_PATH)


def test_a_rejection_by_the_vault_is_shown(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    found.lab.azure.refused = ("CertificateExpired", "The certificate has expired.")
    with pytest.raises(RemoteFailure, match=r"log: .*CertificateExpired: The certificate has expired\."):
        found.run(registration(key_path=key))
    assert not found.exists(KEY_PATH)


@pytest.mark.parametrize("code", [0, 3010])
def test_a_lie_is_detected(harness: MakeHarness, key: str, code: int) -> None:
    found = harness(SERVER)
    found.lies["register_vmm_server"] = {**ANSWER, "exit_code": code}
    with pytest.raises(NotConverged, match="the state that was read back still differs: register the server as"):
        found.run(registration(key_path=key))
    assert found.session.changed


def test_a_requested_restart_is_a_warning(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy(provider_proxy(ProxyPort="1")))
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = dict(really(arguments, check_mode=check_mode))
        if "exit_code" in answer["result"]:
            answer["result"] = {**answer["result"], "exit_code": 3010}
        return answer

    found.execute = execute  # type: ignore[method-assign]
    outcome = found.run(registration(proxy=login(found)))
    assert outcome.warnings == ("DRConfigurator asks for a restart of the server (exit code 3010)",)


@pytest.mark.parametrize("script", ["remove_file", "register_vmm_server"])
def test_a_script_that_fails_after_a_change(harness: MakeHarness, key: str, script: str) -> None:
    found = harness(SERVER, all_of(staged, leftover))
    found.fail(script, message="It is broken.")
    with pytest.raises(RemoteFailure, match=rf"^script {script} failed: It is broken\.$"):
        found.run(registration(key_path=key))
    last = script if script == "remove_file" else "end_background_task"
    assert (found.scripts[-1], found.session.changed) == (last, True)


def test_a_failed_observation_changes_nothing(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    assert found.machine.vmm is not None
    found.machine.remove_file(f"{found.machine.vmm.folder}\\{layout.VMM_MODULE}")
    with pytest.raises(RemoteFailure, match=r"^script observe failed: The specified module"):
        found.run(registration(key_path=key))
    assert found.session.changed is False


@pytest.mark.parametrize("fails", [True, False])
def test_the_vmm_service_runs_after_a_failed_program(harness: MakeHarness, key: str, fails: bool) -> None:
    """Registration can stop VMM and end without starting it again."""
    found = harness(SERVER)
    if fails:
        found.fail("DRConfigurator.exe leaves VMM stopped")
        with pytest.raises(RemoteFailure, match="could not be started"):
            found.run(registration(key_path=key))
        assert found.scripts == ["observe", *detached("register_vmm_server")]
    else:
        found.run(registration(key_path=key))
    assert found.machine.is_running(layout.VMM_SERVICE)
    assert found.machine.registry.get("HKLM\\" + layout.RESTART_KEY, layout.VMM_SERVICE) is None


def test_a_vmm_service_that_was_stopped_stays_stopped(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy(provider_proxy(ProxyPort="1")))
    found.machine.stop_service(layout.VMM_SERVICE)
    found.fail("DRConfigurator.exe", exit_code=1, message="m")
    with pytest.raises(RemoteFailure):
        found.run(registration(proxy=login(found)))
    assert not found.machine.is_running(layout.VMM_SERVICE)


def test_a_failure_has_the_events_of_vmm_without_secrets(harness: MakeHarness, key: str) -> None:
    found = harness(vmm_server(provider={}, egress="proxy"))
    event = f"VMM cannot open its database\r\nfor {PROXY_PASSWORD}"
    found.machine.events.append(Event(VMM_LOG, 7, found.machine.now() - timedelta(days=1), "of another day"))
    found.fail("DRConfigurator.exe", exit_code=1, event=event)
    with pytest.raises(RemoteFailure) as failed:
        found.run(registration(key_path=key, proxy=login(found)))
    assert "; event log of VMM: 1: VMM cannot open its database | for ********" in failed.value.message
    assert failed.value.details["events"] == ["1: VMM cannot open its database", "for ********"]
