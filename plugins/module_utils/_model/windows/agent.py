# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Recovery Services agent on a Hyper-V host, and its proxy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.plan import UNKNOWN, Change, Plan, compare
from ..common.versions import numbers, older
from . import agent_limits as limits
from . import proxy as proxies
from .agent_builds import require_reach, shortcoming
from .agent_limits import Limits
from .background_task import Job, found
from .facts import OLDEST_OS, RUNNING, AgentFacts, HostFacts, MachineFacts, told_system_proxy
from .installer import Installer
from .proxy import SYSTEM, Proxy
from .requirements import require_prerequisites

SECTIONS = ("host", "agent", "hyperv", "work")
SETUP = Job("agent", "install_agent", "setup of the agent", "H4")
PROXY_SECTIONS = ("host", "agent")
_RESTART = "restart_due"
#: Where the installer puts the agent when nothing else is asked for.
DEFAULT_FOLDER = r"C:\Program Files\Microsoft Azure Recovery Services Agent"
#: What Microsoft's short link leads to.
PACKAGE = "MARSAgentInstaller.exe"
#: The walkthrough advises this much; newer documents no longer ask for a cache.
ADVISED_CACHE_GB = 600
LEAST_CACHE_GB = 5
_FOLDER = re.compile(r"[A-Za-z]:\\[^<>:\"|?*\x00-\x1f]+")
#: Mount points of cluster shared volumes: reparse points, which the agent's cache does not support ("Azure Backup
#: agent: FAQ"), and their free space is not that of the drive.
_SHARED_VOLUME = re.compile(r"[A-Za-z]:\\ClusterStorage(\\|$)", re.IGNORECASE)
CODES = {
    -1: "the installer could not be run",
    1612: "the cached package of the installed version is gone; repair it as KB4020490 says",
}


@dataclass(frozen=True, slots=True)
class DesiredAgent:
    """The agent as the playbook wants it."""

    installer: Installer
    install_path: str | None = None
    cache_path: str | None = None
    minimum_cache_gb: int = LEAST_CACHE_GB
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredAgent:
        """Checked offline. Raises InvalidInput."""
        for name in ("install_path", "cache_path"):
            if options[name] and not _FOLDER.fullmatch(options[name]):
                raise InvalidInput(name, f"'{options[name]}' is not a full path on a drive", r"give one like D:\Agent")
            if _SHARED_VOLUME.match(options[name] or ""):
                raise InvalidInput(
                    name,
                    "lies on a cluster shared volume, where the agent can have neither its files nor its cache",
                    "give a folder on a drive of the host's own",
                )
        if options["minimum_cache_gb"] < 0:
            raise InvalidInput("minimum_cache_gb", "is below zero", "give the least free space in GB")
        return cls(
            Installer.from_options(options, PACKAGE),
            _folder(options["install_path"]),
            _folder(options["cache_path"]),
            options["minimum_cache_gb"],
            Limits.from_options(options),
        )

    @property
    def cache_folder(self) -> str:
        """Where the cache comes to lie on a new host."""
        return self.cache_path or (self.install_path or DEFAULT_FOLDER) + r"\Scratch"


def plan_agent(machine: MachineFacts, desired: DesiredAgent) -> Plan:
    """Install, upgrade or start the agent; never a downgrade. Raises Refused before anything starts."""
    agent = machine.agent
    if agent is not None:
        _require_ours(agent)
        _require_places(agent, desired)
    setup = found(machine.work, SETUP.name)
    if setup is not None and setup.goes_on:
        # Only check mode sees this: every other run waits for the end first.
        reason = "wait for the end of the setup that an earlier run began, which goes on"
        return Plan((Change("installed", agent is not None, UNKNOWN, reason),))
    if agent is None or older(agent.version, desired.installer.version):
        _require_ready(machine, desired, new=agent is None)
        return Plan((*_installation(agent, desired), *desired.limits.drift(agent)))
    _require_startable(agent)
    start = compare("service", agent.service, RUNNING, "start the agent's service")
    return Plan.of([start, *desired.limits.drift(agent)])


def installs(plan: Plan) -> bool:
    return plan.touches("version") or any(
        change.path == "installed" and change.after is True for change in plan.changes
    )


def agent_result(machine: MachineFacts, desired: DesiredAgent) -> dict[str, Any]:
    agent = machine.agent
    return {
        "installed": agent is not None,
        "version": agent.version if agent else None,
        "install_path": agent.install_path if agent else None,
        "cache_path": agent.cache_path if agent else None,
        "service": agent.service if agent else None,
        **limits.to_result(agent, desired.limits),
    }


