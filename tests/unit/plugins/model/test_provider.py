# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Provider: what setup does to a VMM server in every state, and when nothing is begun (S3, P1, P3)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model import provider as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.installer import Installer
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.plan import UNKNOWN, Plan, overlaid
from tests.unit.plugins.model import observations as seen

INSTALLER = Installer("https://m.test/AzureSiteRecoveryProvider.exe", "0" * 64, "5.1.8095.0", r"C:\S")
ANY = Installer(INSTALLER.source, None, None, r"C:\S")
STOPPED = seen.vmm(service=seen.STOPPED, running_jobs=None, flag_supported=None, clouds=None)
EVERYTHING = ["installed", "version", "adapter_present", "configurator_path"]

PLANS: list[tuple[str, dict[str, Any], Installer, list[str], str]] = [
    ("the wanted version", {}, INSTALLER, [], ""),
    ("a newer version", {"provider": seen.provider(version="5.2.0.0")}, INSTALLER, [], ""),
    ("any version", {"provider": seen.provider(version="4.0.0.0")}, ANY, [], ""),
    (
        "none",
        {"provider": None},
        INSTALLER,
        EVERYTHING,
        "install the Provider 5.1.8095.0; the VMM service is stopped meanwhile; install where setup puts it, beside"
        " VMM",
    ),
    (
        "none, any version will do",
        {"provider": None},
        ANY,
        EVERYTHING,
        "install the Provider; the VMM service is stopped meanwhile; install where setup puts it, beside VMM",
    ),
    (
        "none, service stopped",
        {"provider": None, "vmm": STOPPED},
        ANY,
        [*EVERYTHING, "vmm_service"],
        "install the Provider; the VMM service is stopped meanwhile; install where setup puts it, beside VMM",
    ),
    (
        "an older version",
        {"provider": seen.provider(version="5.1.7000.0")},
        INSTALLER,
        ["version"],
        "upgrade the Provider from 5.1.7000.0 to 5.1.8095.0; the VMM service is stopped meanwhile",
    ),
    *(
        (
            f"one without its {part}",
            {"provider": seen.provider(**{part: value})},
            INSTALLER,
            ["installed", part],
            "install the Provider again: an earlier setup did not end; the VMM service is stopped meanwhile",
        )
        for part, value in (("version", None), ("adapter_present", False))
    ),
    (
        "one without its program",
        {"provider": seen.provider(configurator_path=None)},
        ANY,
        ["installed", "version", "configurator_path"],
        "install the Provider again: an earlier setup did not end; the VMM service is stopped meanwhile; install where"
        " setup puts it, beside VMM",
    ),
    (
        "a newer one in pieces",
        {"provider": seen.provider(version="5.2.0.0", adapter_present=False)},
        INSTALLER,
        ["installed", "adapter_present"],
        "install the Provider again: an earlier setup did not end; the VMM service is stopped meanwhile",
    ),
    ("the wanted version, service stopped", {"vmm": STOPPED}, INSTALLER, ["vmm_service"], "start the VMM service"),
]


@pytest.mark.parametrize(
    ("sections", "installer", "paths", "told"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS]
)
def test_plan(sections: dict[str, Any], installer: Installer, paths: list[str], told: str) -> None:
    plan = model.plan_provider(seen.vmm_server(**sections), installer)
    assert [change.path for change in plan.changes] == paths
    assert plan.describe() == told
    assert model.installs(plan) == bool(set(paths) - {"vmm_service"})


def test_the_plan_is_laid_over_the_projection() -> None:
    machine = seen.vmm_server(provider=None, vmm=STOPPED)
    planned = overlaid(model.project_provider(machine), model.plan_provider(machine, INSTALLER).changes)
    assert planned == {
        "installed": True,
        "version": "5.1.8095.0",
        "adapter_present": True,
        "configurator_path": UNKNOWN,
        "vmm_service": "Running",
    }


