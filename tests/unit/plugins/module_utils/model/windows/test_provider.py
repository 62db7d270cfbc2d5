# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Provider: plans, refusals and descriptions in every state (S3, P1 to P3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, Plan, apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.provider_releases import RELEASES
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.versions import numbers
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import provider as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.installer import Installer
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.provider import DesiredProvider
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.setup import installs
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.vmm_jobs import RunningJobs
from tests.unit.plugins.module_utils.model.windows import observations as seen

SOURCE = "https://m.test/AzureSiteRecoveryProvider.exe"
INSTALLER = DesiredProvider(Installer(SOURCE, "0" * 64, "5.1.8095.0", r"C:\S"))
ANY = DesiredProvider(Installer(SOURCE, None, None, r"C:\S"))
STOPPED = seen.vmm(service=seen.STOPPED, running_jobs=None, flag_supported=None, clouds=None)
EVERYTHING = ["installed", "version", "adapter_present", "configurator_path"]

PLANS: list[tuple[str, dict[str, Any], DesiredProvider, list[str], str]] = [
    ("the desired version", {}, INSTALLER, [], ""),
    ("a newer version", {"provider": seen.provider(version="5.2.0.0")}, INSTALLER, [], ""),
    ("any version", {"provider": seen.provider(version="4.0.0.0")}, ANY, [], ""),
    (
        "none",
        {"provider": None},
        INSTALLER,
        EVERYTHING,
        "install the Provider 5.1.8095.0; the VMM service is stopped meanwhile; setup chooses the folder, next to VMM",
    ),
    (
        "none, any version",
        {"provider": None},
        ANY,
        EVERYTHING,
        "install the Provider; the VMM service is stopped meanwhile; setup chooses the folder, next to VMM",
    ),
    (
        "none, service stopped",
        {"provider": None, "vmm": STOPPED},
        ANY,
        [*EVERYTHING, "vmm_service"],
        "install the Provider; the VMM service is stopped meanwhile; setup chooses the folder, next to VMM",
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
            "install the Provider again, because an earlier setup was incomplete; the VMM service is stopped meanwhile",
        )
        for part, value in (("version", None), ("adapter_present", False))
    ),
    (
        "one without its program",
        {"provider": seen.provider(configurator_path=None)},
        ANY,
        ["installed", "version", "configurator_path"],
        "install the Provider again, because an earlier setup was incomplete; the VMM service is stopped meanwhile;"
        " setup chooses the folder, next to VMM",
    ),
    (
        "an incomplete newer one",
        {"provider": seen.provider(version="5.2.0.0", adapter_present=False)},
        INSTALLER,
        ["installed", "adapter_present"],
        "install the Provider again, because an earlier setup was incomplete; the VMM service is stopped meanwhile",
    ),
    (
        "none, on a node that does not own VMM",
        {"provider": None, "vmm": seen.elsewhere()},
        ANY,
        EVERYTHING,
        "install the Provider; the VMM service continues to run on node vmm02; setup chooses the folder, next to VMM",
    ),
    ("the wanted version, on a node that does not own VMM", {"vmm": seen.elsewhere()}, INSTALLER, [], ""),
    ("the wanted version, service stopped", {"vmm": STOPPED}, INSTALLER, ["vmm_service"], "start the VMM service"),
]


@pytest.mark.parametrize(
    ("sections", "installer", "paths", "text"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS]
)
def test_plan(sections: dict[str, Any], installer: DesiredProvider, paths: list[str], text: str) -> None:
    plan = model.plan_provider(seen.vmm_server(**sections), installer)
    assert [change.path for change in plan.changes] == paths
    assert plan.describe() == text
    assert installs(plan) == bool(set(paths) - {"vmm_service"})


def test_the_planned_result() -> None:
    machine = seen.vmm_server(provider=None, vmm=STOPPED)
    planned = apply_changes(model.provider_result(machine, INSTALLER), model.plan_provider(machine, INSTALLER).changes)
    assert planned == {
        "installed": True,
        "version": "5.1.8095.0",
        "adapter_present": True,
        "configurator_path": UNKNOWN,
        "vmm_service": "Running",
    }


NEW = {"provider": None}
HIGHLY = "VMM is highly available (cluster role VMMROLE), and its service cannot be managed through the cluster:"


