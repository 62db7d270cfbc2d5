# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/unregister.yml over stand-ins: consents, order, blocks and failures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import UNREACHABLE, Harness

SET_UP: dict[str, Any] = {
    "registered": {"vmm01": "vault"},
    "rests": {"vmm01": True},
    "providers": {"vmm01": True},
    "agents": {"hv01": True, "hv02": True},
}
ALL = ("servers", "registry", "provider", "agent")
AZURE, SERVER = ["vmm_server vmm01"], ["registration_removal vmm01", "provider_removal vmm01"]
HOSTS = ["mars_agent_removal hv01", "mars_agent_removal hv02"]
NOT_BEGUN = "not begun, because steps in Azure are not done; run again when they are"


@pytest.fixture
def site(harness: Harness) -> Harness:
    harness.given(SET_UP)
    harness.variables["site_unregister_export"] = str(harness.folder / "export.json")
    harness.variables |= {f"site_unregister_{step}": "vault-dr" for step in ALL}
    return harness


def exports(harness: Harness) -> int:
    path = harness.folder / "export.json"
    return len(json.loads(path.read_text())["exports"]) if path.exists() else 0


def test_azure_comes_first_then_the_servers_then_the_hosts(site: Harness) -> None:
    run = site.play("unregister.yml")
    assert run.code == 0, run.output
    written = site.journal("write")
    # The hosts are not in waves.
    assert (written[:3], sorted(written[3:])) == ([*AZURE, *SERVER], HOSTS)
    assert exports(site) == 1


def test_check_mode_calls_no_module_that_comes_after_azure(site: Harness) -> None:
    run = site.play("unregister.yml", "--check")
    assert run.code == 0, run.output
    assert (site.journal("write"), site.state, exports(site)) == ([], SET_UP, 0)
    assert "Ensure the Provider is not installed" not in run.output
    assert "goes after the steps in Azure" in run.output


@pytest.mark.parametrize(
    ("state", "reason", "written"),
    [
        ({"problems": ["servers: vmm01 blocked by: web01"]}, "servers: vmm01 blocked by: web01", []),
        ({"faults": {"vmm_server": "the job failed"}}, "the job failed", []),
    ],
    ids=["blocked", "failed"],
)
def test_the_machines_follow_only_when_azure_is_done(
    site: Harness, state: dict[str, Any], reason: str, written: list[str]
) -> None:
    site.given({**SET_UP, **state})
    run = site.play("unregister.yml")
    assert run.failed == {"localhost", "vmm01", "hv01", "hv02"}
    assert run.reasons["localhost"] == reason
    assert {run.reasons[host] for host in ("vmm01", "hv01", "hv02")} == {NOT_BEGUN}
    assert site.journal("write") == written


def test_a_machine_that_does_not_answer_fails_and_stops_no_other(site: Harness) -> None:
    site.hosts["hyperv_hosts"]["hv01"] = UNREACHABLE
    run = site.play("unregister.yml")
    assert run.failed == {"hv01"}
    assert site.journal("write") == [*AZURE, *SERVER, HOSTS[1]]
    assert "stays: the machine was not read" in run.output


def test_an_export_that_cannot_be_written_stops_everything(site: Harness) -> None:
    site.variables["site_unregister_export"] = str(site.folder / "none" / "export.json")
    run = site.play("unregister.yml")
    assert run.code != 0
    assert (site.journal("write"), site.state) == ([], SET_UP)
    assert "so nothing was removed" in run.reasons["localhost"]
