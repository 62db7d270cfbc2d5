# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Provider: what setup does to a VMM server in every state, and when nothing is begun (S3, P1, P3)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import UNKNOWN, Plan, apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.provider_releases import RELEASES
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.versions import numbers
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import provider as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.installer import Installer
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.provider import DesiredProvider
from tests.unit.plugins.model import observations as seen

SOURCE = "https://m.test/AzureSiteRecoveryProvider.exe"
INSTALLER = DesiredProvider(Installer(SOURCE, "0" * 64, "5.1.8095.0", r"C:\S"))
ANY = DesiredProvider(Installer(SOURCE, None, None, r"C:\S"))
STOPPED = seen.vmm(service=seen.STOPPED, running_jobs=None, flag_supported=None, clouds=None)
EVERYTHING = ["installed", "version", "adapter_present", "configurator_path"]

PLANS: list[tuple[str, dict[str, Any], DesiredProvider, list[str], str]] = [
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
    (
        "none, on a node that does not own VMM",
        {"provider": None, "vmm": seen.elsewhere()},
        ANY,
        EVERYTHING,
        "install the Provider; the VMM service runs on node vmm02 meanwhile; install where setup puts it, beside VMM",
    ),
    ("the wanted version, on a node that does not own VMM", {"vmm": seen.elsewhere()}, INSTALLER, [], ""),
    ("the wanted version, service stopped", {"vmm": STOPPED}, INSTALLER, ["vmm_service"], "start the VMM service"),
]


@pytest.mark.parametrize(
    ("sections", "installer", "paths", "told"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS]
)
def test_plan(sections: dict[str, Any], installer: DesiredProvider, paths: list[str], told: str) -> None:
    plan = model.plan_provider(seen.vmm_server(**sections), installer)
    assert [change.path for change in plan.changes] == paths
    assert plan.describe() == told
    assert model.installs(plan) == bool(set(paths) - {"vmm_service"})


def test_the_plan_is_laid_over_the_projection() -> None:
    machine = seen.vmm_server(provider=None, vmm=STOPPED)
    planned = apply_changes(model.provider_result(machine, INSTALLER), model.plan_provider(machine, INSTALLER).changes)
    assert planned == {
        "installed": True,
        "version": "5.1.8095.0",
        "adapter_present": True,
        "configurator_path": UNKNOWN,
        "vmm_service": "Running",
    }


BUSY = {"provider": None}
HIGHLY = "this VMM is highly available (cluster role VMMROLE), and"
THROUGH = "stops its service through the cluster:"


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
            f"{HIGHLY} setup of the Provider {THROUGH} this machine has no cluster service; is it one of its nodes?",
        ),
        *(
            (
                {**BUSY, "vmm": seen.ha_vmm(**{"resource": None, **unread})},
                f"{HIGHLY} setup of the Provider {THROUGH} {why}",
            )
            for unread, why in (
                (
                    {"service": "Stopped", "nodes": None},
                    "the cluster service of this node is Stopped; start ClusSvc, then run again",
                ),
                (
                    {"nodes": None},
                    "its commands are not here; add the Windows feature RSAT-Clustering-PowerShell, then run again",
                ),
                (
                    {},
                    "no resource of it, or more than one, runs SCVMMService; look at its roles in the cluster's"
                    " manager",
                ),
            )
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
    assert model.summary("P1", seen.vmm_server(**sections), INSTALLER) == told


def test_what_is_told_of_program_and_installer() -> None:
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
    assert parts["S3"].describe() == "bring AzureSiteRecoveryProvider.exe to the server and check it"
    started = model.plan_provider(seen.vmm_server(vmm=STOPPED), INSTALLER)
    assert [model.changes_for_step(step, started, INSTALLER).changed for step in ("S3", "P1", "P3")] == [
        False,
        True,
        False,
    ]


# ---- prerequisites, spans, places, Microsoft Update ----


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (
            {"dotnet_release": 378389},
            "VMM01 lacks .NET Framework 4.6.2 or newer (found: release 378389), which setup of the Provider needs;"
            " install it, then run again",
        ),
        (
            {"dotnet_release": None, "powershell_version": "4.0"},
            "VMM01 lacks .NET Framework 4.6.2 or newer and Windows PowerShell 5.1 (found: 4.0), which setup of the"
            " Provider needs; install it, then run again",
        ),
        ({"powershell_version": None}, "VMM01 lacks Windows PowerShell 5.1, which setup of the Provider needs;"),
    ],
)
def test_what_is_missing_is_named_before_anything_starts(changed: dict[str, Any], line: str) -> None:
    lacking = seen.host(**changed)
    with pytest.raises(Refused) as refused:
        model.plan_provider(seen.vmm_server(provider=None, host=lacking), INSTALLER)
    assert refused.value.message.startswith(line)
    assert not model.plan_provider(seen.vmm_server(host=lacking), INSTALLER).changed


