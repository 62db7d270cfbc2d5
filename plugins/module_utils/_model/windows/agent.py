# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the Recovery Services agent on a Hyper-V host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..common.check import Check
from ..common.errors import InvalidInput
from ..common.plan import UNKNOWN, Change, Plan, compare
from ..common.text_rules import is_drive_path
from . import agent_limits as limits
from .agent_facts import AgentFacts
from .agent_limits import Limits
from .background_task import BackgroundTask
from .expectation import ADVISED_CACHE_GB, DEFAULT_FOLDER, HYPERV_HOST, LEAST_CACHE_GB, Expectation
from .facts import MachineFacts
from .host_facts import RUNNING
from .host_requirements import visual_cpp
from .hyperv_requirements import agent as agent_requirement
from .hyperv_requirements import agent_upgrade
from .installer import Installer
from .operations import agent_operations
from .requirement_context import Context
from .requirements import require_for
from .setup import setup_in_progress

SECTIONS = ("host", "agent", "background_tasks")
SETUP = BackgroundTask("agent", "install_agent", "the agent's setup", "H4")
#: The file behind Microsoft's short link.
PACKAGE = "MARSAgentInstaller.exe"
#: Mount points of cluster shared volumes: reparse points, which the agent's cache does not support ("Azure Backup
#: agent: FAQ"), and their free space is not that of the drive.
_SHARED_VOLUME = re.compile(r"[A-Za-z]:\\ClusterStorage(\\|$)", re.IGNORECASE)
CODES = {
    -1: "the installer did not start",
    1612: "the cached package of the installed version is missing; repair it as KB4020490 describes",
}


@dataclass(frozen=True, slots=True)
class DesiredAgent:
    """The desired agent."""

    installer: Installer
    install_path: str | None = None
    cache_path: str | None = None
    minimum_cache_gb: int = LEAST_CACHE_GB
    unsupported_upgrade: bool = False
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> DesiredAgent:
        """Build the desired agent from the task's options and validate it offline. Raises InvalidInput."""
        return cls(
            Installer.from_options(options, PACKAGE),
            checked_folder("install_path", options["install_path"]),
            checked_folder("cache_path", options["cache_path"]),
            checked_cache_size(options["minimum_cache_gb"]),
            bool(options.get("allow_unsupported_upgrade")),
            Limits.from_options(options),
        )

    @property
    def expectation(self) -> Expectation:
        """Return the options that requirements depend on."""
        return Expectation(
            version=self.installer.version,
            install_path=self.install_path,
            cache_path=self.cache_path,
            minimum_cache_gb=self.minimum_cache_gb,
            unsupported_upgrade=self.unsupported_upgrade,
        )


def checked_folder(option: str, path: str | None) -> str | None:
    """Return a folder for the agent without a final backslash. Raises InvalidInput."""
    if not path:
        return None
    if not is_drive_path(path.rstrip("\\")):
        raise InvalidInput(option, f"must be a full path on a drive, not '{path}'", r"set it to a path like D:\Agent")
    if _SHARED_VOLUME.match(path):
        raise InvalidInput(
            option,
            "must not be on a cluster shared volume, which neither the agent nor its cache supports",
            "use a folder on a drive of the host",
        )
    return path.rstrip("\\")


def checked_cache_size(minimum_gb: int) -> int:
    """Return the least free space of the cache's drive. Raises InvalidInput."""
    if minimum_gb < 0:
        raise InvalidInput("minimum_cache_gb", "must not be negative", "set it to the least free space in GB")
    return minimum_gb


