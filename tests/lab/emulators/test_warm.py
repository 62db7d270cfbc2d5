# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One PowerShell that runs many scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.emulators.warm import WarmPwsh, WarmPwshFailed

pytestmark = pytest.mark.needs("pwsh")


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmPwsh]:
    with WarmPwsh(tmp_path_factory.mktemp("warm") / "home") as started:
        yield started


def test_parameters_keep_their_types(warm: WarmPwsh) -> None:
    assert warm.run("param($A) $Ansible.Result = $A.GetType().Name", {"A": "2024-01-01T00:00:00Z"}).result == "String"
    assert warm.run("param($B) $Ansible.Result = $B.GetType().Name", {"B": 1}).result == "Int32"
    assert warm.run("param($E) $Ansible.Result = $E.GetType().Name", {"E": 5_000_000_000}).result == "Int64"


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1, 1.5, "", "grün 🙂", "2024-01-01T00:00:00Z", [], [1], [[1], []], {}, {"a": [None, {"b": 1}]}],
)
def test_a_value_goes_there_and_back(warm: WarmPwsh, value: Any) -> None:
    assert warm.run("param($Value) $Ansible.Result = $Value", {"Value": value}).result == value


def test_secrets_arrive_as_secure_strings_and_credentials(warm: WarmPwsh) -> None:
    script = """param([securestring] $Text, [pscredential] $Login)
$plain = [System.Net.NetworkCredential]::new('', $Text).Password
$Ansible.Result = @($plain, $Login.UserName, $Login.GetNetworkCredential().Password)"""
    result = warm.run(script, secrets={"Text": "geheim", "Login": ("user", "pässword")})
    assert result.result == ["geheim", "user", "pässword"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_check_mode_reaches_a_script_as_in_win_powershell(warm: WarmPwsh, check_mode: bool) -> None:
    script = """[CmdletBinding(SupportsShouldProcess)] param()
$Ansible.Result = @($Ansible.CheckMode, [bool] $WhatIfPreference, $PSCmdlet.ShouldProcess('x'))"""
    assert warm.run(script, check_mode=check_mode).result == [check_mode, check_mode, not check_mode]


def test_nothing_of_a_script_reaches_the_next(warm: WarmPwsh) -> None:
    warm.run("$global:left = 1; function global:Left { 1 }; $Ansible.Changed = $false")
    result = warm.run("$Ansible.Result = @((Test-Path Variable:global:left), (Test-Path Function:Left))")
    assert (result.result, result.changed) == ([False, False], True)


def test_a_thrown_error_is_reported_and_the_next_script_runs(warm: WarmPwsh) -> None:
    result = warm.run("$Ansible.Result = 1; throw 'es ging schief'")
    assert (result.failed, result.result) == (True, 1)
    assert result.errors[0]["message"] == "es ging schief"
    assert warm.run("$Ansible.Result = 2").result == 2


def test_variables_of_the_process_are_set_for_a_script(warm: WarmPwsh) -> None:
    for name in ("hv01", "hv02"):
        assert warm.run("$Ansible.Result = $env:LAB_MACHINE", environment={"LAB_MACHINE": name}).result == name


def test_depth_cuts_as_win_powershell_does(warm: WarmPwsh) -> None:
    script = "$Ansible.Result = @{ a = @{ b = @{ c = 1 } } }"
    assert warm.run(script, depth=1).result == {"a": {"b": "System.Collections.Hashtable"}}
    assert warm.run(script, depth=2).result == {"a": {"b": {"c": 1}}}


def test_a_script_that_never_ends_is_cut_off(tmp_path: Path) -> None:
    with WarmPwsh(tmp_path / "home") as started:
        assert started.run("$Ansible.Result = 1").result == 1
        with pytest.raises(WarmPwshFailed, match="did not answer within 2 s"):
            started.run("[System.Threading.Thread]::Sleep(60000)", timeout=2)
        with pytest.raises(WarmPwshFailed):
            started.run("1")
