# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results, evidence and warnings of a registration (P4 to P6, P8)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import registration_report as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.registration import plan_registration
from tests.unit.plugins.module_utils.model.windows import observations as seen
from tests.unit.plugins.module_utils.model.windows.keys import VAULT_ID
from tests.unit.plugins.module_utils.model.windows.registrations import (
    ABSENT,
    CLEAN_UP,
    CONFIRMED,
    CUSTOM,
    LEFTOVERS,
    LOGIN,
    NOT_CONFIRMED,
    OLD_PLACE,
    OWN,
    PLACE,
    PREVIEW,
    REGISTERED,
    VMM_ID,
    absent,
    desired,
)


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
def test_steps_follow_the_proxy_mode(proxy: dict[str, Any] | None, steps: tuple[str, ...]) -> None:
    assert desired(proxy=proxy).steps == steps


def test_the_planned_result() -> None:
    machine, wanted = seen.vmm_server(registration=seen.registration(**LEFTOVERS)), desired(proxy=LOGIN)
    planned = apply_changes(model.registration_result(machine, wanted), plan_registration(machine, wanted).changes)
    assert planned == {
        "registered": True,
        "vault_name": "vault-asr",
        "name": "vmm01.corp.test",
        "proxy": {**CUSTOM, "username": "u", "bypass": []},
        "restart_due": False,
        "orphaned_key_files": [],
        "stale": {"keys": [], "certificates": []},
    }


SEES = {"system_proxy": {"enabled": True, "server": "proxy:8080", "bypass": []}}


@pytest.mark.parametrize(
    ("step", "facts", "host", "changed", "text"),
    [
        ("P4", {}, {}, {}, "not registered"),
        (
            "P4",
            {},
            {},
            {"azure_registration": {"registered": True}},
            "not registered, but Azure shows a server with its name",
        ),
        ("P4", {}, {}, {"azure_registration": {"registered": False}}, "not registered"),
        ("P4", OWN, {}, {}, "registered, not confirmed in Azure"),
        ("P4", OWN, {}, {"azure_registration": {"registered": True}}, "registered, confirmed in Azure"),
        ("P4", OWN, {}, {"azure_registration": {"registered": False}}, "registered, not visible in Azure yet"),
        ("P5", {}, {}, {}, "no vault"),
        ("P5", OWN, {}, {}, "vault Vault-ASR"),
        ("P6a", OWN, {}, {}, "no custom proxy"),
        ("P6a", {**OWN, "proxy": seen.proxy()}, {}, {}, "proxy http://proxy:8080"),
        (
            "P6b",
            OWN,
            SEES,
            {"proxy": {"mode": "system"}},
            "no custom proxy; the service account uses the proxy proxy:8080 (not verified on a live system)",
        ),
        (
            "P6b",
            OWN,
            {},
            {"proxy": {"mode": "system"}},
            "no custom proxy; the proxy settings of the service account are unknown (not verified on a live system)",
        ),
        ("P6c", OWN, SEES, {"proxy": CUSTOM}, "no custom proxy"),
        ("P6c", {**OWN, "proxy": seen.proxy(username="u")}, {}, {"proxy": CUSTOM}, "proxy http://proxy:8080, user u"),
        ("P6e", OWN, {}, {"proxy": LOGIN}, "no Run As account DRAProxyAccount"),
        ("P6e", {**OWN, "run_as_account": "DRAProxyAccount"}, {}, {"proxy": LOGIN}, "Run As account DRAProxyAccount"),
        ("P8", {}, {}, {"name": "n"}, "no name in a vault"),
        ("P8", OWN, {}, {"name": "n"}, "name n, not confirmed in Azure"),
        ("P8", OWN, {}, {"name": "n", "azure_registration": {"registered": True}}, "name n, confirmed in Azure"),
    ],
)
def test_summary(step: str, facts: dict[str, Any], host: dict[str, Any], changed: dict[str, Any], text: str) -> None:
    machine = seen.vmm_server(registration=seen.registration(**facts), host=seen.host(**host))
    assert model.summary(step, machine, desired(**changed)) == text


def test_every_change_belongs_to_a_step() -> None:
    wanted = desired(proxy=LOGIN)
    plan = plan_registration(seen.vmm_server(registration=seen.registration(**LEFTOVERS)), wanted)
    parts = {step: model.changes_for_step(step, plan) for step in wanted.steps}
    assert {change.path for part in parts.values() for change in part.changes} == {
        change.path for change in plan.changes
    }
    assert parts["P6e"].describe() == "store the login in DRAProxyAccount"
    assert parts["P5"].describe() == "use vault vault-asr"