def summary(step: str, machine: MachineFacts, desired: DesiredAgent) -> str:
    """What the host says about one step of the walkthrough."""
    agent = machine.agent
    if agent is None:
        return f"no agent; {_cache_note(machine, desired.cache_folder)}" if step == "H3" else "no agent"
    version = f"agent {agent.version or 'of unknown version'}"
    if step == "H1":
        return version
    if step == "H3":
        return f"in {agent.install_path}; {_cache_note(machine, agent.cache_path or desired.cache_folder)}"
    return f"{version}, service {agent.service or 'missing'}"


def changes_for_step(step: str, plan: Plan) -> Plan:
    """The changes that belong to one step."""
    if step == "H1":
        return plan.only("version")
    if step == "H3":
        return plan.only("install_path", "cache_path")
    return plan.only("installed", "service", *limits.PATHS)


def limited(plan: Plan) -> frozenset[str]:
    """Which of the agent's limits are set."""
    return frozenset(path for path in limits.PATHS if plan.touches(path))


def warnings(desired: DesiredAgent, agent: AgentFacts | None = None) -> tuple[str, ...]:
    """What is allowed and yet worth a word."""
    old = shortcoming(agent.version) if agent else None
    found = [old] if old else []
    if desired.minimum_cache_gb < LEAST_CACHE_GB:
        found.append(f"minimum_cache_gb is below the {LEAST_CACHE_GB} GB that the walkthrough asks for")
    return tuple(found)


def _cache_note(machine: MachineFacts, folder: str) -> str:
    free = machine.host.free_gb(folder) if machine.host else None
    if free is None:
        return f"cache in {folder}"
    advice = f" ({ADVISED_CACHE_GB} GB are advised)" if free < ADVISED_CACHE_GB else ""
    return f"cache in {folder}, {free:.0f} GB free{advice}"


def plan_agent_proxy(
    agent: AgentFacts | None, wanted: Proxy, *, always_password: bool, check_mode: bool = False
) -> Plan:
    """What to change of the agent's proxy. In check mode an agent that is not there or stopped counts as planned."""
    if agent is None:
        if not check_mode:
            raise Refused(
                "the Recovery Services agent is not installed on this host; install it first"
                " (siterecovery.hyperv.mars_agent)"
            )
        return Plan(tuple(_drift(None, wanted, always_password=False)))
    _require_ours(agent)
    if not agent.proxy_known and check_mode:
        return Plan(tuple(_drift(None, wanted, always_password=False)))
    if not agent.proxy_known:
        raise Refused(
            f"the agent's proxy can't be read: service obengine is {agent.service or 'missing'}; start it, then run"
            " again"
        )
    if wanted.bypass and not agent.bypass_supported:
        raise Refused(
            f"proxy.bypass: the agent {agent.version or 'of unknown version'} has no list of addresses that go round"
            " the proxy; upgrade it, or leave the list out"
        )
    changes = _drift(agent, wanted, always_password=always_password)
    if agent.restart_due and not changes:
        reason = "restart the agent's service, which has not read the proxy since it was changed"
        changes = [Change(_RESTART, True, False, reason)]
    return Plan(tuple(changes))


def restarts_only(plan: Plan) -> bool:
    """Whether an earlier run changed the proxy, and was cut off before the service could read it."""
    return plan.touches(_RESTART)


def login_may_be_lost(agent: AgentFacts | None, wanted: Proxy, plan: Plan) -> bool:
    """Whether a change names no login, on a build that does not show if the present proxy has one."""
    hidden = agent is not None and agent.proxy is not None and not agent.proxy.login_shown
    return hidden and wanted.custom and wanted.username is None and plan.changed


def agent_proxy_result(agent: AgentFacts | None, wanted: Proxy) -> dict[str, Any]:
    """The agent's proxy; an agent that is not there has none."""
    due = agent is not None and agent.restart_due
    return {**proxies.to_result(agent.proxy if agent else None, wanted.mode), _RESTART: due}