def plan_agent(machine: MachineFacts, desired: DesiredAgent) -> Plan:
    """Plan to install, upgrade or start the agent, never to downgrade it. Raises Refused before anything starts."""
    agent, expected = machine.agent, desired.expectation
    waiting = setup_in_progress(machine, SETUP, installed=agent is not None)
    if waiting is not None:
        require_for(HYPERV_HOST, machine, expected, frozenset(("manage_agent",)))
        return Plan((waiting,))
    due = agent_operations(agent, expected)
    require_for(HYPERV_HOST, machine, expected, due)
    if agent is None or "install" in due:
        return Plan((*_installation(agent, desired), *desired.limits.diff(agent)))
    start = compare("service", agent.service, RUNNING, "start the agent's service")
    return Plan.of([start, *desired.limits.diff(agent)])


def agent_result(machine: MachineFacts, desired: DesiredAgent) -> dict[str, Any]:
    """Return the agent as results show it."""
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
    """Describe the host's state for one step of the setup guide."""
    agent, cache_folder = machine.agent, desired.expectation.cache_folder
    if agent is None:
        return f"no agent; {_describe_cache(machine, cache_folder)}" if step == "H3" else "no agent"
    version = f"agent {agent.version or 'of unknown version'}"
    if step == "H1":
        return version
    if step == "H3":
        return f"in {agent.install_path}; {_describe_cache(machine, agent.cache_path or cache_folder)}"
    return f"{version}, service {agent.service or 'missing'}"


def changes_for_step(step: str, plan: Plan) -> Plan:
    """Return the changes that belong to one step."""
    if step == "H1":
        return plan.only("version")
    if step == "H3":
        return plan.only("install_path", "cache_path")
    return plan.only("installed", "service", *limits.PATHS)


def limited(plan: Plan) -> frozenset[str]:
    """Return the limits that the plan sets."""
    return frozenset(path for path in limits.PATHS if plan.touches(path))


def warnings(machine: MachineFacts, desired: DesiredAgent) -> tuple[str, ...]:
    """Return one line for each supported but inadvisable condition."""
    found = []
    if machine.agent is not None:
        context = Context(HYPERV_HOST, machine, desired.expectation, frozenset())
        found += _described(agent_requirement(context), agent_upgrade(context))
    if desired.minimum_cache_gb < LEAST_CACHE_GB:
        found.append(f"minimum_cache_gb is less than the {LEAST_CACHE_GB} GB that the setup guide requires")
    return tuple(found)


def setup_notes(machine: MachineFacts, desired: DesiredAgent) -> tuple[str, ...]:
    """Return one line for each condition that the user should know about when setup runs."""
    context = Context(HYPERV_HOST, machine, desired.expectation, frozenset())
    return tuple(_described(visual_cpp(context), agent_upgrade(context)))


def _described(*checks: Check | None) -> list[str]:
    """Return the text of each warning."""
    return [check.describe() for check in checks if check is not None and check.overall == "warning"]


def _describe_cache(machine: MachineFacts, folder: str) -> str:
    free = machine.host.free_gb(folder) if machine.host else None
    if free is None:
        return f"cache in {folder}"
    advice = f" (the setup guide of 2017 recommends {ADVISED_CACHE_GB} GB)" if free < ADVISED_CACHE_GB else ""
    return f"cache in {folder}, {free:.0f} GB free{advice}"


def _installation(agent: AgentFacts | None, desired: DesiredAgent) -> list[Change]:
    version = desired.installer.version
    if agent is not None:
        reason = f"upgrade the agent from {agent.version or 'an unknown version'} to {version}"
        changes = [Change("version", agent.version, version, reason), Change("service", agent.service, RUNNING, reason)]
    else:
        folder, cache_folder = desired.install_path or DEFAULT_FOLDER, desired.expectation.cache_folder
        reason = f"install the agent{' ' + version if version else ''}"
        changes = [
            Change("installed", False, True, reason),
            Change("version", None, version or UNKNOWN, f"run {desired.installer.file_name}"),
            Change("install_path", None, folder, f"install into {folder}"),
            Change("cache_path", None, cache_folder, f"cache in {cache_folder}"),
            Change("service", None, RUNNING, reason),
        ]
    return [change for change in changes if change.before != change.after]