BUSY = {"provider": None}


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            {"vmm": None},
            "this machine runs no VMM server; put the VMM server into the group, not a console or a host",
        ),
        (
            {**BUSY, "host": seen.host(is_administrator=False)},
            r"CORP\asr-admin is no elevated administrator on VMM01; connect as a local administrator who is VMM"
            " administrator too",
        ),
        (
            {**BUSY, "host": seen.host(os_version="6.2.9200", os_caption="Windows Server 2012")},
            "Windows Server 2012 is older than Windows Server 2012 R2, which the Provider needs; move VMM to a"
            " supported system",
        ),
        (
            {**BUSY, "host": seen.host(pending_restart=["windows_update", "component_servicing"])},
            "VMM01 waits for a restart (windows_update, component_servicing), and setup refuses then; restart it, then"
            " run again",
        ),
        (
            {**BUSY, "vmm": seen.vmm(running_jobs=2)},
            "VMM runs 2 jobs, which a stop of its service would hurt; wait for the end, then run again",
        ),
        (
            {**BUSY, "vmm": seen.vmm(ha_name="VMMROLE")},
            "this VMM is highly available (cluster role VMMROLE), and setup of the Provider stops its service, which"
            " the cluster would answer with a failover; this release does that on single servers only: do it by hand,"
            " on"
            " every node",
        ),
        (
            {"provider": seen.provider(version="1.0"), "vmm": seen.vmm(running_jobs=1)},
            "VMM runs 1 job, which a stop of its service would hurt; wait for the end, then run again",
        ),
    ],
)
def test_nothing_is_begun(sections: dict[str, Any], line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_provider(seen.vmm_server(**sections), INSTALLER)
    assert refused.value.message == line


@pytest.mark.parametrize(
    "host",
    [
        seen.host(pending_restart=["windows_update"]),
        seen.host(is_administrator=False),
        seen.host(os_version="6.2.9200"),
    ],
)
def test_where_nothing_is_installed_nothing_is_refused(host: dict[str, Any]) -> None:
    machine = seen.vmm_server(host=host, vmm=seen.vmm(running_jobs=3))
    assert model.plan_provider(machine, INSTALLER) == Plan()


@pytest.mark.parametrize("version", ["6.3.9600", "10.0.14393"])
def test_the_oldest_systems_that_do(version: str) -> None:
    machine = seen.vmm_server(provider=None, host=seen.host(os_version=version))
    assert model.plan_provider(machine, INSTALLER).changed


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({}, "Provider 5.1.8095.0, VMM service Running"),
        ({"provider": None}, "no Provider"),
        ({"provider": seen.provider(adapter_present=False)}, "Provider 5.1.8095.0, incomplete, VMM service Running"),
        (
            {"provider": seen.provider(version=None), "vmm": seen.vmm(service=None)},
            "Provider of unknown version, incomplete, VMM service missing",
        ),
    ],
)
def test_what_is_told_of_the_server(sections: dict[str, Any], told: str) -> None:
    assert model.told("P1", seen.vmm_server(**sections), INSTALLER) == told


def test_what_is_told_of_program_and_installer() -> None:
    server = seen.vmm_server()
    assert model.told("P3", server, INSTALLER) == r"in C:\VMM\DRConfigurator.exe"
    lacking = seen.vmm_server(provider=seen.provider(configurator_path=None))
    assert model.told("P3", lacking, INSTALLER) == "DRConfigurator.exe is missing"
    assert model.told("S3", server, INSTALLER) == "installer AzureSiteRecoveryProvider.exe, pinned by SHA-256"
    assert model.told("S3", server, ANY) == "installer AzureSiteRecoveryProvider.exe, not pinned"


def test_every_change_belongs_to_a_step() -> None:
    plan = model.plan_provider(seen.vmm_server(provider=None, vmm=STOPPED), INSTALLER)
    parts = {step: model.part(step, plan, INSTALLER) for step in ("S3", "P1", "P3")}
    assert {*parts["P1"].changes, *parts["P3"].changes} == {*plan.changes}
    assert parts["S3"].describe() == "bring AzureSiteRecoveryProvider.exe to the server and check it"
    started = model.plan_provider(seen.vmm_server(vmm=STOPPED), INSTALLER)
    assert [model.part(step, started, INSTALLER).changed for step in ("S3", "P1", "P3")] == [False, True, False]
