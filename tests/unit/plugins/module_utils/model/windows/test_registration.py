# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration of a VMM server: plans and refusals in every state (P4 to P6, P8)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import registration as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration import AppliedRegistration
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration_report import warnings
from tests.unit.plugins.module_utils.model.windows import observations as seen
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID
from tests.unit.plugins.module_utils.model.windows.registrations import (
    ABSENT,
    CANARY,
    CLEAN_UP,
    CONFIRMED,
    CUSTOM,
    DIRECT,
    LEFTOVERS,
    LOGIN,
    NOT_CONFIRMED,
    OLD_PLACE,
    OWN,
    PLACE,
    PREVIEW,
    REGISTERED,
    absent,
    desired,
)

REGISTER = ["registered", "vault_name", "name"]
KEY_VAULT_ID = VAULT_ID.replace("Microsoft.RecoveryServices/vaults", "Microsoft.KeyVault/vaults")
GIVE_ID = "give /subscriptions/.../resourceGroups/.../providers/Microsoft.RecoveryServices/vaults/<name>"
PROXY = ["proxy.mode", "proxy.address", "proxy.port"]


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        *(
            ({"vault_id": text}, f"vault_id: '{text}' is not the id of a vault; {GIVE_ID}")
            for text in ("", "vault-asr", VAULT_ID.rsplit("/", 1)[0], KEY_VAULT_ID)
        ),
        ({"vault_id": VAULT_ID + "\n"}, f"vault_id: '{VAULT_ID} ' is not the id of a vault; {GIVE_ID}"),
        ({"proxy": {"mode": "custom"}}, "proxy.address is required when mode is custom; set it to http://<name>"),
        *(
            (
                {"registration_timeout": number},
                f"registration_timeout must be from 60 to 86400 seconds, not {number}; correct the number",
            )
            for number in (59, 86401)
        ),
        *(
            (
                {"name": name},
                "name must not be empty, and must not start or end with a blank: "
                f"{' '.join(repr(name).split())}; correct it, or remove the option",
            )
            for name in ("", " ", " vmm01", "vmm01 ")
        ),
        *(
            (
                {"name": name},
                "name must not contain a quotation mark, a line break or another control character; remove it",
            )
            for name in ('vmm"01', "vmm\n01", "vmm\u202801")
        ),
        (
            {"tenant_id": "contoso.example"},
            "tenant_id must be a GUID, not 'contoso.example'; use the tenant's id, not its domain",
        ),
        ({"name": "x" * 257}, "name must have at most 256 characters, not 257; use a shorter name"),
    ],
)
def test_an_invalid_option_is_rejected_in_one_line(changed: dict[str, Any], line: str) -> None:
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
        "not registered, the same proxy",
        {"proxy": seen.proxy(bypass=["a"])},
        {"proxy": CUSTOM},
        REGISTER,
    ),
    (
        "not registered, another proxy",
        {"proxy": seen.proxy(username="u", bypass=["a"])},
        {},
        [*REGISTER, *PROXY, "proxy.username", "proxy.bypass"],
    ),
    ("registered", OWN, {}, []),
    ("registered, another name requested", OWN, {"name": "other"}, []),
    ("registered, direct", OWN, {"proxy": {"mode": "direct"}}, []),
    ("registered, a proxy that is not set", {**OWN, "proxy": seen.proxy()}, {}, []),
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
        "registered, more bypassed addresses",
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
        "registered, return to direct",
        {**OWN, "proxy": seen.proxy(username="u")},
        {**DIRECT, **CONFIRMED},
        [*PROXY, "proxy.username"],
    ),
    ("stale, no consent", REGISTERED, NOT_CONFIRMED, []),
    ("not proven absent, consent", REGISTERED, {**CLEAN_UP, **NOT_CONFIRMED}, []),
    ("another vault of the same name, consent", REGISTERED, {**CLEAN_UP, **absent(same_named_vaults=["/v"])}, []),
    ("a server that nothing claims, consent", REGISTERED, {**CLEAN_UP, **absent(other_servers=["VMM01"])}, []),
    ("the vault was searched for another id, consent", REGISTERED, {**CLEAN_UP, **absent("x")}, []),
    ("stale, consent", REGISTERED, {**CLEAN_UP, **ABSENT}, ["stale.keys", "stale.certificates", "registered"]),
    ("stale, consent, Azure was not asked", REGISTERED, CLEAN_UP, []),
    ("confirmed, consent", REGISTERED, {**CLEAN_UP, **CONFIRMED}, []),
    (
        "confirmed, consent, an older place of another vault",
        {**REGISTERED, "places": [PLACE, OLD_PLACE, PREVIEW]},
        {**CLEAN_UP, **CONFIRMED},
        ["stale.keys"],
    ),
    (
        "stale, consent, a place of another vault",
        {**REGISTERED, "places": [PLACE, OLD_PLACE]},
        {**CLEAN_UP, **ABSENT},
        [],
    ),
    ("not registered, certificates left", {"thumbprints": ["AB"]}, {}, REGISTER),
    (
        "not registered, certificates left, consent",
        {"thumbprints": ["AB"]},
        CLEAN_UP,
        ["stale.certificates", *REGISTER],
    ),
    ("not registered, the key of the preview, consent", {"places": [PREVIEW]}, CLEAN_UP, ["stale.keys", *REGISTER]),
    ("leftovers, registered", {**OWN, **LEFTOVERS}, {}, ["orphaned_key_files"]),
    ("leftovers, not registered", LEFTOVERS, {}, ["orphaned_key_files", *REGISTER]),
]


