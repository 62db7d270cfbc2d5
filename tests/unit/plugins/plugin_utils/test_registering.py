# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration on a machine of the lab: scripts in order, the key read late, secrets kept (P4 to P6, P8)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    DeadlineExceeded,
    InvalidInput,
    NotConverged,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.facts import MachineFacts
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.windows.provider_registration import build
from lab.windows import layout
from lab.windows.machine import Machine
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    leftover,
    marked,
    provider_proxy,
    proxy_account,
    registered,
    staged,
    stopped,
    vmm_server,
)
from lab.world import digest
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.model.keys import VAULT_ID, key_file
from tests.unit.plugins.plugin_utils.bench import Bench, Build
from tests.unit.plugins.plugin_utils.conftest import MakeBench

ANSWER = {"exit_code": 0, "log_tail": [], "service": "Running"}
KEY_PATH = STAGING + r"\vault-asr.VaultCredentials"
SERVER = vmm_server(provider={})
ADDRESS = f"http://{PROXY_NAME}"


def noun(**changed: Any) -> Build[MachineFacts]:
    options = {
        "vault_id": VAULT_ID,
        "name": None,
        "key_path": None,
        "azure_registration": None,
        "proxy": None,
        "update_password": "on_create",
        "tenant_id": None,
        "remove_stale_registration": False,
        "restart_vmm": "when_idle",
        "registration_timeout": 1800,
    }
    return lambda session: build({**options, **changed}, session)


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "vault-asr.VaultCredentials"
    path.write_bytes(key_file())
    return str(path)


def custom(found: Bench, **changed: Any) -> dict[str, Any]:
    return {"mode": "custom", "address": ADDRESS, "port": found.stage.world.proxy.port, **changed}


def login(found: Bench, **changed: Any) -> dict[str, Any]:
    return custom(found, username=PROXY_USER, password=PROXY_PASSWORD, **changed)


def behind_proxy(*more: Prepare) -> Prepare:
    """A registered server that has the lab's proxy with its login."""

    def prepare(machine: Machine) -> None:
        all_of(registered(), proxy_account)(machine)
        values = {"ProxyAddress": ADDRESS, "ProxyPort": str(machine.world.proxy.port), "ProxyUserName": PROXY_USER}
        all_of(provider_proxy(**values), *more)(machine)

    return prepare


# ---- nothing to do ----


@pytest.mark.parametrize("place", ["new", "old"])
def test_a_registered_server_is_one_look_and_no_key(bench: MakeBench, place: str) -> None:
    found = bench(SERVER, registered(old_place=place == "old"))
    before = found.machine.snapshot()
    outcome = found.run(noun(key_path="/does/not/exist.VaultCredentials"))
    assert (found.scripts, outcome.changed, found.session.changed) == (["observe"], False, False)
    assert found.machine.snapshot() == before


def test_the_same_proxy_is_nothing_to_do(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy())
    assert found.run(noun(proxy=login(found))).changed is False
    assert found.scripts == ["observe"]


# ---- registering ----


