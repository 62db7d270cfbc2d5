# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration on a machine of the estate: scripts in order, the key read late, secrets kept (P4 to P6, P8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.errors import (
    InvalidInput,
    NotConverged,
    Refused,
    RemoteFailure,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.machine import Machine as Seen
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._services.provider_registration import build
from lab.engines.twins.cases import (
    STAGING,
    Prepare,
    all_of,
    leftover,
    provider_proxy,
    proxy_account,
    registered,
    staged,
    stopped,
    vmm_server,
)
from lab.engines.twins.comparison import PROXY_NAME, PROXY_PASSWORD, PROXY_USER
from lab.windows import layout
from lab.windows.machine import Machine
from lab.world import digest
from tests.unit.plugins.model.keys import VAULT_ID, key_file
from tests.unit.plugins.plugin_utils.bench import Bench, Build
from tests.unit.plugins.plugin_utils.conftest import MakeBench

KEY_PATH = STAGING + r"\vault-asr.VaultCredentials"
SERVER = vmm_server(provider={})
ADDRESS = f"http://{PROXY_NAME}"


def noun(**changed: Any) -> Build[Seen]:
    options = {
        "vault_id": VAULT_ID,
        "name": None,
        "key_path": None,
        "azure_view": None,
        "proxy": None,
        "update_password": "on_create",
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
    """A registered server that has the estate's proxy with its login."""

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
    assert found.scripts == ["observe", "register_provider", "observe"]
    assert outcome.after == {
        "registered": True,
        "vault_name": "vault-asr",
        "name": "vmm01.corp.estate.test",
        "proxy": {"mode": "direct", "address": None, "port": None, "username": None, "bypass": []},
        "key_leftovers": [],
    }
    assert [told[2].friendly_name for told in found.stage.azure.told] == ["vmm01.corp.estate.test"]
    sent = found.sent("register_provider")
    assert sent["parameters"] == {
        "ConfiguratorPath": layout.vmm_folder("10.19") + r"\bin\DRConfigurator.exe",
        "FriendlyName": "vmm01.corp.estate.test",
        "KeyPath": KEY_PATH,
    }
    assert [secret["name"] for secret in sent["sensitive_parameters"]] == ["KeyContent"]
    assert not found.exists(KEY_PATH)
    assert found.run(noun()).changed is False


def test_a_new_server_behind_a_proxy(bench: MakeBench, key: str) -> None:
    found = bench(vmm_server(provider={}, egress="proxy"))
    wish = noun(key_path=key, name="given", proxy=login(found, bypass=["a.test", "b.test"]))
    outcome = found.run(wish)
    sent = found.sent("register_provider")
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
    assert [told[2].friendly_name for told in found.stage.azure.told] == ["VMMROLE"]


def test_a_proxy_of_before_goes_with_a_new_registration(bench: MakeBench, key: str) -> None:
    found = bench(SERVER, provider_proxy(ProxyAddress="http://old", ProxyPort="1", ProxyUserName="x"))
    outcome = found.run(noun(key_path=key))
    assert (outcome.before["proxy"]["mode"], outcome.after["proxy"]["mode"]) == ("custom", "direct")
    assert "use no proxy of its own" in outcome.plan.describe()


def test_leftovers_go_first(bench: MakeBench, key: str) -> None:
    found = bench(SERVER, all_of(staged, leftover))
    outcome = found.run(noun(key_path=key))
    assert found.scripts == ["observe", "remove_file", "register_provider", "observe"]
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
    assert found.scripts == ["observe", "configure_provider", "observe"]
    assert "BypassUrls" not in found.sent("configure_provider")["parameters"]
    assert outcome.after["proxy"]["bypass"] == ["a.test"]
    assert [change.path for change in outcome.plan.changes] == ["proxy.port", "proxy.password"]


def test_a_new_password(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy())
    outcome = found.run(noun(proxy=login(found), update_password="always"))
    assert found.scripts == ["observe", "set_run_as_password", "observe"]
    sent = found.sent("set_run_as_password")
    assert sent["parameters"] == {"AccountName": "DRAProxyAccount"}
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


def test_no_way_back_to_direct(bench: MakeBench) -> None:
    found = bench(SERVER, behind_proxy())
    with pytest.raises(Refused, match="no documented switch back to direct"):
        found.run(noun(proxy={"mode": "direct"}))
    assert found.scripts == ["observe"]


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
    found.lies["register_provider"] = {"exit_code": code, "log_tail": []}
    with pytest.raises(NotConverged, match="applied, but read back differently: register the server as"):
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
    assert outcome.warnings == ("DRConfigurator asks for a restart of the server (3010)",)


@pytest.mark.parametrize("script", ["remove_file", "register_provider"])
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
    sent = found.sent("register_provider")["sensitive_parameters"]
    assert sent == [
        {"name": "ProxyCredential", "username": PROXY_USER, "password": PROXY_PASSWORD},
        {"name": "KeyContent", "value": content},
    ]
    shown = f"{found.plain} {outcome!r} {made[0]!r} {made[0]._desired!r} {made[0]._key()!r}"
    assert [secret for secret in secrets if secret in shown] == []
    assert found.session.secrets == {PROXY_PASSWORD, content, " ".join(content.split())}


def test_no_secret_in_a_failure(bench: MakeBench, key: str) -> None:
    found = bench(SERVER)
    found.fail("DRConfigurator.exe", exit_code=1, message=f"login {PROXY_USER}/{PROXY_PASSWORD} refused")
    with pytest.raises(RemoteFailure) as failed:
        found.run(noun(key_path=key, proxy=login(found)))
    assert PROXY_PASSWORD not in f"{failed.value!r} {failed.value.to_result()}"
    assert f"login {PROXY_USER}/******** refused" in failed.value.message