def told_proxy(agent: AgentFacts | None, wanted: Proxy, host: HostFacts | None = None) -> str:
    """With `host` also what the agent's account sees where the system's proxy was asked for."""
    if agent is None:
        return "no agent"
    if not agent.proxy_known:
        return f"unknown while service obengine is {agent.service or 'missing'}"
    told = proxies.describe(agent.proxy, wanted.mode)
    if host is None or agent.proxy is not None or wanted.mode != SYSTEM:
        return told
    return f"{told}; {told_system_proxy(host.system_proxy)} (not verified on a real server)"


def _drift(agent: AgentFacts | None, wanted: Proxy, *, always_password: bool) -> list[Change]:
    reason = "set the agent's proxy; its service is restarted"
    facts = agent.proxy if agent else None
    # Builds that do not show the user name must not look like drift for ever.
    shown = facts if facts is None or facts.login_shown else replace(facts, username=wanted.username)
    return proxies.drift(shown, wanted, always_password=always_password, update_reason=reason)


def _installation(agent: AgentFacts | None, desired: DesiredAgent) -> list[Change]:
    version = desired.installer.version
    if agent is not None:
        reason = f"upgrade the agent from {agent.version or 'an unknown version'} to {version}"
        changes = [Change("version", agent.version, version, reason), Change("service", agent.service, RUNNING, reason)]
    else:
        folder = desired.install_path or DEFAULT_FOLDER
        reason = f"install the agent{' ' + version if version else ''}"
        changes = [
            Change("installed", False, True, reason),
            Change("version", None, version or UNKNOWN, f"run {desired.installer.file_name}"),
            Change("install_path", None, folder, f"install into {folder}"),
            Change("cache_path", None, desired.cache_folder, f"cache in {desired.cache_folder}"),
            Change("service", None, RUNNING, reason),
        ]
    return [change for change in changes if change.before != change.after]


def _require_ours(agent: AgentFacts) -> None:
    if agent.backup_registered:
        raise Refused(
            "this host's agent is registered for Azure Backup, and Site Recovery does not support both on one host;"
            " unregister it from Backup first, or leave this host out"
        )


def _require_places(agent: AgentFacts, desired: DesiredAgent) -> None:
    for name, actual, wanted in (
        ("install_path", agent.install_path, desired.install_path),
        ("cache_path", agent.cache_path, desired.cache_path),
    ):
        if wanted is not None and actual is not None and wanted.casefold() != actual.rstrip("\\").casefold():
            raise Refused(
                f"{name}: the agent is in {actual}, asked for was {wanted}; it is not moved: leave the option out or"
                " remove the agent first"
            )


def _require_startable(agent: AgentFacts) -> None:
    if agent.service is None:
        raise Refused(
            "the agent is installed, but its service obengine is missing; remove the agent (MARSAgentInstaller.exe /q"
            " /d) or repair it, then run again"
        )
    if agent.disabled and agent.service != RUNNING:
        raise Refused("service obengine is disabled; set its start mode to automatic, then run again")


def _require_ready(machine: MachineFacts, desired: DesiredAgent, *, new: bool) -> None:
    host = machine.host
    if host is None:
        return
    if not host.is_administrator:
        raise Refused(f"{host.account} is no elevated administrator on {host.name}; connect as a local administrator")
    if numbers(host.os_version)[:2] < OLDEST_OS:
        raise Refused(
            f"{host.os_caption} is older than Windows Server 2012 R2, which the agent needs; use a supported host"
        )
    require_prerequisites(host, "setup of the agent")
    if host.pending_restart:
        raise Refused(
            f"{host.name} waits for a restart ({', '.join(host.pending_restart)}); restart it, then run again"
        )
    if new:
        _require_room(host, desired)
        return
    if machine.agent is not None:
        require_reach(machine.agent.version, desired.installer.version)


def _require_room(host: HostFacts, desired: DesiredAgent) -> None:
    if desired.install_path is not None and host.free_gb(desired.install_path) is None:
        raise Refused(
            f"install_path: {host.name} has no fixed drive {desired.install_path[:2]}; give a folder on another drive"
        )
    free = host.free_gb(desired.cache_folder)
    if free is None:
        raise Refused(
            f"cache_path: {host.name} has no fixed drive {desired.cache_folder[:2]}; give a folder on another drive"
        )
    if free < desired.minimum_cache_gb:
        raise Refused(
            f"cache_path: {desired.cache_folder[:2]} on {host.name} has {free:.1f} GB free,"
            f" {desired.minimum_cache_gb} GB are needed;"
            " make room, give another drive, or lower minimum_cache_gb"
        )


def _folder(path: str | None) -> str | None:
    return path.rstrip("\\") if path else None