LATE = "; a new registration can take 30 minutes to appear"
CONSENT = "set remove_stale_registration to export and remove them"
ENCRYPTED = (
    "the registration uses data encryption (EncryptionEnabled), which was retired on 2022-04-30; encrypted machines"
    " cannot fail over, and a change could make their data unreadable; stop their protection, use a policy without"
    " encryption, unregister the server, then run again"
)
LOST = (
    "VMM has no Run As account DRAProxyAccount for the login of the proxy;"
    " set update_password to always to create it again"
)
LOGIN_STORED = {**OWN, "proxy": seen.proxy(username="u")}


@pytest.mark.parametrize(
    ("facts", "vmm", "changed", "lines"),
    [
        ({}, {}, {}, []),
        (REGISTERED, {}, {}, []),
        (REGISTERED, {}, CONFIRMED, []),
        (
            REGISTERED,
            {},
            ABSENT,
            [
                f"the server is configured for vault Vault-ASR, but vault {VAULT_ID} does not show it:"
                rf" registry key HKLM\A\Registration, certificate AB{LATE} in Azure; {CONSENT}"
            ],
        ),
        (REGISTERED, {}, {**CLEAN_UP, **ABSENT}, []),
        *(
            (
                REGISTERED,
                {},
                {**CLEAN_UP, **view},
                [
                    f"the server is configured for vault Vault-ASR, but vault {VAULT_ID} does not show it{LATE};"
                    f" nothing is removed: {reason}"
                ],
            )
            for view, reason in (
                (
                    NOT_CONFIRMED,
                    f"azure_registration does not show that vault {VAULT_ID} was read; read it with option servers of"
                    " siterecovery.hyperv.vmm_server_info, and set azure_registration",
                ),
                (
                    absent("x"),
                    f"the vault was not searched for the server's VMM id {VMM_ID}; read it with option servers of"
                    " siterecovery.hyperv.vmm_server_info, and set azure_registration",
                ),
                (
                    absent(other_servers=["VMM01"]),
                    "the vault has VMM servers that no name of this run claims (VMM01), and one of them can be this"
                    " server; add them to the inventory, or remove them from the vault",
                ),
                (
                    absent(same_named_vaults=["/a", "/b"]),
                    "other vaults are also named vault-asr (/a, /b), and the server can be registered there; unregister"
                    " it there, or use that vault",
                ),
                (
                    absent(same_named_vaults=None),
                    "other vaults named vault-asr were not looked for; let the login list the vaults of the"
                    " subscription, which the role Reader allows",
                ),
            )
        ),
        ({**REGISTERED, "places": [PLACE, OLD_PLACE]}, {}, CONFIRMED, []),
        (
            {**REGISTERED, "places": [PLACE, PREVIEW]},
            {},
            CONFIRMED,
            [
                "Azure confirms the registration, but the server also has parts of an earlier one: registry key"
                rf" HKLM\C; {CONSENT}"
            ],
        ),
        (
            REGISTERED,
            {},
            {"azure_registration": {"registered": True, "name": "VMM-OLD", "vmm_id": VMM_ID.upper()}},
            [
                "the vault knows this server as VMM-OLD, not as vmm01.corp.test; the name of a registration is kept, so"
                " set name to VMM-OLD"
            ],
        ),
        (
            {"thumbprints": ["AB", "CD"]},
            {},
            {},
            [
                "the server is not registered, but has parts of an earlier registration: certificate AB,"
                f" certificate CD; {CONSENT}"
            ],
        ),
        ({**OWN, "encryption": True}, {}, {}, [ENCRYPTED]),
        (OWN, {"ha_name": "VMMROLE"}, {"name": "vmmrole"}, []),
        (
            OWN,
            {"ha_name": "VMMROLE"},
            {"name": "vmm01"},
            [
                "name vmm01 is not the name of the cluster role VMMROLE, under which a highly available VMM is usually"
                " registered"
            ],
        ),
        (LOGIN_STORED, {}, {"proxy": LOGIN}, [LOST]),
        (LOGIN_STORED, {"service": seen.STOPPED}, {"proxy": LOGIN}, []),
        ({**LOGIN_STORED, "run_as_account": "DRAProxyAccount"}, {}, {"proxy": LOGIN}, []),
    ],
)
def test_warnings(facts: dict[str, Any], vmm: dict[str, Any], changed: dict[str, Any], lines: list[str]) -> None:
    machine = seen.vmm_server(registration=seen.registration(**facts), vmm=seen.vmm(**vmm))
    assert list(model.warnings(machine, desired(**changed))) == lines
