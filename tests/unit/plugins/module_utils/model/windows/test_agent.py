# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Recovery Services agent: plans, refusals and descriptions in every state (H1, H3, H4)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import agent as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.agent import DesiredAgent
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.setup import installs
from tests.unit.plugins.module_utils.model.windows import observations as seen

OPTIONS: dict[str, Any] = {
    "source": "https://m.test/MARSAgentInstaller.exe",
    "checksum": None,
    "version": "2.0.9260.0",
    "staging_dir": r"C:\S",
    "install_path": None,
    "cache_path": None,
    "minimum_cache_gb": 5,
}
NEW = ["installed", "version", "install_path", "cache_path", "service"]
FOLDER = r"C:\Program Files\Microsoft Azure Recovery Services Agent"
GIB = 2**30


def desired(**changed: Any) -> DesiredAgent:
    return DesiredAgent.from_options({**OPTIONS, **changed})


def volume(drive: str, free_gb: float) -> dict[str, Any]:
    return {"drive": drive, "free_bytes": int(free_gb * GIB)}


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        *(
            ({name: path}, f"{name} must be a full path on a drive, not '{path}'; set it to a path like D:\\Agent")
            for name in ("install_path", "cache_path")
            for path in ("Agent", "D:Agent", r"\\server\share", r"D:\a|b", "D:\\")
        ),
        (
            {"cache_path": "D:\\a\n"},
            "cache_path must be a full path on a drive, not 'D:\\a '; set it to a path like D:\\Agent",
        ),
        ({"minimum_cache_gb": -1}, "minimum_cache_gb must not be negative; set it to the least free space in GB"),
        ({"version": "new"}, "version must be a version like 5.1.8095.0, not 'new'; correct it"),
    ],
)
def test_an_invalid_option_is_rejected_in_one_line(changed: dict[str, Any], line: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        desired(**changed)
    assert refused.value.message == line


@pytest.mark.parametrize(
    ("changed", "folder"),
    [
        ({}, FOLDER + r"\Scratch"),
        ({"install_path": "D:\\MARS\\"}, r"D:\MARS\Scratch"),
        ({"install_path": r"D:\MARS", "cache_path": "E:\\Cache\\"}, r"E:\Cache"),
    ],
)
def test_the_folder_of_a_new_cache(changed: dict[str, Any], folder: str) -> None:
    assert desired(**changed).expectation.cache_folder == folder


PLANS: list[tuple[str, dict[str, Any] | None, dict[str, Any], list[str]]] = [
    ("none", None, {}, NEW),
    ("none, any version", None, {"version": None}, NEW),
    ("the desired version", seen.agent(), {}, []),
    ("a newer version", seen.agent(version="2.0.9938.0"), {}, []),
    ("any version", seen.agent(version="1.0"), {"version": None}, []),
    ("an older version", seen.agent(version="2.0.9000.0"), {}, ["version"]),
    ("an unknown version", seen.agent(version=None), {}, ["version"]),
    ("an older version, stopped", seen.agent(version="2.0.9000.0", service=seen.STOPPED), {}, ["version", "service"]),
    ("stopped", seen.agent(service=seen.STOPPED, proxy=None), {}, ["service"]),
    ("its folders requested", seen.agent(), {"install_path": FOLDER.upper() + "\\"}, []),
    ("its cache unknown", seen.agent(cache_path=None), {"cache_path": r"D:\Cache"}, []),
]


@pytest.mark.parametrize(("agent", "changed", "paths"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_plan(agent: dict[str, Any] | None, changed: dict[str, Any], paths: list[str]) -> None:
    plan = model.plan_agent(seen.hyperv_host(agent=agent), desired(**changed))
    assert [change.path for change in plan.changes] == paths
    assert installs(plan) == ("version" in paths)
    parts = [change.path for step in ("H1", "H3", "H4") for change in model.changes_for_step(step, plan).changes]
    assert sorted(parts) == sorted(paths)


def test_reasons() -> None:
    plan = model.plan_agent(seen.hyperv_host(), desired())
    assert plan.describe() == (
        f"install the agent 2.0.9260.0; run MARSAgentInstaller.exe; install into {FOLDER}; cache in {FOLDER}\\Scratch"
    )
    upgrade = model.plan_agent(seen.hyperv_host(agent=seen.agent(version="2.0.9000.0")), desired())
    assert upgrade.describe() == "upgrade the agent from 2.0.9000.0 to 2.0.9260.0"


def test_the_planned_result() -> None:
    machine = seen.hyperv_host()
    assert apply_changes(model.agent_result(machine, desired()), model.plan_agent(machine, desired()).changes) == {
        "installed": True,
        "version": "2.0.9260.0",
        "install_path": FOLDER,
        "cache_path": FOLDER + r"\Scratch",
        "service": "Running",
    }


@pytest.mark.parametrize("name", ["install_path", "cache_path"])
@pytest.mark.parametrize("path", [r"C:\ClusterStorage\Volume1\Scratch", r"c:\clusterstorage", "C:\\ClusterStorage\\"])
def test_a_cluster_shared_volume_is_rejected(name: str, path: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{name} must not be on a cluster shared volume"):
        desired(**{name: path})
    assert desired(**{name: r"C:\ClusterStorages\A"})


@pytest.mark.parametrize("service", [seen.RUNNING, seen.STOPPED])
def test_limits_are_planned_together_with_setup(service: dict[str, Any]) -> None:
    machine = seen.hyperv_host(agent=seen.agent(version="2.0.9000.0", service=service))
    plan = model.plan_agent(machine, desired(upload_threads=8))
    paths = [change.path for change in plan.changes]
    assert paths == ["version", *([] if service is seen.RUNNING else ["service"]), "upload_threads"]
    assert model.changes_for_step("H4", plan).touches("upload_threads")
    assert model.limited(plan) == {"upload_threads"}


OLD = {"agent": seen.agent(version="2.0.9000.0")}
DISABLED = {"status": "Stopped", "start_mode": "Disabled"}


@pytest.mark.parametrize(
    ("sections", "changed", "check", "line"),
    [
        (
            {"agent": seen.agent(backup_registered=True)},
            {},
            "backup",
            "the agent of this host is registered for Azure Backup, and Site Recovery does not support both on one"
            " host; unregister it from Azure Backup first, or leave this host out",
        ),
        *(
            (
                {"agent": seen.agent()},
                {name: r"D:\Other"},
                "agent-folder",
                f"{name} is D:\\Other, but the installed agent uses {actual} and is never moved; remove {name}, or"
                " remove the agent first",
            )
            for name, actual in (("install_path", FOLDER), ("cache_path", FOLDER + r"\Scratch"))
        ),
        *(
            (
                {**sections, "host": seen.host(**host)},
                {},
                check,
                line,
            )
            for sections in ({}, OLD)
            for host, check, line in (
                (
                    {"is_administrator": False},
                    "elevated",
                    r"CORP\asr-admin is not an elevated administrator on VMM01; connect as a local administrator",
                ),
                (
                    {"os_version": "6.2.9200", "os_caption": "Windows Server 2012"},
                    "os",
                    "Windows Server 2012 is older than Windows Server 2012 R2; use a supported host",
                ),
                (
                    {"pending_restart": ["windows_update"]},
                    "restart",
                    "VMM01 has a pending restart (windows_update), which blocks setup; restart the machine",
                ),
                (
                    {"powershell_version": "4.0"},
                    "powershell",
                    "Windows PowerShell is older than 5.1 (found: 4.0); install Windows Management Framework 5.1",
                ),
                (
                    {"dotnet_release": None},
                    "dotnet",
                    ".NET Framework is missing or older than 4.6.2 (release unknown); install .NET Framework 4.8",
                ),
            )
        ),
        (
            {"host": seen.host(volumes=[volume("C:", 4.93)])},
            {},
            "cache",
            "4.9 GB are free on C:, but the cache requires 5 GB; free up space, use another drive, or lower"
            " minimum_cache_gb",
        ),
        (
            {"host": seen.host(volumes=[volume("C:", 100), volume("D:", 1)])},
            {"cache_path": r"D:\Cache", "minimum_cache_gb": 2},
            "cache",
            "1.0 GB are free on D:, but the cache requires 2 GB; free up space, use another drive, or lower"
            " minimum_cache_gb",
        ),
        (
            {},
            {"cache_path": r"X:\Cache"},
            "cache",
            "VMM01 has no fixed drive X: for the cache; set cache_path to a folder on another drive",
        ),
        (
            {},
            {"install_path": r"X:\MARS", "cache_path": r"C:\Cache"},
            "install-drive",
            "VMM01 has no fixed drive X:; set install_path to a folder on another drive",
        ),
        (
            {"agent": seen.agent(service=None, proxy=None)},
            {},
            "agent-service",
            "the agent is installed, but its service (obengine) is missing; remove the agent (MARSAgentInstaller.exe /q"
            " /d) or repair it, then run again",
        ),
        (
            {"agent": seen.agent(service=DISABLED, proxy=None)},
            {"upload_threads": 8},
            "agent-service",
            "the agent's service (obengine) is disabled; set its startup type to automatic, then run again",
        ),
        (
            {"agent": seen.agent(version="2.0.9249.0")},
            {"version": "2.0.9919.0"},
            "agent-upgrade",
            "version 2.0.9919.0 is more than 4 builds newer than the installed 2.0.9249.0, which is not a supported"
            " upgrade (N-4); upgrade to 2.0.9257.0 (update rollup 64) first, or set allow_unsupported_upgrade",
        ),
    ],
)
def test_refusals(sections: dict[str, Any], changed: dict[str, Any], check: str, line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_agent(seen.hyperv_host(**sections), desired(**changed))
    assert (refused.value.details, refused.value.message) == ({"check": check}, line)


@pytest.mark.parametrize(
    ("sections", "changed"),
    [
        ({"host": seen.host(volumes=[volume("c:", 5)])}, {}),
        ({"host": seen.host(volumes=[volume("C:", 0)])}, {"minimum_cache_gb": 0}),
        ({**OLD, "host": seen.host(volumes=[volume("C:", 0)])}, {}),
        ({"agent": seen.agent(), "host": seen.host(pending_restart=["windows_update"])}, {}),
    ],
    ids=["just enough", "lowered", "an upgrade needs no space", "nothing to do"],
)
def test_accepted_states(sections: dict[str, Any], changed: dict[str, Any]) -> None:
    model.plan_agent(seen.hyperv_host(**sections), desired(**changed))


@pytest.mark.parametrize(("minimum", "count"), [(5, 0), (6, 0), (4, 1), (0, 1)])
def test_a_small_cache_and_an_old_build_are_warned_of(minimum: int, count: int) -> None:
    wanted = desired(minimum_cache_gb=minimum)
    assert len(model.warnings(seen.hyperv_host(), wanted)) == count
    old = model.warnings(seen.hyperv_host(agent=seen.agent(version="2.0.9000.0")), wanted)
    assert old[0] == (
        "agent 2.0.9000.0 cannot sign in to Azure, which requires 2.0.9083.0 or newer; upgrade it to 2.0.9214.0 or"
        " newer"
    )
    assert len(old) == count + 1


@pytest.mark.parametrize(
    ("step", "sections", "text"),
    [
        ("H1", {}, "no agent"),
        ("H3", {}, f"no agent; cache in {FOLDER}\\Scratch, 800 GB free"),
        (
            "H3",
            {"host": seen.host(volumes=[volume("C:", 80)])},
            f"no agent; cache in {FOLDER}\\Scratch, 80 GB free (the setup guide of 2017 recommends 600 GB)",
        ),
        ("H4", {}, "no agent"),
        ("H1", {"agent": seen.agent()}, "agent 2.0.9260.0"),
        (
            "H3",
            {"agent": seen.agent(cache_path=r"D:\C")},
            f"in {FOLDER}; cache in D:\\C",
        ),
        ("H4", {"agent": seen.agent()}, "agent 2.0.9260.0, service Running"),
        ("H4", {"agent": seen.agent(version=None, service=None)}, "agent of unknown version, service missing"),
    ],
)
def test_summary(step: str, sections: dict[str, Any], text: str) -> None:
    assert model.summary(step, seen.hyperv_host(**sections), desired()) == text


def test_the_user_can_allow_an_unsupported_upgrade() -> None:
    host = seen.hyperv_host(agent=seen.agent(version="2.0.9249.0"))
    wanted = desired(version="2.0.9919.0", allow_unsupported_upgrade=True)
    assert model.plan_agent(host, wanted).touches("version")
    (line,) = model.warnings(host, wanted)
    assert "not a supported upgrade (N-4); allow_unsupported_upgrade allows it, so Microsoft may not help" in line
    assert line in model.setup_notes(host, wanted)
    assert model.warnings(seen.hyperv_host(agent=seen.agent(version="2.0.9919.0")), wanted) == ()
