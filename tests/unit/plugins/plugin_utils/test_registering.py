# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration on a machine of the lab: the order of scripts, the key and its secrecy (P4, P5, P8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    InvalidInput,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.vmm_jobs import REFRESHERS
from lab.windows import layout
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    leftover,
    provider_proxy,
    registered,
    staged,
    stopped,
    vmm_server,
)
from tests.lab.emulators.internet import PROXY_PASSWORD, PROXY_USER
from tests.unit.plugins.module_utils.model.windows.keys import key_file
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.harness import detached
from tests.unit.plugins.plugin_utils.registration_resource import (
    ADDRESS,
    KEY_PATH,
    SERVER,
    behind_proxy,
    login,
    registration,
)

# ---- nothing to do ----


@pytest.mark.parametrize("place", ["new", "old"])
def test_a_registered_server_is_one_execution_without_a_key(harness: MakeHarness, place: str) -> None:
    found = harness(SERVER, registered(old_place=place == "old"))
    before = found.machine.snapshot()
    outcome = found.run(registration(key_path="/does/not/exist.VaultCredentials"))
    assert (found.scripts, outcome.changed, found.session.changed) == (["observe"], False, False)
    assert found.machine.snapshot() == before


def test_the_same_proxy_is_nothing_to_do(harness: MakeHarness) -> None:
    found = harness(SERVER, behind_proxy())
    assert found.run(registration(proxy=login(found))).changed is False
    assert found.scripts == ["observe"]


# ---- registering ----