def test_a_new_server(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    outcome = found.run(noun(key_path=key))
    assert found.scripts == ["observe", "register_vmm_server", "observe"]
    assert outcome.after == {
        "registered": True,
        "vault_name": "vault-asr",
        "name": "vmm01.corp.lab.test",
        "proxy": {"mode": "direct", "address": None, "port": None, "username": None, "bypass": []},
        "restart_due": False,
        "key_leftovers": [],
        "stale": {"keys": [], "certificates": []},
        "exports": [],
    }
    assert [told[2].friendly_name for told in found.stage.azure.calls] == ["vmm01.corp.lab.test"]
    sent = found.sent("register_vmm_server")
    assert sent["parameters"] == {
        "ConfiguratorPath": layout.vmm_folder("10.19") + r"\bin\DRConfigurator.exe",
        "FriendlyName": "vmm01.corp.lab.test",
        "KeyPath": KEY_PATH,
        "TimeoutSeconds": 1800,
        "NeedsRestart": False,
    }
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["KeyContent"]
    assert not found.exists(KEY_PATH)
    assert found.run(noun()).changed is False


def test_the_key_is_closed_before_it_is_written_and_gone_afterwards(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    found.run(noun(key_path=key))
    entries = found.stage.world.journal.entries
    told = [entry.verb for entry in entries if entry.detail.get("path") == KEY_PATH]
    assert told == ["file.write", "file.access", "file.write", "file.remove"]
    first = next(entry for entry in entries if entry.detail.get("path") == KEY_PATH)
    assert first.detail["size"] == 0
    access = [entry.detail["sddl"] for entry in entries if entry.verb == "file.access"]
    assert access == ["O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)", "O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FA;;;SY)"]
    verbs = [entry.verb for entry in entries]
    assert verbs.index("process.start") < verbs.index("file.remove") < verbs.index("process.start") + 20


def test_a_new_server_behind_a_proxy(bench: MakeBench, key: str) -> None:
    found = bench(vmm_server(provider={}, egress="proxy"))
    wish = noun(key_path=key, name="given", proxy=login(found, bypass=["a.test", "b.test"]))
    outcome = found.run(wish)
    sent = found.sent("register_vmm_server")
    assert sent["parameters"]["BypassUrls"] == ["a.test", "b.test"]
    assert (sent["parameters"]["ProxyAddress"], sent["parameters"]["FriendlyName"]) == (ADDRESS, "given")
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["ProxyCredential", "KeyContent"]
    assert outcome.after["proxy"] == {
        "mode": "custom",
        "address": ADDRESS,
        "port": found.stage.world.proxy.port,
        "username": PROXY_USER,
        "bypass": ["a.test", "b.test"],
    }
    assert {entry.step: entry.verified for entry in outcome.evidence} == {
        "P4": "registered, not confirmed in Azure",
        "P5": "vault vault-asr",
        "P6c": f"proxy {ADDRESS}:{found.stage.world.proxy.port}, login {PROXY_USER}",
        "P6e": "Run As account DRAProxyAccount",
        "P8": "name given, not confirmed in Azure",
    }
    assert found.run(wish).changed is False


def test_the_name_of_a_highly_available_vmm(bench: MakeBench, key: str) -> None:
    found = bench(vmm_server(provider={}, vmm={"ha_name": "VMMROLE"}))
    found.run(noun(key_path=key))
    assert [told[2].friendly_name for told in found.stage.azure.calls] == ["VMMROLE"]


def test_a_proxy_of_before_goes_with_a_new_registration(bench: MakeBench, key: str) -> None:
    found = bench(SERVER, provider_proxy(ProxyAddress="http://old", ProxyPort="1", ProxyUserName="x"))
    outcome = found.run(noun(key_path=key))
    assert (outcome.before["proxy"]["mode"], outcome.after["proxy"]["mode"]) == ("custom", "direct")
    assert "use no proxy of its own" in outcome.plan.describe()


def test_leftovers_go_first(bench: MakeBench, key: str) -> None:
    found = bench(SERVER, all_of(staged, leftover))
    outcome = found.run(noun(key_path=key))
    assert found.scripts == ["observe", "remove_file", "register_vmm_server", "observe"]
    assert (outcome.before["key_leftovers"], outcome.after["key_leftovers"]) == (
        [STAGING + r"\old.VaultCredentials"],
        [],
    )


def test_leftovers_of_a_registered_server_go_alone(bench: MakeBench) -> None:
    found = bench(SERVER, all_of(registered(), staged, leftover))
    assert found.run(noun()).changed
    assert found.scripts == ["observe", "remove_file", "observe"]


# ---- mending ----


def test_another_port(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy(provider_proxy(ProxyPort="1", ProxyBypassUrls="a.test")))
    outcome = found.run(noun(proxy=login(found)))
    assert found.scripts == ["observe", "configure_provider", "restart_service", "observe"]
    assert "BypassUrls" not in found.sent("configure_provider")["parameters"]
    assert outcome.after["proxy"]["bypass"] == ["a.test"]
    assert [change.path for change in outcome.plan.changes] == ["proxy.port", "proxy.password"]


def test_a_new_password(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy())
    outcome = found.run(noun(proxy=login(found), update_password="always"))
    assert found.scripts == ["observe", "set_run_as_password", "restart_service", "observe"]
    sent = found.sent("set_run_as_password")
    assert sent["parameters"] == {"AccountName": "DRAProxyAccount"}
    assert found.sent("restart_service")["parameters"] == {"Name": "SCVMMService", "WhenIdle": True}
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["Credential"]
    assert outcome.plan.to_result() == [
        {
            "path": "proxy.password",
            "before": "(hidden)",
            "after": "(hidden)",
            "reason": "the password can't be read back, and update_password is always: set again",
        }
    ]
    assert found.machine.vmm is not None
    assert found.machine.vmm.run_as[0].password_digest == digest(PROXY_PASSWORD)


# ---- refused ----


@pytest.mark.parametrize("check", [True, False])
def test_a_server_of_another_vault_is_only_looked_at(bench: MakeBench, key: str, check: bool) -> None:
    found = bench(SERVER, registered("other"))
    before = found.machine.snapshot()
    with pytest.raises(Refused, match="registered in vault other"):
        found.run(noun(key_path=key), check=check)
    assert (found.scripts, found.machine.snapshot(), found.session.changed) == (["observe"], before, False)


# ---- back to no proxy of its own ----

SEEN = {"azure_registration": {"registered": True}}
NOT_SEEN = {"azure_registration": {"registered": False}}


@pytest.mark.parametrize("mode", ["direct", "system"])
def test_back_by_registering_again(bench: MakeBench, key: str, mode: str) -> None:
    found = bench(SERVER, behind_proxy(provider_proxy(ProxyBypassUrls="a.test")))
    wish = noun(key_path=key, proxy={"mode": mode}, **SEEN)
    planned = found.run(wish, check=True)
    assert found.scripts == ["observe"]
    outcome = found.run(wish)
    assert found.scripts == ["observe", "register_vmm_server", "restart_service", "observe"]
    sent = found.sent("register_vmm_server")
    assert sent["parameters"]["NeedsRestart"] is True
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["KeyContent"]
    assert outcome.after["proxy"] == planned.after["proxy"]
    assert outcome.after["proxy"] == {"mode": mode, "address": None, "port": None, "username": None, "bypass": []}
    assert [entry.detail for entry in found.stage.world.journal.entries if entry.verb == "service.start"] == [
        {"service": layout.VMM_SERVICE}
    ]
    assert not found.exists(KEY_PATH)
    assert found.run(wish).changed is False


@pytest.mark.parametrize("view", [{}, NOT_SEEN])
def test_no_way_back_unless_azure_confirms_the_name(bench: MakeBench, key: str, view: dict[str, Any]) -> None:
    found = bench(SERVER, behind_proxy())
    with pytest.raises(Refused, match="which Azure must confirm first"):
        found.run(noun(key_path=key, proxy={"mode": "direct"}, **view))
    assert found.scripts == ["observe"]


def test_the_way_back_needs_a_key(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy())
    with pytest.raises(Refused, match="must be registered again, to take its proxy away, which needs a key"):
        found.run(noun(proxy={"mode": "direct"}, **SEEN))
    assert found.scripts == ["observe"]


# ---- the list of addresses that go round, and the service ----


def test_a_list_is_emptied(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy(provider_proxy(ProxyBypassUrls="a.test;b.test")))
    outcome = found.run(noun(proxy=login(found, bypass=[])))
    assert found.sent("configure_provider")["parameters"]["BypassUrls"] == []
    assert outcome.after["proxy"]["bypass"] == []
    assert found.run(noun(proxy=login(found, bypass=[]))).changed is False


RESTARTED, LEFT_ALONE = 1, 0
UNTOLD: tuple[str, ...] = ()
TOLD = ("the VMM service has not read its proxy since that was changed (restart_vmm is never); restart SCVMMService",)


@pytest.mark.parametrize("port", [None, "1"], ids=["password", "port"])
@pytest.mark.parametrize(
    ("policy", "jobs", "starts", "told"),
    [
        ("when_idle", 0, RESTARTED, UNTOLD),
        ("always", 2, RESTARTED, UNTOLD),
        ("never", 0, LEFT_ALONE, TOLD),
        ("never", 2, LEFT_ALONE, TOLD),
    ],
)
def test_the_service_is_restarted_as_asked(
    bench: MakeBench, port: str | None, policy: str, jobs: int, starts: int, told: tuple[str, ...]
) -> None:
    more = [provider_proxy(ProxyPort=port)] if port else []
    found = bench(vmm_server(provider={}, vmm={"running_jobs": jobs}), behind_proxy(*more))
    outcome = found.run(noun(proxy=login(found), update_password="always", restart_vmm=policy))
    assert [entry.verb for entry in found.stage.world.journal.entries].count("service.start") == starts
    assert outcome.warnings == told


@pytest.mark.parametrize("update", ["always", "on_create"])
def test_jobs_are_not_hurt(bench: MakeBench, update: str) -> None:
    entry = vmm_server(provider={}, vmm={"running_jobs": 2})
    found = bench(entry, behind_proxy(provider_proxy(ProxyPort="1")))
    for check in (True, False):
        with pytest.raises(Refused, match="VMM runs 2 jobs, which the restart of its service"):
            found.run(noun(proxy=login(found), update_password=update), check=check)
        assert (found.scripts, found.session.changed) == (["observe"], False)


def test_jobs_that_begin_meanwhile_are_not_hurt(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy(provider_proxy(ProxyPort="1")))
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = really(arguments, check_mode=check_mode)
        assert found.machine.vmm is not None
        found.machine.vmm.running_jobs = 1
        return answer

    found.execute = execute  # type: ignore[method-assign]
    outcome = found.run(noun(proxy=login(found)))
    assert outcome.warnings == (
        "the VMM service was not restarted, because 1 job started meanwhile; it reads the proxy when it starts: run again"
        " after they end, or restart SCVMMService",
    )
    assert outcome.after["restart_due"] is True
    with pytest.raises(Refused, match="VMM runs 1 job, which the restart"):
        found.run(noun(proxy=login(found)))
    assert found.machine.vmm is not None
    found.machine.vmm.running_jobs = 0
    found.execute = really  # type: ignore[method-assign]
    later = found.run(noun(proxy=login(found)))
    assert found.scripts == ["observe", "restart_service", "observe"]
    assert (later.before["restart_due"], later.after["restart_due"]) == (True, False)
    assert found.run(noun(proxy=login(found))).changed is False


@pytest.mark.parametrize("restart", ["always", "when_idle", "never"])
def test_a_restart_that_an_earlier_run_did_not_come_to(bench: MakeBench, restart: str) -> None:
    found = bench(SERVER, behind_proxy(marked(layout.VMM_SERVICE)))
    planned = found.run(noun(proxy=login(found), restart_vmm=restart), check=True)
    outcome = found.run(noun(proxy=login(found), restart_vmm=restart))
    assert planned.plan == outcome.plan
    assert outcome.changed is (restart != "never")
    assert outcome.warnings == (TOLD if restart == "never" else ())
    assert outcome.after["restart_due"] is (restart == "never")
    told = {entry.step: entry.done for entry in outcome.evidence}["P6c"]
    assert told == (
        "nothing to do"
        if restart == "never"
        else "restart the VMM service, which has not read the proxy since it was changed"
    )


def test_a_service_that_began_after_the_change_has_read_it(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy(marked(layout.VMM_SERVICE)))
    found.machine.restart()
    assert found.run(noun(proxy=login(found))).changed is False


def test_a_service_that_registration_leaves_stopped_is_started(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = dict(really(arguments, check_mode=check_mode))
        if "exit_code" in answer["result"]:
            found.machine.stop_service(layout.VMM_SERVICE)
            answer["result"] = {**answer["result"], "service": "Stopped"}
        return answer

    found.execute = execute  # type: ignore[method-assign]
    found.run(noun(key_path=key))
    assert found.scripts == ["observe", "register_vmm_server", "start_service", "observe"]
    assert found.machine.is_running(layout.VMM_SERVICE)


# ---- leftovers of a registration that is gone ----


@pytest.mark.parametrize("old_place", [False, True])
def test_a_registration_that_azure_does_not_know(bench: MakeBench, key: str, old_place: bool) -> None:
    found = bench(SERVER, registered(old_place=old_place))
    place = (layout.ADAPTER_KEY if old_place else layout.PROVIDER_KEY) + r"\Registration"
    plain = found.run(noun(key_path=key, **NOT_SEEN))
    assert (found.scripts, plain.changed, len(plain.warnings)) == (["observe"], False, 1)
    wish = noun(key_path=key, remove_stale_registration=True, **NOT_SEEN)
    planned = found.run(wish, check=True)
    assert (found.scripts, planned.before["stale"]) == (["observe"], {"keys": [place], "certificates": ["AB" * 20]})
    outcome = found.run(wish)
    assert found.scripts == ["observe", "clean_registration", "register_vmm_server", "observe"]
    assert (outcome.plan, outcome.warnings) == (planned.plan, ())
    assert outcome.after["exports"] == [STAGING + r"\registration-1.reg"]
    assert outcome.after["stale"] == {"keys": [], "certificates": []}
    content = found.machine.files.need(STAGING + r"\registration-1.reg").content
    assert content is not None
    assert '"ResourceName"="vault-asr"' in content.decode("utf-16")
    assert found.machine.registry.find(layout.REGISTRATION_KEY) is not None
    assert (found.machine.registry.find(layout.ADAPTER_KEY + r"\Registration") is None) is True
    assert found.run(noun(remove_stale_registration=True, **SEEN)).changed is False


def test_an_older_place_beside_a_confirmed_one(bench: MakeBench) -> None:
    found = bench(SERVER, all_of(registered(), registered("old", old_place=True)))
    assert len(found.run(noun(**SEEN)).warnings) == 1
    outcome = found.run(noun(remove_stale_registration=True, **SEEN))
    assert found.scripts == ["observe", "clean_registration", "observe"]
    assert "Thumbprints" not in found.sent("clean_registration")["parameters"]
    assert outcome.after["vault_name"] == "vault-asr"
    assert found.machine.registry.find(layout.ADAPTER_KEY + r"\Registration") is None
    assert len(found.machine.certificates) == 4


def test_consent_does_not_count_for_another_vault(bench: MakeBench, key: str) -> None:
    found = bench(SERVER, registered("other"))
    before = found.machine.snapshot()
    with pytest.raises(Refused, match="registered in vault other"):
        found.run(noun(key_path=key, remove_stale_registration=True, **NOT_SEEN))
    assert (found.scripts, found.machine.snapshot()) == (["observe"], before)


def test_nothing_is_cleaned_with_a_bad_key(bench: MakeBench, tmp_path: Path) -> None:
    path = tmp_path / "a.VaultCredentials"
    path.write_bytes(key_file(hours=-1))
    found = bench(SERVER, registered())
    with pytest.raises(Refused, match="expired at"):
        found.run(noun(key_path=str(path), remove_stale_registration=True, **NOT_SEEN))
    assert (found.scripts, found.session.changed) == (["observe"], False)


def test_an_export_that_fails_removes_nothing(bench: MakeBench, key: str) -> None:
    found = bench(SERVER, registered())
    found.fail("reg.exe", exit_code=1)
    before = found.machine.snapshot()
    with pytest.raises(RemoteFailure, match=r"could not be exported.*: nothing was removed"):
        found.run(noun(key_path=key, remove_stale_registration=True, **NOT_SEEN))
    after = found.machine.snapshot()
    assert (after["registry"], after["certificates"]) == (before["registry"], before["certificates"])


def test_a_failure_after_the_clean_up_names_the_export(bench: MakeBench, key: str) -> None:
    found = bench(SERVER, registered())
    found.fail("DRConfigurator.exe", exit_code=1, message="m")
    with pytest.raises(RemoteFailure) as failed:
        found.run(noun(key_path=key, remove_stale_registration=True, **NOT_SEEN))
    assert failed.value.details["exports"] == [STAGING + r"\registration-1.reg"]
    assert found.run(noun(key_path=key, **NOT_SEEN)).after["registered"]


# ---- a program that does not end ----


def test_registration_is_bounded(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    found.fail("DRConfigurator.exe", "hang", seconds=0.01)
    with pytest.raises(DeadlineExceeded) as late:
        found.run(noun(key_path=key, registration_timeout=60))
    assert late.value.message == (
        "the end of DRConfigurator.exe was not reached within 60 s; last seen: nothing in its log; it was ended; run"
        " again, with a longer registration_timeout if the log shows that it went on"
    )
    assert (found.sent("register_vmm_server")["parameters"]["TimeoutSeconds"], found.session.changed) == (60, True)
    assert [entry.verb for entry in found.stage.world.journal.entries].count("process.kill") == 1
    assert not found.exists(KEY_PATH)
    assert found.run(noun(key_path=key)).after["registered"]


@pytest.mark.parametrize("days", [-6, 6])
def test_a_server_whose_clock_is_wrong(bench: MakeBench, key: str, days: int) -> None:
    found = bench(SERVER, lambda machine: setattr(machine, "clock_skew", timedelta(days=days)))
    with pytest.raises(Refused, match=r"^the server's clock shows .*; correct the server's time and time zone"):
        found.run(noun(key_path=key))
    assert found.scripts == ["observe"]


# ---- what the log says ----

CAUSES: dict[str, tuple[dict[str, Any], Prepare | None, dict[str, Any], str]] = {
    "no way out": (vmm_server(provider={}, egress="proxy"), None, {}, "Site Recovery could not be reached"),
    "no login": (
        vmm_server(provider={}, egress="proxy"),
        None,
        {"login": False},
        "the proxy asks for a login, or does not take the one that was given; correct proxy.username and",
    ),
    "no VMM id": (
        SERVER,
        lambda machine: machine.registry.set(layout.VMM_SETUP_KEY, "VmmID", ""),
        {},
        "the id of the VMM server is blank in the registry (VmmID)",
    ),
}


@pytest.mark.parametrize(("entry", "prepare", "wish", "cause"), CAUSES.values(), ids=CAUSES)
def test_the_cause_is_told(
    bench: MakeBench, key: str, entry: dict[str, Any], prepare: Prepare | None, wish: dict[str, Any], cause: str
) -> None:
    found = bench(entry, prepare)
    options = {"proxy": custom(found)} if "login" in wish else {}
    with pytest.raises(RemoteFailure) as failed:
        found.run(noun(key_path=key, **options))
    assert failed.value.message.startswith(f"DRConfigurator.exe ended with 1: {cause}")
    assert "; log: DRConfigurator.exe: " in failed.value.message


# ---- refused ----


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't be read \\(No such file or directory\\)"),
        (b"", "is damaged or no Site Recovery key"),
        (key_file(hours=-1), "expired at"),
        (key_file(begins=1), "is not valid before"),
        (key_file(vault="other"), "belongs to /subscriptions/"),
        (key_file(site="Berlin"), "is one for the Hyper-V site Berlin"),
        (key_file(private=False), "holds no certificate with a private key"),
    ],
    ids=["missing", "empty", "expired", "early", "foreign", "site", "no private key"],
)
def test_nothing_is_begun_with_a_bad_key(bench: MakeBench, tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "a.VaultCredentials"
    if content is not None:
        path.write_bytes(content)
    found = bench(SERVER, all_of(staged, leftover))
    with pytest.raises(Refused, match=words):
        found.run(noun(key_path=str(path)))
    assert (found.scripts, found.session.changed) == (["observe"], False)


def test_a_folder_is_no_key(bench: MakeBench, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="can't be read \\(Is a directory\\)"):
        bench(SERVER).run(noun(key_path=str(tmp_path)))


def test_a_key_is_asked_for_when_it_is_needed(bench: MakeBench) -> None:
    found = bench(SERVER)
    with pytest.raises(Refused, match="key_path: the server must be registered, which needs a key"):
        found.run(noun())
    assert found.scripts == ["observe"]


@pytest.mark.parametrize(
    "changed", [{"vault_id": "x"}, {"proxy": {"mode": "custom"}}, {"proxy": {"mode": "direct", "port": 1}}]
)
def test_wrong_options_send_nothing(bench: MakeBench, changed: dict[str, Any]) -> None:
    found = bench(SERVER)
    with pytest.raises(InvalidInput):
        found.run(noun(**changed))
    assert found.executions == []


# ---- check mode ----

STATES: dict[str, tuple[dict[str, Any], Prepare | None]] = {
    "no Provider": (vmm_server(), None),
    "no Provider, service stopped": (vmm_server(), stopped(layout.VMM_SERVICE)),
    "not registered": (SERVER, None),
    "leftovers": (SERVER, all_of(staged, leftover)),
    "registered": (SERVER, registered()),
    "old login": (SERVER, behind_proxy(provider_proxy(ProxyUserName="old"))),
    "same login": (SERVER, behind_proxy()),
}


@pytest.mark.parametrize(("entry", "prepare"), STATES.values(), ids=STATES)
def test_check_mode_only_looks_and_reads_no_key(
    bench: MakeBench, entry: dict[str, Any], prepare: Prepare | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = bench(entry, prepare)
    before = found.machine.snapshot()

    def read(path: Path) -> bytes:
        raise AssertionError(f"{path} is read in check mode")

    wish = noun(key_path="/none", proxy=login(found), update_password="always")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read)
        outcome = found.run(wish, check=True)
    assert (found.scripts, found.session.changed, outcome.changed) == (["observe"], False, True)
    assert (found.machine.snapshot(), found.stage.world.journal.entries) == (before, [])
    assert PROXY_PASSWORD not in repr(outcome)


def test_check_mode_foresees_what_comes(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    planned = found.run(noun(proxy=login(found)), check=True)
    done = found.run(noun(proxy=login(found), key_path=key))
    assert planned.plan == done.plan
    assert planned.after == done.after
    assert {entry.verified for entry in planned.evidence} == {"after apply"}


# ---- what goes wrong ----


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (
            1,
            "DRConfigurator.exe ended with 1: registration failed; the log says at which step; log: ",
        ),
        (2, "DRConfigurator.exe ended with 2: the command line was not understood; report this as a bug; log: "),
        (4, "DRConfigurator.exe ended with 4: a prerequisite is missing; the log names it; log: "),
        (
            10,
            "DRConfigurator.exe ended with 10: the server is already registered in another vault; unregister it there"
            " first; log: ",
        ),
        (77, "DRConfigurator.exe ended with 77: no meaning of this code is published; read the log; log: "),
    ],
)
def test_exit_codes(bench: MakeBench, key: str, code: int, line: str) -> None:
    found = bench(SERVER)
    found.fail("DRConfigurator.exe", exit_code=code, message="m")
    with pytest.raises(RemoteFailure) as failed:
        found.run(noun(key_path=key))
    assert failed.value.message.startswith(line)
    assert (failed.value.details["exit_code"], found.session.changed) == (code, True)
    assert not found.exists(KEY_PATH)


def test_the_vaults_refusal_reaches_the_user(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    found.stage.azure.refused = ("CertificateExpired", "The certificate has expired.")
    with pytest.raises(RemoteFailure, match=r"log: .*CertificateExpired: The certificate has expired\."):
        found.run(noun(key_path=key))
    assert not found.exists(KEY_PATH)


@pytest.mark.parametrize("code", [0, 3010])
def test_a_lie_is_seen(bench: MakeBench, key: str, code: int) -> None:
    found = bench(SERVER)
    found.lies["register_vmm_server"] = {**ANSWER, "exit_code": code}
    with pytest.raises(NotConverged, match="the state that was read back still differs: register the server as"):
        found.run(noun(key_path=key))
    assert found.session.changed


def test_a_wish_for_a_restart_is_a_warning(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy(provider_proxy(ProxyPort="1")))
    really = found.execute

    def execute(arguments: dict[str, Any], *, check_mode: bool = False) -> Any:
        answer = dict(really(arguments, check_mode=check_mode))
        if "exit_code" in answer["result"]:
            answer["result"] = {**answer["result"], "exit_code": 3010}
        return answer

    found.execute = execute  # type: ignore[method-assign]
    outcome = found.run(noun(proxy=login(found)))
    assert outcome.warnings == ("DRConfigurator asks for a restart of the server (exit code 3010)",)


@pytest.mark.parametrize("script", ["remove_file", "register_vmm_server"])
def test_a_script_that_fails_after_a_change(bench: MakeBench, key: str, script: str) -> None:
    found = bench(SERVER, all_of(staged, leftover))
    found.fail(script, message="It is broken.")
    with pytest.raises(RemoteFailure, match=rf"^script {script} failed: It is broken\.$"):
        found.run(noun(key_path=key))
    assert (found.scripts[-1], found.session.changed) == (script, True)


def test_a_first_look_that_fails_has_changed_nothing(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    assert found.machine.vmm is not None
    found.machine.remove_file(f"{found.machine.vmm.folder}\\{layout.VMM_MODULE}")
    with pytest.raises(RemoteFailure, match=r"^script observe failed: The specified module"):
        found.run(noun(key_path=key))
    assert found.session.changed is False


# ---- the key and the login ----


def test_the_key_is_read_only_when_the_plan_needs_it(bench: MakeBench, key: str) -> None:
    """A key that comes late, or is gone again, hurts nobody who does not need it."""
    found = bench(SERVER)
    wish = noun(key_path=key)
    Path(key).rename(key + ".away")
    found.run(wish, check=True)
    Path(key + ".away").rename(key)
    found.run(wish)
    Path(key).unlink()
    assert found.run(wish).changed is False


def test_no_secret_outside_of_sensitive_parameters(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    made: list[Any] = []

    def kept(session: Any) -> Any:
        made.append(noun(key_path=key, proxy=login(found))(session))
        return made[-1]

    outcome = found.run(kept)
    content = Path(key).read_text()
    secrets = [PROXY_PASSWORD, content, content.split("<ManagementCert>")[1][:60]]
    sent = found.sent("register_vmm_server")["sensitive_parameters"]
    assert sent == [
        {"name": "ProxyCredential", "username": PROXY_USER, "password": PROXY_PASSWORD},
        {"name": "KeyContent", "value": content},
    ]
    shown = f"{found.plain} {outcome!r} {made[0]!r} {made[0]._desired!r}"
    assert [secret for secret in secrets if secret in shown] == []
    assert found.session.secrets == {PROXY_PASSWORD, content, " ".join(content.split())}


def test_no_secret_in_a_failure(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    found.fail("DRConfigurator.exe", exit_code=1, message=f"login {PROXY_USER}/{PROXY_PASSWORD} refused")
    with pytest.raises(RemoteFailure) as failed:
        found.run(noun(key_path=key, proxy=login(found)))
    assert PROXY_PASSWORD not in f"{failed.value!r} {failed.value.to_result()}"
    assert f"login {PROXY_USER}/******** refused" in failed.value.message
