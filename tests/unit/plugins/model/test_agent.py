# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Recovery Services agent and its proxy: planned, refused and told in every state (H1, H3 to H5)."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import InvalidInput, Refused
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.plan import apply_changes
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import agent as model
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.agent import DesiredAgent
from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows.proxy import Proxy
from tests.unit.plugins.model import observations as seen

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
    return {"drive": drive, "free_bytes": int(free_gb * GIB), "size_bytes": 1000 * GIB}


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        *(
            ({name: path}, f"{name}: '{path}' is not a full path on a drive; give one like D:\\Agent")
            for name in ("install_path", "cache_path")
            for path in ("Agent", "D:Agent", r"\\server\share", r"D:\a|b", "D:\\")
        ),
        ({"cache_path": "D:\\a\n"}, "cache_path: 'D:\\a ' is not a full path on a drive; give one like D:\\Agent"),
        ({"minimum_cache_gb": -1}, "minimum_cache_gb: is below zero; give the least free space in GB"),
        ({"version": "new"}, "version: 'new' is not a version like 5.1.8095.0; correct it"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(changed: dict[str, Any], line: str) -> None:
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
def test_where_a_new_cache_lies(changed: dict[str, Any], folder: str) -> None:
    assert desired(**changed).cache_folder == folder


PLANS: list[tuple[str, dict[str, Any] | None, dict[str, Any], list[str]]] = [
    ("none", None, {}, NEW),
    ("none, any version", None, {"version": None}, NEW),
    ("the wanted version", seen.agent(), {}, []),
    ("a newer version", seen.agent(version="2.0.9938.0"), {}, []),
    ("any version", seen.agent(version="1.0"), {"version": None}, []),
    ("an older version", seen.agent(version="2.0.9000.0"), {}, ["version"]),
    ("an unknown version", seen.agent(version=None), {}, ["version"]),
    ("an older version, stopped", seen.agent(version="2.0.9000.0", service=seen.STOPPED), {}, ["version", "service"]),
    ("stopped", seen.agent(service=seen.STOPPED, proxy=None), {}, ["service"]),
    ("its folders asked for", seen.agent(), {"install_path": FOLDER.upper() + "\\"}, []),
    ("its cache not known", seen.agent(cache_path=None), {"cache_path": r"D:\Cache"}, []),
]


@pytest.mark.parametrize(("agent", "changed", "paths"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_plan(agent: dict[str, Any] | None, changed: dict[str, Any], paths: list[str]) -> None:
    plan = model.plan_agent(seen.hyperv_host(agent=agent), desired(**changed))
    assert [change.path for change in plan.changes] == paths
    assert model.installs(plan) == ("version" in paths)
    parts = [change.path for step in ("H1", "H3", "H4") for change in model.changes_for_step(step, plan).changes]
    assert sorted(parts) == sorted(paths)


def test_reasons() -> None:
    plan = model.plan_agent(seen.hyperv_host(), desired())
    assert plan.describe() == (
        f"install the agent 2.0.9260.0; run MARSAgentInstaller.exe; install into {FOLDER}; cache in {FOLDER}\\Scratch"
    )
    upgrade = model.plan_agent(seen.hyperv_host(agent=seen.agent(version="2.0.9000.0")), desired())
    assert upgrade.describe() == "upgrade the agent from 2.0.9000.0 to 2.0.9260.0"


def test_the_plan_is_laid_over_the_projection() -> None:
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
def test_a_cluster_shared_volume_is_no_place(name: str, path: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{name}: lies on a cluster shared volume"):
        desired(**{name: path})
    assert desired(**{name: r"C:\ClusterStorages\A"})


@pytest.mark.parametrize("service", [seen.RUNNING, seen.STOPPED])
def test_limits_are_planned_with_the_rest(service: dict[str, Any]) -> None:
    machine = seen.hyperv_host(agent=seen.agent(version="2.0.9000.0", service=service))
    plan = model.plan_agent(machine, desired(upload_threads=8))
    paths = [change.path for change in plan.changes]
    assert paths == ["version", *([] if service is seen.RUNNING else ["service"]), "upload_threads"]
    assert model.changes_for_step("H4", plan).touches("upload_threads")
    assert model.limited(plan) == {"upload_threads"}


OLD = {"agent": seen.agent(version="2.0.9000.0")}
DISABLED = {"status": "Stopped", "start_mode": "Disabled"}


@pytest.mark.parametrize(
    ("sections", "changed", "line"),
    [
        (
            {"agent": seen.agent(backup_registered=True)},
            {},
            "this host's agent is registered for Azure Backup, and Site Recovery does not support both on one host;"
            " unregister it from Backup first, or leave this host out",
        ),
        *(
            (
                {"agent": seen.agent()},
                {name: r"D:\Other"},
                f"{name}: the agent is in {actual}, asked for was D:\\Other; it is not moved: leave the option out or"
                " remove the agent first",
            )
            for name, actual in (("install_path", FOLDER), ("cache_path", FOLDER + r"\Scratch"))
        ),
        *(
            (
                {**sections, "host": seen.host(**host)},
                {},
                line,
            )
            for sections in ({}, OLD)
            for host, line in (
                (
                    {"is_administrator": False},
                    r"CORP\asr-admin is no elevated administrator on VMM01; connect as a local administrator",
                ),
                (
                    {"os_version": "6.2.9200", "os_caption": "Windows Server 2012"},
                    "Windows Server 2012 is older than Windows Server 2012 R2, which the agent needs; use a supported"
                    " host",
                ),
                (
                    {"pending_restart": ["windows_update"]},
                    "VMM01 waits for a restart (windows_update); restart it, then run again",
                ),
            )
        ),
        (
            {"host": seen.host(volumes=[volume("C:", 4.96)])},
            {},
            "cache_path: C: on VMM01 has 5.0 GB free, 5 GB are needed; make room, give another drive, or lower"
            " minimum_cache_gb",
        ),
        (
            {"host": seen.host(volumes=[volume("C:", 100), volume("D:", 1)])},
            {"cache_path": r"D:\Cache", "minimum_cache_gb": 2},
            "cache_path: D: on VMM01 has 1.0 GB free, 2 GB are needed; make room, give another drive, or lower"
            " minimum_cache_gb",
        ),
        (
            {},
            {"cache_path": r"X:\Cache"},
            "cache_path: VMM01 has no fixed drive X:; give a folder on another drive",
        ),
        (
            {},
            {"install_path": r"X:\MARS", "cache_path": r"C:\Cache"},
            "install_path: VMM01 has no fixed drive X:; give a folder on another drive",
        ),
        (
            {"agent": seen.agent(service=None, proxy=None)},
            {},
            "the agent is installed, but its service obengine is missing; remove the agent (MARSAgentInstaller.exe /q"
            " /d) or repair it, then run again",
        ),
        (
            {"agent": seen.agent(service=DISABLED, proxy=None)},
            {"upload_threads": 8},
            "service obengine is disabled; set its start mode to automatic, then run again",
        ),
        (
            {"agent": seen.agent(version="2.0.9249.0")},
            {"version": "2.0.9919.0"},
            "version: from 2.0.9249.0 to 2.0.9919.0 is more than 4 builds, which is no supported upgrade (N-4); upgrade"
            " to 2.0.9257.0 (update rollup 64) first",
        ),
    ],
)
def test_nothing_is_begun(sections: dict[str, Any], changed: dict[str, Any], line: str) -> None:
    with pytest.raises(Refused) as refused:
        model.plan_agent(seen.hyperv_host(**sections), desired(**changed))
    assert refused.value.message == line


@pytest.mark.parametrize(
    ("sections", "changed"),
    [
        ({"host": seen.host(volumes=[volume("c:", 5)])}, {}),
        ({"host": seen.host(volumes=[volume("C:", 0)])}, {"minimum_cache_gb": 0}),
        ({**OLD, "host": seen.host(volumes=[volume("C:", 0)])}, {}),
        ({"agent": seen.agent(), "host": seen.host(pending_restart=["windows_update"])}, {}),
    ],
    ids=["just enough", "lowered", "an upgrade needs no room", "nothing to do"],
)
def test_not_refused(sections: dict[str, Any], changed: dict[str, Any]) -> None:
    model.plan_agent(seen.hyperv_host(**sections), desired(**changed))


@pytest.mark.parametrize(("minimum", "count"), [(5, 0), (6, 0), (4, 1), (0, 1)])
def test_less_than_the_walkthroughs_cache_is_warned_of(minimum: int, count: int) -> None:
    assert len(model.warnings(desired(minimum_cache_gb=minimum))) == count
    old = seen.hyperv_host(agent=seen.agent(version="2.0.9000.0")).agent
    assert len(model.warnings(desired(minimum_cache_gb=minimum), old)) == count + 1


@pytest.mark.parametrize(
    ("step", "sections", "told"),
    [
        ("H1", {}, "no agent"),
        ("H3", {}, f"no agent; cache in {FOLDER}\\Scratch, 800 GB free"),
        (
            "H3",
            {"host": seen.host(volumes=[volume("C:", 80)])},
            f"no agent; cache in {FOLDER}\\Scratch, 80 GB free (600 GB are advised)",
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
def test_what_is_told(step: str, sections: dict[str, Any], told: str) -> None:
    assert model.summary(step, seen.hyperv_host(**sections), desired()) == told


# ---- its proxy ----

CUSTOM = {"mode": "custom", "address": "http://proxy", "port": 8080}
LOGIN = {**CUSTOM, "username": "u", "password": "p"}


def wanted(**options: Any) -> Proxy:
    proxy = Proxy.from_options(options)
    assert proxy is not None
    return proxy


PROXY_PLANS: list[tuple[str, dict[str, Any], dict[str, Any], bool, list[str]]] = [
    ("none, direct", seen.agent(), {"mode": "direct"}, False, []),
    ("none, custom", seen.agent(), CUSTOM, False, ["mode", "address", "port"]),
    ("one, direct", seen.agent(proxy=seen.agent_proxy()), {"mode": "direct"}, False, ["mode", "address", "port"]),
    ("the same", seen.agent(proxy=seen.agent_proxy()), CUSTOM, False, []),
    (
        "an old build that does not show the login",
        seen.agent(proxy=seen.agent_proxy(login_shown=False)),
        LOGIN,
        False,
        [],
    ),
    ("an old build, always", seen.agent(proxy=seen.agent_proxy(login_shown=False)), LOGIN, True, ["password"]),
    (
        "an old build, another port",
        seen.agent(proxy=seen.agent_proxy(port=1, login_shown=False)),
        LOGIN,
        False,
        ["port", "password"],
    ),
    ("a first login", seen.agent(proxy=seen.agent_proxy()), LOGIN, False, ["username", "password"]),
    (
        "another login",
        seen.agent(proxy=seen.agent_proxy(username="old")),
        LOGIN,
        False,
        ["username", "password"],
    ),
]


@pytest.mark.parametrize(
    ("agent", "options", "always", "paths"), [row[1:] for row in PROXY_PLANS], ids=[row[0] for row in PROXY_PLANS]
)
def test_proxy_plan(agent: dict[str, Any], options: dict[str, Any], always: bool, paths: list[str]) -> None:
    plan = model.plan_agent_proxy(
        seen.hyperv_host(agent=agent).agent, wanted(**options), always_password=always, check_mode=False
    )
    assert [change.path for change in plan.changes] == paths


def test_the_agent_of_azure_backup_keeps_its_proxy() -> None:
    facts = seen.hyperv_host(agent=seen.agent(backup_registered=True)).agent
    for check in (True, False):
        with pytest.raises(Refused, match="registered for Azure Backup"):
            model.plan_agent_proxy(facts, wanted(**CUSTOM), always_password=False, check_mode=check)


@pytest.mark.parametrize(
    ("found", "options", "lost"),
    [
        ({"login_shown": False, "port": 1}, CUSTOM, True),
        ({"login_shown": False}, CUSTOM, False),
        ({"login_shown": False, "port": 1}, LOGIN, False),
        ({"login_shown": False}, {"mode": "direct"}, False),
        ({"port": 1}, CUSTOM, False),
    ],
)
def test_a_login_that_is_not_shown_may_be_lost(found: dict[str, Any], options: dict[str, Any], lost: bool) -> None:
    facts = seen.hyperv_host(agent=seen.agent(proxy=seen.agent_proxy(**found))).agent
    plan = model.plan_agent_proxy(facts, wanted(**options), always_password=False)
    assert model.login_may_be_lost(facts, wanted(**options), plan) is lost


UNREADABLE = seen.agent(service=seen.STOPPED, proxy=None)


@pytest.mark.parametrize(
    ("agent", "line"),
    [
        (
            None,
            "the Recovery Services agent is not installed on this host; install it first"
            " (siterecovery.hyperv.mars_agent)",
        ),
        (
            UNREADABLE,
            "the agent's proxy can't be read: service obengine is Stopped; start it, then run again",
        ),
        (
            seen.agent(service=None, proxy=None),
            "the agent's proxy can't be read: service obengine is missing; start it, then run again",
        ),
    ],
)
def test_an_agent_whose_proxy_can_not_be_read(agent: dict[str, Any] | None, line: str) -> None:
    facts = seen.hyperv_host(agent=agent).agent
    with pytest.raises(Refused) as refused:
        model.plan_agent_proxy(facts, wanted(**CUSTOM), always_password=True)
    assert refused.value.message == line
    planned = model.plan_agent_proxy(facts, wanted(**LOGIN), always_password=True, check_mode=True)
    assert [change.path for change in planned.changes] == ["mode", "address", "port", "username", "password"]


@pytest.mark.parametrize(
    ("agent", "mode", "told"),
    [
        (None, "direct", "no agent"),
        (UNREADABLE, "direct", "unknown while service obengine is Stopped"),
        (seen.agent(), "system", "no proxy of its own (system)"),
        (seen.agent(proxy=seen.agent_proxy(username="u")), "direct", "proxy http://proxy:8080, login u"),
    ],
)
def test_what_is_told_of_the_proxy(agent: dict[str, Any] | None, mode: str, told: str) -> None:
    assert model.told_proxy(seen.hyperv_host(agent=agent).agent, wanted(mode=mode)) == told