def test_a_new_server(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    outcome = found.run(registration(key_path=key))
    assert found.scripts == ["observe", *detached("register_vmm_server"), "observe"]
    assert outcome.after == {
        "registered": True,
        "vault_name": "vault-asr",
        "name": "vmm01.corp.lab.test",
        "proxy": {"mode": "direct", "address": None, "port": None, "username": None, "bypass": []},
        "restart_due": False,
        "orphaned_key_files": [],
        "stale": {"keys": [], "certificates": []},
        "exports": [],
    }
    assert [call[2].friendly_name for call in found.lab.azure.calls] == ["vmm01.corp.lab.test"]
    sent = found.sent("register_vmm_server")
    assert sent["parameters"] == {
        "ConfiguratorPath": layout.vmm_folder("10.19") + r"\bin\DRConfigurator.exe",
        "FriendlyName": "vmm01.corp.lab.test",
        "KeyPath": KEY_PATH,
        "TimeoutSeconds": 1800,
        "NeedsRestart": False,
        "WhenIdle": True,
        "QuietJobs": list(REFRESHERS),
    }
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["KeyContent"]
    assert not found.exists(KEY_PATH)
    assert found.run(registration()).changed is False


def test_the_key_file_is_protected_before_it_is_written_and_removed_afterwards(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    found.run(registration(key_path=key))
    entries = found.lab.context.journal.entries
    verbs_of_key = [entry.verb for entry in entries if entry.detail.get("path") == KEY_PATH]
    assert verbs_of_key == ["file.write", "file.access", "file.append", "file.remove"]
    first = next(entry for entry in entries if entry.detail.get("path") == KEY_PATH)
    assert first.detail["size"] == 0
    access = [entry.detail["sddl"] for entry in entries if "sddl" in entry.detail]
    assert access == ["O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)", "O:BAG:BAD:PAI(A;;FA;;;BA)(A;;FA;;;SY)"]
    verbs = [entry.verb for entry in entries]
    removed = next(
        place
        for place, entry in enumerate(entries)
        if (entry.verb, entry.detail.get("path")) == ("file.remove", KEY_PATH)
    )
    assert verbs.index("process.start") < removed < verbs.index("process.start") + 20


def test_a_new_server_behind_a_proxy(harness: MakeHarness, key: str) -> None:
    found = harness(vmm_server(provider={}, egress="proxy"))
    wanted = registration(key_path=key, name="given", proxy=login(found, bypass=["a.test", "b.test"]))
    outcome = found.run(wanted)
    sent = found.sent("register_vmm_server")
    assert sent["parameters"]["BypassUrls"] == ["a.test", "b.test"]
    assert (sent["parameters"]["ProxyAddress"], sent["parameters"]["FriendlyName"]) == (ADDRESS, "given")
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["ProxyCredential", "KeyContent"]
    assert outcome.after["proxy"] == {
        "mode": "custom",
        "address": ADDRESS,
        "port": found.lab.context.proxy.port,
        "username": PROXY_USER,
        "bypass": ["a.test", "b.test"],
    }
    assert {entry.step: entry.verified for entry in outcome.evidence} == {
        "P4": "registered, not confirmed in Azure",
        "P5": "vault vault-asr",
        "P6c": f"proxy {ADDRESS}:{found.lab.context.proxy.port}, user {PROXY_USER}",
        "P6e": "Run As account DRAProxyAccount with the login svc-proxy",
        "P8": "name given, not confirmed in Azure",
    }
    assert found.run(wanted).changed is False


def test_the_name_of_a_highly_available_vmm(harness: MakeHarness, key: str) -> None:
    found = harness(vmm_server(provider={}, vmm={"ha_name": "VMMROLE"}))
    found.run(registration(key_path=key))
    assert [call[2].friendly_name for call in found.lab.azure.calls] == ["VMMROLE"]


def test_a_registration_replaces_an_earlier_proxy(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, provider_proxy(ProxyAddress="http://old", ProxyPort="1", ProxyUserName="x"))
    outcome = found.run(registration(key_path=key))
    assert (outcome.before["proxy"]["mode"], outcome.after["proxy"]["mode"]) == ("custom", "direct")
    assert "use no custom proxy" in outcome.plan.describe()


def test_no_key_is_sent_to_a_server_whose_vmm_does_not_run(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, stopped(layout.VMM_SERVICE))
    with pytest.raises(Refused, match=r"the VMM service \(SCVMMService\) is Stopped"):
        found.run(registration(key_path=key))
    assert found.scripts == ["observe"]


def test_leftovers_are_removed_first(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER, all_of(staged, leftover))
    outcome = found.run(registration(key_path=key))
    assert found.scripts == ["observe", "remove_file", *detached("register_vmm_server"), "observe"]
    assert (outcome.before["orphaned_key_files"], outcome.after["orphaned_key_files"]) == (
        [STAGING + r"\siterecovery.hyperv-old.VaultCredentials"],
        [],
    )


def test_leftovers_of_a_registered_server_are_removed(harness: MakeHarness) -> None:
    found = harness(SERVER, all_of(registered(), staged, leftover))
    assert found.run(registration()).changed
    assert found.scripts == ["observe", "remove_file", "observe"]


# ---- another vault ----


@pytest.mark.parametrize("check", [True, False])
def test_a_server_of_another_vault_is_only_observed(harness: MakeHarness, key: str, check: bool) -> None:
    found = harness(SERVER, registered("other"))
    before = found.machine.snapshot()
    with pytest.raises(Refused, match="registered in vault other"):
        found.run(registration(key_path=key), check=check)
    assert (found.scripts, found.machine.snapshot(), found.session.changed) == (["observe"], before, False)


# ---- refusals ----


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read \\(No such file or directory\\)"),
        (b"", "is not a valid Site Recovery key"),
        (key_file(hours=-1), "expired at"),
        (key_file(begins=1), "is not valid before"),
        (key_file(vault="other"), "belongs to /subscriptions/"),
        (key_file(site="Berlin"), "is for the Hyper-V site Berlin"),
        (key_file(private=False), "has no certificate with a private key"),
    ],
    ids=["missing", "empty", "expired", "early", "foreign", "site", "no private key"],
)
def test_no_change_with_an_unusable_key(
    harness: MakeHarness, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "a.VaultCredentials"
    if content is not None:
        path.write_bytes(content)
    found = harness(SERVER, all_of(staged, leftover))
    with pytest.raises(Refused, match=words):
        found.run(registration(key_path=str(path)))
    assert (found.scripts, found.session.changed) == (["observe"], False)


def test_a_folder_is_not_a_key(harness: MakeHarness, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not a regular file, so it is not used"):
        harness(SERVER).run(registration(key_path=str(tmp_path)))


def test_a_key_is_required_when_the_plan_needs_it(harness: MakeHarness) -> None:
    found = harness(SERVER)
    with pytest.raises(Refused, match=r"^key_path is required, because the server must be registered; create a key"):
        found.run(registration())
    assert found.scripts == ["observe"]


@pytest.mark.parametrize(
    "changed", [{"vault_id": "x"}, {"proxy": {"mode": "custom"}}, {"proxy": {"mode": "direct", "port": 1}}]
)
def test_invalid_options_send_nothing(harness: MakeHarness, changed: dict[str, Any]) -> None:
    found = harness(SERVER)
    with pytest.raises(InvalidInput):
        found.run(registration(**changed))
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
def test_check_mode_only_observes_and_reads_no_key(
    harness: MakeHarness, entry: dict[str, Any], prepare: Prepare | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = harness(entry, prepare)
    before = found.machine.snapshot()

    def read(path: Path) -> bytes:
        raise AssertionError(f"{path} is read in check mode")

    wanted = registration(key_path="/none", proxy=login(found), update_password="always")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read)
        outcome = found.run(wanted, check=True)
    assert (found.scripts, found.session.changed, outcome.changed) == (["observe"], False, True)
    assert (found.machine.snapshot(), found.lab.context.journal.entries) == (before, [])
    assert PROXY_PASSWORD not in repr(outcome)


def test_check_mode_predicts_the_result(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    planned = found.run(registration(proxy=login(found)), check=True)
    done = found.run(registration(proxy=login(found), key_path=key))
    assert planned.plan == done.plan
    assert planned.after == done.after
    assert {entry.verified for entry in planned.evidence} == {"known after the run"}


# ---- the key and the login ----


def test_the_key_is_read_only_when_the_plan_needs_it(harness: MakeHarness, key: str) -> None:
    """A missing key does not matter while no plan needs it."""
    found = harness(SERVER)
    wanted = registration(key_path=key)
    Path(key).rename(key + ".away")
    found.run(wanted, check=True)
    Path(key + ".away").rename(key)
    found.run(wanted)
    Path(key).unlink()
    assert found.run(wanted).changed is False


def test_no_secret_outside_of_sensitive_parameters(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    made: list[Any] = []

    def kept(session: Any) -> Any:
        made.append(registration(key_path=key, proxy=login(found))(session))
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
    assert found.session.secrets >= {PROXY_PASSWORD, content, " ".join(content.split())}


def test_no_secret_in_a_failure(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    found.fail("DRConfigurator.exe", exit_code=1, message=f"login {PROXY_USER}/{PROXY_PASSWORD} refused")
    with pytest.raises(RemoteFailure) as failed:
        found.run(registration(key_path=key, proxy=login(found)))
    assert PROXY_PASSWORD not in f"{failed.value!r} {failed.value.to_result()}"
    assert f"login {PROXY_USER}/******** refused" in failed.value.message
