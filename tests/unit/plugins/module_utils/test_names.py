# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, ids, regions, waiting, and error messages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common import names
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.durations import duration
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import (
    AccessDenied,
    DeadlineExceeded,
    InvalidInput,
    RemoteFailure,
    Unreachable,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.names import (
    ResourceId,
    region,
    same_id,
    same_name,
)
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.waiting import (
    interval,
    is_passing,
)

VAULT = "/subscriptions/s1/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/vault-dr"
SEGMENTS = st.text(st.characters(codec="utf-8", exclude_characters="/\n\r", exclude_categories=["Zl", "Zp", "Cc"]))
LETTERS = st.text("abcDEF019 ", min_size=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (VAULT, ("s1", "rg-dr", "Microsoft.RecoveryServices/vaults", "vault-dr")),
        (
            VAULT.replace("/subscriptions/", "/Subscriptions/"),
            ("s1", "rg-dr", "Microsoft.RecoveryServices/vaults", "vault-dr"),
        ),
        (
            VAULT.replace("resourceGroups", "resourcegroups") + "/",
            ("s1", "rg-dr", "Microsoft.RecoveryServices/vaults", "vault-dr"),
        ),
        (VAULT.replace("rg-dr", "gruppe-ä(1)"), ("s1", "gruppe-ä(1)", "Microsoft.RecoveryServices/vaults", "vault-dr")),
        (
            f"{VAULT}/replicationFabrics/f1",
            ("s1", "rg-dr", "Microsoft.RecoveryServices/vaults/vault-dr/replicationFabrics", "f1"),
        ),
    ],
)
def test_an_id_is_split(text: str, expected: tuple[str, ...]) -> None:
    found = ResourceId.parse(text)
    assert (found.subscription_id, found.resource_group, found.provider_type, found.name) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vault-dr",
        VAULT[1:],
        "/subscriptions/s1",
        "/subscriptions/s1/resourceGroups/rg-dr",
        "/subscriptions/s1/resourceGroups/rg-dr/providers/",
        "/subscriptions/s1/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices",
        "/subscriptions/s1/resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults",
        "/subscriptions//resourceGroups/rg-dr/providers/Microsoft.RecoveryServices/vaults/v",
        "/subscriptions/s1/providers/Microsoft.RecoveryServices/vaults/v",
        f"https://management.azure.com{VAULT}",
        f"{VAULT}\n",
    ],
)
def test_a_text_that_is_not_a_resource_id(text: str) -> None:
    with pytest.raises(ValueError, match="not a resource id"):
        ResourceId.parse(text)


@pytest.mark.parametrize(
    "text", [VAULT, VAULT.replace("Microsoft", "microsoft"), VAULT.replace("resourceG", "resourceg")]
)
def test_the_id_of_a_vault(text: str) -> None:
    found = names.parse_vault_id("vault_id", text)
    assert (found.subscription_id, found.resource_group, found.name) == ("s1", "rg-dr", "vault-dr")
    assert same_id(found.to_text(), VAULT)
    assert names.vault_id("s1", "rg-dr", "vault-dr") == VAULT


