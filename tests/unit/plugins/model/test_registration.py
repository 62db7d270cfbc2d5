# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration of a VMM server: what is planned, refused and told in every state (P4 to P6, P8)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import registration as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration import (
    AppliedRegistration,
    DesiredRegistration,
)
from tests.unit.plugins.model import observations as seen
from tests.unit.plugins.model.keys import VAULT_ID

CANARY = "canary-p4ssw0rd"
CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
LOGIN = {**CUSTOM, "username": "u", "password": CANARY}
REGISTER = ["registered", "vault_name", "name"]
PROXY = ["proxy.mode", "proxy.address", "proxy.port"]
OWN = {"vault_name": "Vault-ASR"}
LEFT = {"key_leftovers": [r"C:\S\old.VaultCredentials"]}
PLACE = {"key": r"HKLM\A\Registration", "vault_name": "Vault-ASR"}
OLD_PLACE = {"key": r"HKLM\B\Registration", "vault_name": "old"}
PREVIEW = {"key": r"HKLM\C", "vault_name": None}
#: A server that believes in its registration.
GONE = {**OWN, "hive": PLACE["key"], "places": [PLACE], "thumbprints": ["AB"]}
SEEN, NOT_SEEN = ({"azure_registration": {"registered": registered}} for registered in (True, False))
CLEAN = {"remove_stale_registration": True}
DIRECT = {"proxy": {"mode": "direct"}}