def test_a_runtime_that_is_not_shown_is_worth_a_word() -> None:
    lacking = seen.vmm_server(provider=None, host=seen.host(visual_cpp=None))
    assert model.plan_provider(lacking, INSTALLER).changed
    (word,) = model.warnings(lacking, INSTALLER)
    assert word.startswith("VMM01 shows no Visual C++ runtime")
    assert model.warnings(seen.vmm_server(provider=None), INSTALLER) == ()


def wanting(version: str | None, **more: Any) -> DesiredProvider:
    return DesiredProvider(Installer(SOURCE, None, version, r"C:\S"), **more)


@pytest.mark.parametrize(
    ("installed", "wanted", "step"),
    [
        ("5.1.4600.0", "5.1.5400.0", "5.1.5300.0 (update rollup 43)"),
        ("5.1.6347.0", "5.1.8095.0", "5.1.6620.0 (update rollup 54)"),
        ("5.1.6620.0", "5.1.7626.0", "a version at most 4 update rollups later"),
        ("5.1.7626.0", "5.24.902.11", "5.1.8095.0 (update rollup 67)"),
        ("4.0.0.0", "5.1.8095.0", "5.1.5200.0 (update rollup 42)"),
    ],
)
def test_more_than_four_update_rollups_are_refused(installed: str, wanted: str, step: str) -> None:
    server = seen.vmm_server(provider=seen.provider(version=installed))
    with pytest.raises(Refused) as refused:
        model.plan_provider(server, wanting(wanted))
    assert refused.value.message == (
        f"version: {wanted} is more than 4 update rollups after the installed {installed}, which is no supported"
        f" upgrade; upgrade to {step} first"
    )


@pytest.mark.parametrize(
    ("installed", "wanted", "warned"),
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
def test_what_is_not_published_is_warned_of(installed: str, wanted: str | None, warned: bool) -> None:
    server, desired = seen.vmm_server(provider=seen.provider(version=installed)), wanting(wanted)
    model.plan_provider(server, desired)
    assert bool(model.warnings(server, desired)) is warned


def test_releases_are_in_order() -> None:
    order = [(rollup, numbers(version)) for rollup, version in RELEASES]
    assert order == sorted(order)


@pytest.mark.parametrize("path", [r"C:\VMM", "c:\\vmm"])
def test_the_folder_where_it_is_may_be_named(path: str) -> None:
    assert model.plan_provider(seen.vmm_server(), wanting(None, install_path=path)) == Plan()


@pytest.mark.parametrize(
    ("sections", "actual"),
    [
        ({}, r"C:\VMM"),
        ({"provider": None, "vmm": seen.vmm(install_path="C:\\Program Files\\VMM\\")}, r"C:\Program Files\VMM\bin"),
    ],
)
def test_another_folder_is_refused_with_the_reason(sections: dict[str, Any], actual: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_provider(seen.vmm_server(**sections), wanting(None, install_path=r"D:\ASR"))
    assert refused.value.message == (
        f"install_path: setup of the Provider takes no folder, it goes beside VMM, into {actual}; asked for was"
        r" D:\ASR: leave the option out, or name that folder"
    )


def test_a_folder_that_cannot_be_told_yet_is_not_refused() -> None:
    server = seen.vmm_server(provider=None, vmm=seen.vmm(install_path=None))
    assert model.plan_provider(server, wanting(None, install_path=r"D:\ASR")).changed


@pytest.mark.parametrize(
    ("found", "wanted", "told", "reason"),
    [
        (False, None, "Microsoft Update left as it is", ""),
        (False, True, "not opted in to Microsoft Update", "opt in to Microsoft Update"),
        (True, True, "opted in to Microsoft Update", ""),
        (True, False, "opted in to Microsoft Update", "opt out of Microsoft Update"),
        (False, False, "not opted in to Microsoft Update", ""),
    ],
)
def test_the_opt_in_is_touched_only_when_asked_for(found: bool, wanted: bool | None, told: str, reason: str) -> None:
    desired = wanting(None, microsoft_update=wanted)
    sections = {"updates": {"microsoft_update": found}} if "updates" in desired.sections else {}
    server = seen.vmm_server(**sections)
    plan = model.plan_provider(server, desired)
    assert (model.summary("P2", server, desired), model.changes_for_step("P2", plan, desired).describe()) == (
        told,
        reason,
    )
    assert plan == model.changes_for_step("P2", plan, desired)
    assert ("microsoft_update" in model.provider_result(server, desired)) is (wanted is not None)
    assert not model.installs(plan)


# ---- a setup of an earlier run ----


@pytest.mark.parametrize(("task", "code"), [("Running", 0x41301), ("Queued", 0x41303), ("Ready", 0x41303)])
def test_check_mode_says_that_a_setup_goes_on(task: str, code: int) -> None:
    work = [{"name": "provider", "task": task, "task_result": code, "finished": False}]
    # What else the server says now, such as a stopped service, is the setup's doing.
    plan = model.plan_provider(seen.vmm_server(provider=None, vmm=STOPPED, work=work), INSTALLER)
    assert [(change.path, change.before, change.after) for change in plan.changes] == [("installed", False, UNKNOWN)]
    assert plan.describe() == "wait for the end of the setup that an earlier run began, which goes on"
    assert not model.installs(plan)