@pytest.mark.parametrize("text", ["", "vault-dr", VAULT + "\n", VAULT.replace("vaults", "other"), f"{VAULT}/x/y"])
def test_anything_else_is_not_the_id_of_a_vault(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        names.parse_vault_id("vault_id", text)
    assert (caught.value.option, caught.value.rule) == ("vault_id", f"'{text}' is not the id of a vault")
    assert caught.value.fix.startswith("give /subscriptions/")


@given(SEGMENTS)
def test_ids_and_names_ignore_case(text: str) -> None:
    assert same_name(text.casefold(), text)
    assert same_id(f"/subscriptions/{text}", f"/Subscriptions/{text.casefold()}/")
    assert not same_id(f"/subscriptions/{text}", f"/subscriptions/{text}x")


@pytest.mark.parametrize("compare", [same_name, same_id])
def test_none_equals_nothing(compare: Callable[[str | None, str | None], bool]) -> None:
    assert not compare(None, None)
    assert not compare("a", None)
    assert not compare(None, "a")
    assert compare("ÄA", "äa")


@given(LETTERS)
def test_all_spellings_of_a_region_are_equal(name: str) -> None:
    assert region(name) == region(region(name)) == region(name.upper()) == region(f" {name} ")


def test_a_region_keeps_its_number() -> None:
    assert region("West Europe 2") == "westeurope2" != region("West Europe")


RULES: dict[str, tuple[Callable[[str, str], None], list[str], list[str]]] = {
    "vault": (
        names.require_vault_name,
        ["v1", "Vault-DR", "v" * 50],
        ["", "v", "1v", "-v", "v_1", "v.1", "v" * 51, "v 1", "vä", "vault\n"],
    ),
    "resource group": (
        names.require_group_name,
        ["r", "rg-dr", "RG_1.(a)", "Gruppe-ä", "r" * 90, ".r"],
        ["", ".", "..", "rg.", "rg new", "rg/x", "rg#", "r" * 91, "rg\n"],
    ),
    "account": (
        names.require_account_name,
        ["abc", "123", "a" * 24],
        ["", "ab", "a" * 25, "Abc", "a-b", "a_b", "abä", "abc\n"],
    ),
    "network": (
        names.require_network_name,
        ["v1", "vnet_1.a-b", "v" * 64, "vnet_"],
        ["", "v", "_v", "v-", "v.", "v" * 65, "v t", "netz-ä1", "vnet\n"],
    ),
    "subnet": (
        names.require_subnet_name,
        ["a", "s_1.a-b", "s" * 80],
        ["", "_", "s-", "s" * 81, "s t", "subnet\n"],
    ),
}


@pytest.mark.parametrize("kind", RULES)
def test_naming_rules(kind: str) -> None:
    require, good, bad = RULES[kind]
    for name in good:
        require(name, "option")
    for name in bad:
        with pytest.raises(InvalidInput, match=r"^option(: the name)? must have .*; choose another name than"):
            require(name, "option")


@pytest.mark.parametrize(
    ("elapsed", "left", "expected"),
    [(0, 100, 2), (20, 100, 4), (1000, 100, 30), (1000, 5, 5), (50, 0, 0), (50, -3, 0)],
)
def test_polls_become_rarer_and_never_pass_the_deadline(elapsed: float, left: float, expected: float) -> None:
    assert interval(elapsed, left) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (40.9, "40 s"),
        (60, "1 min"),
        (130, "2 min 10 s"),
        (2700, "45 min"),
        (3600, "1 h"),
        (3900, "1 h 5 min"),
        (3661, "1 h 1 min"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (Unreachable("no answer"), True),
        (RemoteFailure("throttled", status=429), True),
        (RemoteFailure("timeout", status=408), True),
        (RemoteFailure("down", status=503), True),
        (RemoteFailure("wrong", status=400), False),
        (RemoteFailure("no status"), False),
        (AccessDenied("no right", status=403), False),
        (AccessDenied("wrong secret"), False),
    ],
)
def test_only_transient_faults_are_polled_again(error: RemoteFailure, passing: bool) -> None:
    assert is_passing(error.to_result()["error"]) is passing


def test_a_message_is_one_line_and_empty_details_are_omitted() -> None:
    error = RemoteFailure("first\n  second\r\n third", code=None, status=0)
    assert error.to_result() == {"msg": "first second third", "error": {"kind": "remote_failure", "status": 0}}


def test_invalid_input_has_the_parts_of_its_message() -> None:
    predicate = InvalidInput("port", "must be a number", "correct it")
    sentence = InvalidInput("port", "'x' is not a number", "correct it")
    assert (predicate.message, predicate.problem) == ("port must be a number; correct it", "port must be a number")
    assert (sentence.message, sentence.problem) == (
        "port: 'x' is not a number; correct it",
        "port: 'x' is not a number",
    )
    assert (sentence.option, sentence.rule, sentence.fix) == ("port", "'x' is not a number", "correct it")


def test_a_timeout_reports_the_last_state_and_how_to_continue() -> None:
    error = DeadlineExceeded("the vault's creation", 29.6, "vault v is Provisioning", "run again").to_result()
    assert error["msg"] == (
        "timed out after 30 s waiting for the vault's creation; last state: vault v is Provisioning; run again"
    )
    assert error["error"] == {"kind": "deadline_exceeded", "last_state": "vault v is Provisioning", "seconds": 29.6}