def desired(**changed: Any) -> DesiredRegistration:
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
    return DesiredRegistration.from_options({**options, **changed})


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        *(
            ({"vault_id": text}, "vault_id: is not a resource id; give the id that the module vault returns")
            for text in ("", "vault-asr", VAULT_ID + "\n", VAULT_ID.rsplit("/", 1)[0])
        ),
        (
            {"vault_id": VAULT_ID.replace("Microsoft.RecoveryServices/vaults", "Microsoft.KeyVault/vaults")},
            "vault_id: names a Microsoft.KeyVault/vaults; give the id of a Recovery Services vault",
        ),
        ({"proxy": {"mode": "custom"}}, "proxy.address: is needed for mode custom; give it as http://name"),
        *(
            (
                {"registration_timeout": number},
                f"registration_timeout: {number} is not from 60 to 86400 seconds; give another number",
            )
            for number in (59, 86401)
        ),
        *(
            ({"name": name}, f"name: '{name}' is empty, or has spaces around it; write it without, or leave it out")
            for name in ("", " ", " vmm01", "vmm01 ")
        ),
        *(
            ({"name": name}, "name: has a quotation mark, a line break or another control character; write it without")
            for name in ('vmm"01', "vmm\n01", "vmm\u202801")
        ),
        (
            {"tenant_id": "contoso.example"},
            "tenant_id: 'contoso.example' is not the id of a tenant; give the id, not its domain",
        ),
        ({"name": "x" * 257}, "name: has 257 characters, more than 256; give a shorter one"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(changed: dict[str, Any], line: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        desired(**changed)
    assert refused.value.message == line


PLANS: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("not registered", {}, {}, REGISTER),
    ("not registered, direct", {}, {"proxy": {"mode": "direct"}}, REGISTER),
    ("not registered, custom", {}, {"proxy": CUSTOM}, [*REGISTER, *PROXY]),
    ("not registered, login", {}, {"proxy": LOGIN}, [*REGISTER, *PROXY, "proxy.username", "proxy.password"]),
    ("not registered, bypass", {}, {"proxy": {**CUSTOM, "bypass": ["a"]}}, [*REGISTER, *PROXY, "proxy.bypass"]),
    (
        "not registered, the proxy is there",
        {"proxy": seen.proxy(bypass=["a"])},
        {"proxy": CUSTOM},
        REGISTER,
    ),
    (
        "not registered, a proxy of before",
        {"proxy": seen.proxy(username="u", bypass=["a"])},
        {},
        [*REGISTER, *PROXY, "proxy.username", "proxy.bypass"],
    ),
    ("registered", OWN, {}, []),
    ("registered, another name asked for", OWN, {"name": "other"}, []),
    ("registered, direct", OWN, {"proxy": {"mode": "direct"}}, []),
    ("registered, a proxy that nobody wrote", {**OWN, "proxy": seen.proxy()}, {}, []),
    ("registered, the same proxy", {**OWN, "proxy": seen.proxy()}, {"proxy": CUSTOM}, []),
    ("registered, another port", {**OWN, "proxy": seen.proxy(port=80)}, {"proxy": CUSTOM}, ["proxy.port"]),
    ("registered, a first proxy", OWN, {"proxy": CUSTOM}, PROXY),
    (
        "registered, a first login",
        {**OWN, "proxy": seen.proxy()},
        {"proxy": LOGIN},
        ["proxy.username", "proxy.password"],
    ),
    ("registered, the same login", {**OWN, "proxy": seen.proxy(username="u")}, {"proxy": LOGIN}, []),
    (
        "registered, the same login always",
        {**OWN, "proxy": seen.proxy(username="u")},
        {"proxy": LOGIN, "update_password": "always"},
        ["proxy.password"],
    ),
    (
        "registered, more addresses go round",
        {**OWN, "proxy": seen.proxy(bypass=["a"])},
        {"proxy": {**CUSTOM, "bypass": ["a", "b"]}},
        ["proxy.bypass"],
    ),
    (
        "registered, the bypass list is emptied",
        {**OWN, "proxy": seen.proxy(bypass=["a", "b"])},
        {"proxy": {**CUSTOM, "bypass": []}},
        ["proxy.bypass"],
    ),
    (
        "registered, back to direct",
        {**OWN, "proxy": seen.proxy(username="u")},
        {**DIRECT, **SEEN},
        [*PROXY, "proxy.username"],
    ),
    ("gone, no consent", GONE, NOT_SEEN, []),
    ("gone, consent", GONE, {**CLEAN, **NOT_SEEN}, ["stale.keys", "stale.certificates", "registered"]),
    ("gone, consent, Azure was not asked", GONE, CLEAN, []),
    ("there, consent", GONE, {**CLEAN, **SEEN}, []),
    (
        "there, consent, an older place of another vault",
        {**GONE, "places": [PLACE, OLD_PLACE, PREVIEW]},
        {**CLEAN, **SEEN},
        ["stale.keys"],
    ),
    (
        "gone, consent, another vault may be the real one",
        {**GONE, "places": [PLACE, OLD_PLACE]},
        {**CLEAN, **NOT_SEEN},
        [],
    ),
    ("not registered, certificates left", {"thumbprints": ["AB"]}, {}, REGISTER),
    ("not registered, certificates left, consent", {"thumbprints": ["AB"]}, CLEAN, ["stale.certificates", *REGISTER]),
    ("not registered, the key of the preview, consent", {"places": [PREVIEW]}, CLEAN, ["stale.keys", *REGISTER]),
    ("leftovers, registered", {**OWN, **LEFT}, {}, ["key_leftovers"]),
    ("leftovers, not registered", LEFT, {}, ["key_leftovers", *REGISTER]),
]


@pytest.mark.parametrize(("facts", "changed", "paths"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_plan(facts: dict[str, Any], changed: dict[str, Any], paths: list[str]) -> None:
    plan = model.plan_registration(seen.vmm_server(registration=seen.registration(**facts)), desired(**changed))
    assert [change.path for change in plan.changes] == paths
    secret = ["proxy.password"] if "proxy.password" in paths else []
    assert [change.path for change in plan.changes if change.secret] == secret
    assert CANARY not in f"{plan!r} {plan.to_result()} {plan.describe()}"


@pytest.mark.parametrize(("facts", "changed", "paths"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_a_plan_needs_one_program(facts: dict[str, Any], changed: dict[str, Any], paths: list[str]) -> None:
    plan = model.plan_registration(seen.vmm_server(registration=seen.registration(**facts)), desired(**changed))
    kinds = (model.registers(plan), plan.touches("proxy"), model.changes_password_only(plan))
    proxy = [path for path in paths if path.startswith("proxy.")]
    assert kinds == (
        "registered" in paths,
        bool(proxy),
        paths == ["proxy.password"],
    )
    back = "proxy.mode" in paths and "registered" not in paths and changed["proxy"]["mode"] == "direct"
    assert (model.registers_again(plan), model.needs_key(plan)) == (back, back or "registered" in paths)
    assert model.cleans(plan) == any(path.startswith("stale.") for path in paths)
    assert model.removes_leftovers(plan) == ("key_leftovers" in paths)


@pytest.mark.parametrize(
    ("sections", "changed", "line"),
    [
        (
            {"registration": seen.registration(**OWN), "vmm": seen.vmm(ha_name="VMMROLE")},
            {"proxy": CUSTOM},
            "this VMM is highly available (cluster role VMMROLE), and a change of the Provider's proxy stops its"
            " service through the cluster: this machine has no cluster service; is it one of its nodes?",
        ),
        (
            {"vmm": seen.elsewhere()},
            {},
            "registration of a highly available VMM is done on the node that owns its cluster role VMMROLE, which is"
            " vmm02 and not VMM01; run there, or move the role here first (Move-ClusterGroup)",
        ),
        (
            {"vmm": None},
            {},
            "this machine runs no VMM server; put the VMM server into the group, not a console or a host",
        ),
        (
            {"registration": seen.registration(vault_name="other")},
            {},
            "this server is registered in vault other, asked for was vault-asr; a VMM server belongs to one vault:"
            " unregister it from other first, or give that vault",
        ),
        *(
            (
                {"provider": provider},
                {},
                "the Site Recovery Provider is not installed on this server; install it first"
                " (siterecovery.hyperv.provider)",
            )
            for provider in (None, seen.provider(adapter_present=False))
        ),
        *(
            (
                {"registration": seen.registration(**OWN, proxy=seen.proxy(username="u"))},
                {"proxy": {"mode": mode}},
                "proxy.mode: the Provider uses proxy http://proxy:8080, login u, and goes back to"
                f" {mode} only when the server is registered again under its name, which Azure must confirm first; give"
                " azure_registration with that name, or keep the custom proxy",
            )
            for mode in ("direct", "system")
        ),
        (
            {"registration": seen.registration(**OWN), "vmm": seen.vmm(running_jobs=1)},
            {"proxy": CUSTOM},
            "VMM runs 1 job, which the restart of its service after a change of the proxy would hurt; wait for the end,"
            " then run again, or set restart_vmm to always or never",
        ),
        (
            {"registration": seen.registration(**GONE), "vmm": seen.vmm(ha_name="VMMROLE")},
            {"remove_stale_registration": True, **NOT_SEEN},
            "remove_stale_registration: this VMM is highly available (cluster role VMMROLE), whose checkpoints of the registry would"
            " bring the keys back; use Microsoft's clean-up script (https://aka.ms/asr-cleanup-script-vmm)",
        ),
        *(
            (
                {"registration": seen.registration(encryption=True, **facts)},
                options,
                "the registration of this server says that data encryption is set up (EncryptionEnabled), which ended"
                " on 2022-04-30 (P7), and a change could take away what encrypted machines need; nothing was touched:"
                " end their protection, use a policy without encryption, unregister the server, then run again",
            )
            for facts, options in (
                ({}, {}),
                (OWN, {"proxy": CUSTOM}),
                (GONE, {"remove_stale_registration": True, **NOT_SEEN}),
            )
        ),
        (
            {"registration": seen.registration(**OWN, proxy=seen.proxy(port=80, username="u"))},
            {"proxy": CUSTOM},
            "proxy.username: the present proxy has the login u, whose password can't be read back; give username and"
            " password with the change",
        ),
    ],
)
def test_refused(sections: dict[str, Any], changed: dict[str, Any], line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_registration(seen.vmm_server(**sections), desired(**changed))
    assert refused.value.message == line


def test_a_provider_that_is_planned_counts_in_check_mode() -> None:
    plan = model.plan_registration(seen.vmm_server(provider=None), desired(), check_mode=True)
    assert model.registers(plan)


def test_a_foreign_vault_is_named_for_programs() -> None:
    with pytest.raises(Refused) as refused:
        model.plan_registration(seen.vmm_server(registration=seen.registration(vault_name="other")), desired())
    assert refused.value.details == {"registered": "other", "wanted": "vault-asr"}


@pytest.mark.parametrize(
    ("changed", "vmm", "name"),
    [
        ({}, {}, "vmm01.corp.test"),
        ({}, {"ha_name": "VMMROLE"}, "VMMROLE"),
        ({"name": "given"}, {"ha_name": "VMMROLE"}, "given"),
    ],
)
def test_the_servers_name(changed: dict[str, Any], vmm: dict[str, Any], name: str) -> None:
    assert desired(**changed).server_name(seen.vmm_server(vmm=seen.vmm(**vmm))) == name


def test_the_plan_is_laid_over_the_projection() -> None:
    machine, wish = seen.vmm_server(registration=seen.registration(**LEFT)), desired(proxy=LOGIN)
    planned = apply_changes(model.registration_result(machine, wish), model.plan_registration(machine, wish).changes)
    assert planned == {
        "registered": True,
        "vault_name": "vault-asr",
        "name": "vmm01.corp.test",
        "proxy": {**CUSTOM, "username": "u", "bypass": []},
        "restart_due": False,
        "key_leftovers": [],
        "stale": {"keys": [], "certificates": []},
    }


@pytest.mark.parametrize(
    ("proxy", "steps"),
    [
        (None, ("P4", "P5", "P6a", "P8")),
        ({"mode": "direct"}, ("P4", "P5", "P6a", "P8")),
        ({"mode": "system"}, ("P4", "P5", "P6b", "P8")),
        (CUSTOM, ("P4", "P5", "P6c", "P8")),
        (LOGIN, ("P4", "P5", "P6c", "P6e", "P8")),
    ],
)
def test_steps_follow_the_way_to_the_internet(proxy: dict[str, Any] | None, steps: tuple[str, ...]) -> None:
    assert desired(proxy=proxy).steps == steps


SEES = {"system_proxy": {"enabled": True, "server": "proxy:8080", "bypass": []}}


@pytest.mark.parametrize(
    ("step", "facts", "host", "changed", "told"),
    [
        ("P4", {}, {}, {}, "not registered"),
        (
            "P4",
            {},
            {},
            {"azure_registration": {"registered": True}},
            "not registered, but Azure shows a server of its name",
        ),
        ("P4", {}, {}, {"azure_registration": {"registered": False}}, "not registered"),
        ("P4", OWN, {}, {}, "registered, not confirmed in Azure"),
        ("P4", OWN, {}, {"azure_registration": {"registered": True}}, "registered, confirmed in Azure"),
        ("P4", OWN, {}, {"azure_registration": {"registered": False}}, "registered, Azure does not show it yet"),
        ("P5", {}, {}, {}, "no vault"),
        ("P5", OWN, {}, {}, "vault Vault-ASR"),
        ("P6a", OWN, {}, {}, "no proxy of its own"),
        ("P6a", {**OWN, "proxy": seen.proxy()}, {}, {}, "proxy http://proxy:8080"),
        (
            "P6b",
            OWN,
            SEES,
            {"proxy": {"mode": "system"}},
            "no proxy of its own; the service's account sees the proxy proxy:8080 (not verified on a real server)",
        ),
        (
            "P6b",
            OWN,
            {},
            {"proxy": {"mode": "system"}},
            "no proxy of its own; which proxy the service's account sees is not known (not verified on a real server)",
        ),
        ("P6c", OWN, SEES, {"proxy": CUSTOM}, "no proxy of its own"),
        ("P6c", {**OWN, "proxy": seen.proxy(username="u")}, {}, {"proxy": CUSTOM}, "proxy http://proxy:8080, login u"),
        ("P6e", OWN, {}, {"proxy": LOGIN}, "no Run As account DRAProxyAccount"),
        ("P6e", {**OWN, "run_as_account": "DRAProxyAccount"}, {}, {"proxy": LOGIN}, "Run As account DRAProxyAccount"),
        ("P8", {}, {}, {"name": "n"}, "no name in a vault"),
        ("P8", OWN, {}, {"name": "n"}, "name n, not confirmed in Azure"),
        ("P8", OWN, {}, {"name": "n", "azure_registration": {"registered": True}}, "name n, confirmed in Azure"),
    ],
)
def test_what_is_told(
    step: str, facts: dict[str, Any], host: dict[str, Any], changed: dict[str, Any], told: str
) -> None:
    machine = seen.vmm_server(registration=seen.registration(**facts), host=seen.host(**host))
    assert model.summary(step, machine, desired(**changed)) == told


def test_every_change_belongs_to_a_step() -> None:
    wish = desired(proxy=LOGIN)
    plan = model.plan_registration(seen.vmm_server(registration=seen.registration(**LEFT)), wish)
    parts = {step: model.changes_for_step(step, plan) for step in wish.steps}
    assert {change.path for part in parts.values() for change in part.changes} == {
        change.path for change in plan.changes
    }
    assert parts["P6e"].describe() == "keep the login in DRAProxyAccount"
    assert parts["P5"].describe() == "use vault vault-asr"


@pytest.mark.parametrize("name", ["vmm01", "VMM-Größe 1", "仮想サーバー", "x" * 256])
def test_a_name_in_any_language(name: str) -> None:
    assert desired(name=name).name == name


LATE = "; it can take 30 minutes to show up, and another name in the vault would look the same"
CLEANS = "remove_stale_registration removes this after an export"
ENCRYPTED = (
    "the registration of this server says that data encryption is set up (EncryptionEnabled), which ended on 2022-04-30"
    " (P7): encrypted machines can't fail over any more; nothing was touched"
)
LOST = "VMM has no Run As account DRAProxyAccount with the proxy's login; update_password: always makes it anew"
LOGIN_STORED = {**OWN, "proxy": seen.proxy(username="u")}


@pytest.mark.parametrize(
    ("facts", "vmm", "changed", "lines"),
    [
        ({}, {}, {}, []),
        (GONE, {}, {}, []),
        (GONE, {}, SEEN, []),
        (
            GONE,
            {},
            NOT_SEEN,
            [
                "the server says that it is registered in vault Vault-ASR, but Azure shows no server of its name there:"
                rf" registry key HKLM\A\Registration, certificate AB{LATE}; {CLEANS}"
            ],
        ),
        (GONE, {}, {**CLEAN, **NOT_SEEN}, []),
        (
            {**GONE, "places": [PLACE, OLD_PLACE]},
            {},
            SEEN,
            [
                "Azure confirms the registration, and an older one was left beside it: registry key"
                rf" HKLM\B\Registration; {CLEANS}"
            ],
        ),
        (
            {"thumbprints": ["AB", "CD"]},
            {},
            {},
            [
                "the server is not registered, but has parts of a registration that is gone: certificate AB,"
                f" certificate CD; {CLEANS}"
            ],
        ),
        ({**OWN, "encryption": True}, {}, {}, [ENCRYPTED]),
        (OWN, {"ha_name": "VMMROLE"}, {"name": "vmmrole"}, []),
        (
            OWN,
            {"ha_name": "VMMROLE"},
            {"name": "vmm01"},
            [
                "name: vmm01 is not the name of the cluster role VMMROLE, by which a highly available VMM is registered"
                " as a rule"
            ],
        ),
        (LOGIN_STORED, {}, {"proxy": LOGIN}, [LOST]),
        (LOGIN_STORED, {"service": seen.STOPPED}, {"proxy": LOGIN}, []),
        ({**LOGIN_STORED, "run_as_account": "DRAProxyAccount"}, {}, {"proxy": LOGIN}, []),
    ],
)
def test_what_a_plain_run_warns_of(
    facts: dict[str, Any], vmm: dict[str, Any], changed: dict[str, Any], lines: list[str]
) -> None:
    machine = seen.vmm_server(registration=seen.registration(**facts), vmm=seen.vmm(**vmm))
    assert list(model.warnings(machine, desired(**changed))) == lines


def test_what_azure_showed_before_says_nothing_of_a_fresh_registration() -> None:
    machine, wish = seen.vmm_server(registration=seen.registration(**GONE)), desired(**CLEAN, **NOT_SEEN)
    assert model.plan_registration(machine, wish, applied=AppliedRegistration(registered=True)).changes == ()
    assert model.warnings(machine, wish, applied=AppliedRegistration(registered=True)) == ()


@pytest.mark.parametrize("policy", ["always", "never"])
def test_running_jobs_do_not_stop_who_says_so(policy: str) -> None:
    machine = seen.vmm_server(registration=seen.registration(**OWN), vmm=seen.vmm(running_jobs=3))
    plan = model.plan_registration(machine, desired(proxy=CUSTOM, restart_vmm=policy))
    end = "is not restarted" if policy == "never" else "is restarted"
    assert plan.describe() == f"change the Provider's proxy; the VMM service {end}"


def test_running_jobs_do_not_matter_when_nothing_changes() -> None:
    machine = seen.vmm_server(registration=seen.registration(**OWN), vmm=seen.vmm(running_jobs=3))
    assert model.plan_registration(machine, desired()).changes == ()


DUE: dict[str, Any] = {"restart_due": True}


@pytest.mark.parametrize(
    ("wish", "jobs", "planned"),
    [
        ({}, 0, ["restart_due"]),
        ({"restart_vmm": "always"}, 3, ["restart_due"]),
        ({"restart_vmm": "never"}, 0, []),
        ({"proxy": CUSTOM}, 0, ["proxy.mode", "proxy.address", "proxy.port"]),
    ],
)
def test_a_restart_that_is_due_is_made_once(wish: dict[str, Any], jobs: int, planned: list[str]) -> None:
    machine = seen.vmm_server(registration=seen.registration(**OWN), vmm=seen.vmm(running_jobs=jobs, **DUE))
    assert [change.path for change in model.plan_registration(machine, desired(**wish)).changes] == planned
    assert bool(model.warnings(machine, desired(**wish))) == (wish.get("restart_vmm") == "never")


def test_a_restart_that_is_due_hurts_no_job() -> None:
    machine = seen.vmm_server(registration=seen.registration(**OWN), vmm=seen.vmm(running_jobs=3, **DUE))
    with pytest.raises(Refused, match="VMM runs 3 jobs"):
        model.plan_registration(machine, desired())
    assert model.plan_registration(machine, desired(), applied=AppliedRegistration(restart_deferred=True)).changes == ()


@pytest.mark.parametrize(
    ("stored", "wanted", "sent"),
    [
        ([], None, None),
        (["a"], None, None),
        ([], [], None),
        (["a"], [], []),
        (["a"], ["a"], ["a"]),
        (["a"], ["b"], ["b"]),
    ],
)
def test_an_empty_list_is_sent_only_to_empty_one(
    stored: list[str], wanted: list[str] | None, sent: list[str] | None
) -> None:
    facts = seen.registration(**OWN, proxy=seen.proxy(port=80, bypass=stored))
    wish = desired(proxy={**CUSTOM, "bypass": wanted})
    plan = model.plan_registration(seen.vmm_server(registration=facts), wish)
    assert model.sent_bypass(plan, wish.proxy) == sent