@pytest.mark.parametrize(
    ("sections", "check", "line"),
    [
        (
            {"vmm": None},
            "vmm",
            "this machine is not a VMM server; use the VMM server itself; its console is not enough",
        ),
        (
            {**NEW, "host": seen.host(is_administrator=False)},
            "elevated",
            r"CORP\asr-admin is not an elevated administrator on VMM01; connect as a local administrator"
            r" who is also a VMM"
            " administrator",
        ),
        (
            {**NEW, "host": seen.host(os_version="6.2.9200", os_caption="Windows Server 2012")},
            "os",
            "Windows Server 2012 is older than Windows Server 2012 R2; move VMM to a supported system",
        ),
        (
            {**NEW, "host": seen.host(pending_restart=["windows_update", "component_servicing"])},
            "restart",
            "VMM01 has a pending restart (windows_update, component_servicing), which blocks setup; restart the"
            " machine",
        ),
        (
            {**NEW, "host": seen.host(dotnet_release=378389)},
            "dotnet",
            ".NET Framework is missing or older than 4.6.2 (release 378389); install .NET Framework 4.8",
        ),
        *(
            (
                {**NEW, "host": seen.host(powershell_version=version)},
                "powershell",
                f"Windows PowerShell is older than 5.1 (found: {version or 'unknown'}); install Windows Management"
                " Framework 5.1",
            )
            for version in (None, "4.0", "5.0.10586.117")
        ),
        (
            {**NEW, "vmm": seen.vmm(running_jobs=seen.jobs(2))},
            "vmm-jobs",
            "2 VMM jobs are running: 'Create virtual machine' (LAB\\anna, 35 %, for 12 min), 'Create virtual machine'"
            " (LAB\\anna, 35 %, for 12 min), which a stop of the VMM service would interrupt; wait until no job runs,"
            " then run again, or set running_jobs to wait or ignore",
        ),
        (
            {**NEW, "vmm": seen.vmm(ha_name="VMMROLE")},
            "cluster",
            f"{HIGHLY} this machine has no cluster service; use a node of the cluster",
        ),
        *(
            ({**NEW, "vmm": seen.ha_vmm(**{"resource": None, **unread})}, "cluster", f"{HIGHLY} {reason}")
            for unread, reason in (
                (
                    {"service": "Stopped", "nodes": None},
                    "the cluster service of this node is Stopped; start ClusSvc, then run again",
                ),
                (
                    {"nodes": None},
                    "the cluster cmdlets are missing; add the Windows feature RSAT-Clustering-PowerShell, then run"
                    " again",
                ),
                (
                    {},
                    "there is not exactly one cluster resource that runs SCVMMService; check the cluster roles in"
                    " Failover Cluster Manager",
                ),
            )
        ),
        (
            {"vmm": seen.vmm(ha_name="VMMROLE", service=seen.STOPPED)},
            "cluster",
            f"{HIGHLY} this machine has no cluster service; use a node of the cluster",
        ),
        (
            {"provider": seen.provider(version="5.1.7882.0"), "vmm": seen.vmm(running_jobs=seen.jobs(1))},
            "vmm-jobs",
            "1 VMM job is running: 'Create virtual machine' (LAB\\anna, 35 %, for 12 min), which a stop of the VMM"
            " service would interrupt; wait until no job runs, then run again, or set running_jobs to wait or ignore",
        ),
    ],
)
def test_refusals(sections: dict[str, Any], check: str, line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_provider(seen.vmm_server(**sections), replace(INSTALLER, running_jobs=RunningJobs("refuse")))
    assert (refused.value.details, refused.value.message) == ({"check": check}, line)


@pytest.mark.parametrize(
    "host",
    [
        seen.host(pending_restart=["windows_update"]),
        seen.host(is_administrator=False),
        seen.host(os_version="6.2.9200"),
        seen.host(dotnet_release=None),
        seen.host(powershell_version="4.0"),
    ],
)
def test_nothing_is_refused_if_nothing_is_due(host: dict[str, Any]) -> None:
    machine = seen.vmm_server(host=host, vmm=seen.vmm(running_jobs=seen.jobs(3)))
    assert model.plan_provider(machine, INSTALLER) == Plan()


@pytest.mark.parametrize("version", ["6.3.9600", "10.0.14393"])
def test_the_oldest_supported_systems(version: str) -> None:
    machine = seen.vmm_server(provider=None, host=seen.host(os_version=version))
    assert model.plan_provider(machine, INSTALLER).changed


@pytest.mark.parametrize(
    ("sections", "text"),
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
def test_summary_of_the_server(sections: dict[str, Any], text: str) -> None:
    assert model.summary("P1", seen.vmm_server(**sections), INSTALLER) == text


def test_summary_of_program_and_installer() -> None:
    server = seen.vmm_server()
    assert model.summary("P3", server, INSTALLER) == r"in C:\VMM\DRConfigurator.exe"
    lacking = seen.vmm_server(provider=seen.provider(configurator_path=None))
    assert model.summary("P3", lacking, INSTALLER) == "DRConfigurator.exe is missing"
    assert model.summary("S3", server, INSTALLER) == "installer AzureSiteRecoveryProvider.exe, pinned by SHA-256"
    assert model.summary("S3", server, ANY) == "installer AzureSiteRecoveryProvider.exe, not pinned"


def test_every_change_belongs_to_a_step() -> None:
    plan = model.plan_provider(seen.vmm_server(provider=None, vmm=STOPPED), INSTALLER)
    parts = {step: model.changes_for_step(step, plan, INSTALLER) for step in ("S3", "P1", "P2", "P3")}
    assert {*parts["P1"].changes, *parts["P2"].changes, *parts["P3"].changes} == {*plan.changes}
    assert parts["S3"].describe() == "transfer AzureSiteRecoveryProvider.exe to the server and verify it"
    started = model.plan_provider(seen.vmm_server(vmm=STOPPED), INSTALLER)
    assert [model.changes_for_step(step, started, INSTALLER).changed for step in ("S3", "P1", "P3")] == [
        False,
        True,
        False,
    ]


# ---- spans, folders, Microsoft Update ----


def test_a_missing_runtime_is_noted() -> None:
    lacking = seen.vmm_server(provider=None, host=seen.host(visual_cpp=None))
    assert model.plan_provider(lacking, INSTALLER).changed
    (note,) = model.setup_notes(lacking, INSTALLER)
    assert note == (
        "VMM01 shows no Visual C++ runtime (2015 or later, x64); install it if the log of setup asks for it"
    )
    assert model.setup_notes(seen.vmm_server(provider=None), INSTALLER) == ()


def test_nodes_that_are_down_are_noted() -> None:
    (note,) = model.setup_notes(seen.vmm_server(provider=None, vmm=seen.ha_vmm("vmm02")), INSTALLER)
    assert note == (
        "VMM is highly available (cluster role VMMROLE), and vmm02 is down; install the same Provider there before the"
        " role moves to that node"
    )


def wanting(version: str | None, **more: Any) -> DesiredProvider:
    return DesiredProvider(Installer(SOURCE, None, version, r"C:\S"), **more)


@pytest.mark.parametrize(
    ("installed", "version", "step"),
    [
        ("5.1.4600.0", "5.1.5400.0", "5.1.5300.0 (update rollup 43)"),
        ("5.1.6347.0", "5.1.8095.0", "5.1.6620.0 (update rollup 54)"),
        ("5.1.6620.0", "5.1.7626.0", "a version at most 4 update rollups later"),
        ("5.1.7626.0", "5.24.902.11", "5.1.8095.0 (update rollup 67)"),
        ("4.0.0.0", "5.1.8095.0", "5.1.5200.0 (update rollup 42)"),
    ],
)
def test_an_upgrade_over_more_than_four_update_rollups_is_refused(installed: str, version: str, step: str) -> None:
    server = seen.vmm_server(provider=seen.provider(version=installed))
    with pytest.raises(Refused) as refused:
        model.plan_provider(server, wanting(version))
    assert refused.value.message == (
        f"version {version} is more than 4 update rollups newer than the installed {installed}, which is not a"
        f" supported upgrade; upgrade to {step} first, or set allow_unsupported_upgrade"
    )


def test_the_user_can_allow_an_unsupported_upgrade() -> None:
    server = seen.vmm_server(provider=seen.provider(version="5.1.4600.0"))
    desired = wanting("5.1.8095.0", unsupported_upgrade=True)
    assert model.plan_provider(server, desired).touches("version")
    (line,) = model.warnings(server, desired)
    assert "not a supported upgrade; allow_unsupported_upgrade allows it, so Microsoft may not help" in line
    assert line in model.setup_notes(server, desired)
    assert model.warnings(seen.vmm_server(), desired) == ()


@pytest.mark.parametrize(
    ("installed", "version", "warned"),
    [
        ("5.1.4600.0", "5.1.5300.0", False),
        ("5.1.7626.0", "5.1.8095.0", True),
        ("5.1.7802.0", "5.1.8095.0", False),
        ("5.1.7882.0", "5.1.8095.0", False),
        # Between the published ones, and after the last.
        ("5.1.7000.0", "5.1.8095.0", True),
        ("5.1.8095.0", "5.24.902.11", True),
        ("5.1.8095.0", "5.1.8095.0", False),
        ("5.1.8095.0", "5.1.4600.0", False),
        ("5.1.7000.0", None, False),
    ],
)
def test_an_upgrade_of_unknown_span_is_noted(installed: str, version: str | None, warned: bool) -> None:
    server, desired = seen.vmm_server(provider=seen.provider(version=installed)), wanting(version)
    model.plan_provider(server, desired)
    assert bool(model.setup_notes(server, desired)) is warned


def test_releases_are_in_order() -> None:
    order = [(rollup, numbers(version)) for rollup, version in RELEASES]
    assert order == sorted(order)


@pytest.mark.parametrize("path", [r"C:\VMM", "c:\\vmm"])
def test_the_actual_folder_may_be_set(path: str) -> None:
    assert model.plan_provider(seen.vmm_server(), wanting(None, install_path=path)) == Plan()


@pytest.mark.parametrize(
    ("sections", "actual"),
    [
        ({}, r"C:\VMM"),
        ({"provider": None, "vmm": seen.vmm(install_path="C:\\Program Files\\VMM\\")}, r"C:\Program Files\VMM\bin"),
    ],
)
def test_another_folder_is_refused(sections: dict[str, Any], actual: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_provider(seen.vmm_server(**sections), wanting(None, install_path=r"D:\ASR"))
    assert refused.value.message == (
        rf"setup always installs the Provider next to VMM, in {actual}, and not in D:\ASR; remove install_path, or"
        r" set it"
        f" to {actual}"
    )


def test_a_folder_is_accepted_while_the_actual_one_is_unknown() -> None:
    server = seen.vmm_server(provider=None, vmm=seen.vmm(install_path=None))
    assert model.plan_provider(server, wanting(None, install_path=r"D:\ASR")).changed


@pytest.mark.parametrize(
    ("observed", "requested", "text", "reason"),
    [
        (False, None, "Microsoft Update not managed", ""),
        (False, True, "not opted in to Microsoft Update", "opt in to Microsoft Update"),
        (True, True, "opted in to Microsoft Update", ""),
        (True, False, "opted in to Microsoft Update", "opt out of Microsoft Update"),
        (False, False, "not opted in to Microsoft Update", ""),
    ],
)
def test_the_opt_in_is_managed_only_if_it_is_set(
    observed: bool, requested: bool | None, text: str, reason: str
) -> None:
    desired = wanting(None, microsoft_update=requested)
    sections = {"updates": {"microsoft_update": observed}} if "updates" in desired.sections else {}
    server = seen.vmm_server(**sections)
    plan = model.plan_provider(server, desired)
    assert (model.summary("P2", server, desired), model.changes_for_step("P2", plan, desired).describe()) == (
        text,
        reason,
    )
    assert plan == model.changes_for_step("P2", plan, desired)
    assert ("microsoft_update" in model.provider_result(server, desired)) is (requested is not None)
    assert not installs(plan)


# ---- the setup of an earlier run ----


@pytest.mark.parametrize(("task", "code"), [("Running", 0x41301), ("Queued", 0x41303), ("Ready", 0x41303)])
def test_check_mode_plans_to_wait_for_a_running_setup(task: str, code: int) -> None:
    tasks = [{"name": "provider", "task": task, "task_result": code, "finished": False}]
    # The running setup has stopped the service.
    plan = model.plan_provider(seen.vmm_server(provider=None, vmm=STOPPED, background_tasks=tasks), INSTALLER)
    assert [(change.path, change.before, change.after) for change in plan.changes] == [("installed", False, UNKNOWN)]
    assert plan.describe() == "wait for the setup that an earlier run started"
    assert not installs(plan)