@pytest.mark.parametrize(("facts", "changed", "paths"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_plan(facts: dict[str, Any], changed: dict[str, Any], paths: list[str]) -> None:
    plan = model.plan_registration(seen.vmm_server(registration=seen.registration(**facts)), desired(**changed))
    assert [change.path for change in plan.changes] == paths
    secret = ["proxy.password"] if "proxy.password" in paths else []
    assert [change.path for change in plan.changes if change.secret] == secret
    assert CANARY not in f"{plan!r} {plan.to_result()} {plan.describe()}"


@pytest.mark.parametrize(("facts", "changed", "paths"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_a_plan_runs_one_program(facts: dict[str, Any], changed: dict[str, Any], paths: list[str]) -> None:
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
    assert model.cleans_up(plan) == any(path.startswith("stale.") for path in paths)
    assert model.removes_leftovers(plan) == ("orphaned_key_files" in paths)


@pytest.mark.parametrize(
    ("sections", "changed", "check", "line"),
    [
        (
            {"registration": seen.registration(**OWN), "vmm": seen.vmm(ha_name="VMMROLE")},
            {"proxy": CUSTOM},
            "cluster",
            "VMM is highly available (cluster role VMMROLE), and its service cannot be managed through the cluster:"
            " this machine has no cluster service; use a node of the cluster",
        ),
        (
            {"vmm": seen.elsewhere()},
            {},
            "active-node",
            "registration and clouds of a highly available VMM are managed on the node that owns its cluster role"
            " VMMROLE, which is vmm02 and not VMM01; run there, or move the role here first (Move-ClusterGroup)",
        ),
        (
            {"vmm": None},
            {},
            "vmm",
            "this machine is not a VMM server; use the VMM server itself; its console is not enough",
        ),
        (
            {"registration": seen.registration(vault_name="other")},
            {},
            "vault",
            "the server is registered in vault other, not in vault-asr; a VMM server belongs to one vault; unregister"
            " it from other first, or use that vault",
        ),
        *(
            (
                {"provider": provider},
                {},
                "provider",
                f"the Site Recovery Provider is {state}; install the Provider first (siterecovery.hyperv.provider)",
            )
            for provider, state in (
                (None, "not installed"),
                (seen.provider(adapter_present=False), "installed incompletely"),
            )
        ),
        *(
            (
                {"registration": seen.registration(**OWN, proxy=seen.proxy(username="u"))},
                {"proxy": {"mode": mode}},
                "proxy-reset",
                f"the Provider uses proxy http://proxy:8080, user u, and returns to {mode} only when the server is"
                " registered again under a name that Azure confirms; set azure_registration, or keep the custom proxy",
            )
            for mode in ("direct", "system")
        ),
        (
            {"registration": seen.registration(**OWN), "vmm": seen.vmm(running_jobs=seen.jobs(1))},
            {"proxy": CUSTOM, "running_jobs": "refuse"},
            "vmm-jobs",
            "1 VMM job is running: 'Create virtual machine' (LAB\\anna, 35 %, for 12 min), which a stop of the VMM"
            " service would interrupt; wait until no job runs, then run again, or set running_jobs to wait or ignore",
        ),
        (
            {"registration": seen.registration(**REGISTERED), "vmm": seen.vmm(ha_name="VMMROLE")},
            {**CLEAN_UP, **ABSENT},
            "stale-registration",
            "VMM is highly available (cluster role VMMROLE), and its cluster checkpoints would restore the registry"
            " keys of the stale registration; set remove_stale_registration to false and use Microsoft's cleanup"
            " script (https://aka.ms/asr-cleanup-script-vmm)",
        ),
        *(
            (
                {"registration": seen.registration(encryption=True, **facts)},
                options,
                "data-encryption",
                "the registration uses data encryption (EncryptionEnabled), which was retired on 2022-04-30; encrypted"
                " machines cannot fail over, and a change could make their data unreadable; stop their protection, use"
                " a policy without encryption, unregister the server, then run again",
            )
            for facts, options in (
                ({}, {}),
                (OWN, {"proxy": CUSTOM}),
                (REGISTERED, {**CLEAN_UP, **ABSENT}),
                ({**OWN, **LEFTOVERS}, {}),
            )
        ),
        (
            {"registration": seen.registration(**OWN, proxy=seen.proxy(port=80, username="u"))},
            {"proxy": CUSTOM},
            "proxy-login",
            "the stored proxy uses the login u, whose password cannot be read back; set proxy.username and"
            " proxy.password",
        ),
        (
            {"host": seen.host(is_administrator=False)},
            {},
            "elevated",
            r"CORP\asr-admin is not an elevated administrator on VMM01; connect as a local administrator"
            r" who is also a VMM"
            " administrator",
        ),
    ],
)
def test_refusals(sections: dict[str, Any], changed: dict[str, Any], check: str, line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_registration(seen.vmm_server(**sections), desired(**changed))
    assert (refused.value.details, refused.value.message) == ({"check": check}, line)


def test_a_planned_provider_counts_in_check_mode() -> None:
    plan = model.plan_registration(seen.vmm_server(provider=None), desired(), check_mode=True)
    assert model.registers(plan)


@pytest.mark.parametrize(
    ("changed", "vmm", "name"),
    [
        ({}, {}, "vmm01.corp.test"),
        ({}, {"ha_name": "VMMROLE"}, "VMMROLE"),
        ({"name": "given"}, {"ha_name": "VMMROLE"}, "given"),
    ],
)
def test_the_name_in_the_vault(changed: dict[str, Any], vmm: dict[str, Any], name: str) -> None:
    assert desired(**changed).server_name(seen.vmm_server(vmm=seen.vmm(**vmm))) == name


@pytest.mark.parametrize("name", ["vmm01", "VMM-Größe 1", "仮想サーバー", "x" * 256])
def test_names_in_any_language(name: str) -> None:
    assert desired(name=name).name == name


def test_after_a_registration_azures_earlier_view_is_ignored() -> None:
    machine, wanted = (
        seen.vmm_server(registration=seen.registration(**REGISTERED)),
        desired(**CLEAN_UP, **NOT_CONFIRMED),
    )
    assert model.plan_registration(machine, wanted, applied=AppliedRegistration(registered=True)).changes == ()
    assert warnings(machine, wanted, applied=AppliedRegistration(registered=True)) == ()


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize("choice", ["wait", "ignore"])
def test_running_jobs_can_be_waited_for_or_ignored(choice: str, restart: bool) -> None:
    machine = seen.vmm_server(registration=seen.registration(**OWN), vmm=seen.vmm(running_jobs=seen.jobs(3)))
    plan = model.plan_registration(machine, desired(proxy=CUSTOM, running_jobs=choice, restart_vmm=restart))
    action = "restart" if restart else "do not restart"
    assert plan.describe() == f"change the Provider's proxy; {action} the VMM service"


def test_running_jobs_do_not_matter_when_nothing_changes() -> None:
    machine = seen.vmm_server(registration=seen.registration(**OWN), vmm=seen.vmm(running_jobs=seen.jobs(3)))
    assert model.plan_registration(machine, desired()).changes == ()


DUE: dict[str, Any] = {"restart_due": True}


@pytest.mark.parametrize(
    ("changed", "jobs", "planned"),
    [
        ({}, 0, ["restart_due"]),
        ({"running_jobs": "ignore"}, 3, ["restart_due"]),
        ({"restart_vmm": False}, 0, []),
        ({"proxy": CUSTOM}, 0, ["proxy.mode", "proxy.address", "proxy.port"]),
    ],
)
def test_a_due_restart_is_planned_once(changed: dict[str, Any], jobs: int, planned: list[str]) -> None:
    machine = seen.vmm_server(registration=seen.registration(**OWN), vmm=seen.vmm(running_jobs=seen.jobs(jobs), **DUE))
    assert [change.path for change in model.plan_registration(machine, desired(**changed)).changes] == planned
    assert bool(warnings(machine, desired(**changed))) == (changed.get("restart_vmm") is False)


def test_a_due_restart_interrupts_no_job() -> None:
    machine = seen.vmm_server(registration=seen.registration(**OWN), vmm=seen.vmm(running_jobs=seen.jobs(3), **DUE))
    with pytest.raises(Refused, match="3 VMM jobs are running"):
        model.plan_registration(machine, desired(running_jobs="refuse"))
    assert model.plan_registration(machine, desired(), applied=AppliedRegistration(restart_deferred=True)).changes == ()


@pytest.mark.parametrize(
    ("stored", "requested", "sent"),
    [
        ([], None, None),
        (["a"], None, None),
        ([], [], None),
        (["a"], [], []),
        (["a"], ["a"], ["a"]),
        (["a"], ["b"], ["b"]),
    ],
)
def test_an_empty_bypass_list_is_sent_only_to_empty_the_stored_one(
    stored: list[str], requested: list[str] | None, sent: list[str] | None
) -> None:
    facts = seen.registration(**OWN, proxy=seen.proxy(port=80, bypass=stored))
    wanted = desired(proxy={**CUSTOM, "bypass": requested})
    plan = model.plan_registration(seen.vmm_server(registration=facts), wanted)
    assert model.bypass_argument(plan, wanted.proxy) == sent
