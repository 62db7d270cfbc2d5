# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the operations that are due on a machine. They decide which requirements block.

The plans of the resources and the preflight derive them with the same functions.
"""

from __future__ import annotations

from typing import Final, Literal

from ..common.versions import older
from . import proxy as proxies
from .agent_facts import AgentFacts
from .expectation import Expectation, all_clouds
from .facts import MachineFacts
from .host_facts import RUNNING
from .stale_registration import StaleRegistration, find_stale
from .vmm_facts import UNREGISTERED, ProviderFacts, VmmFacts

Operation = Literal[
    "manage_provider",
    "manage_registration",
    "manage_clouds",
    "manage_agent",
    "manage_agent_proxy",
    "install",
    "start_service",
    "register",
    "change_proxy",
    "restart_service",
    "interrupt_jobs",
    "clean_up",
    "remove_key",
    "remove",
    "publish_clouds",
]
Operations = frozenset[Operation]
#: The operations that change a machine or its registration.
CHANGES: Final[Operations] = frozenset(
    (
        "install",
        "start_service",
        "register",
        "change_proxy",
        "restart_service",
        "clean_up",
        "remove_key",
        "remove",
        "publish_clouds",
    )
)
#: The kind of setup that is due.
Setup = Literal["install", "repair", "upgrade"]


def provider_setup(provider: ProviderFacts | None, version: str | None) -> Setup | None:
    """Return the kind of setup that brings the Provider to a version, or None if nothing is to be set up."""
    if provider is None:
        return "install"
    if not provider.complete:
        return "repair"
    return "upgrade" if older(provider.version, version) else None


def agent_setup(agent: AgentFacts | None, version: str | None) -> Setup | None:
    """Return the kind of setup that brings the agent to a version, or None if nothing is to be set up."""
    if agent is None:
        return "install"
    return "upgrade" if older(agent.version, version) else None


def provider_operations(machine: MachineFacts, expected: Expectation) -> Operations:
    """Return the operations of the resource `provider`."""
    vmm = machine.vmm
    if vmm is None:
        return frozenset(("manage_provider",))
    if provider_setup(machine.provider, expected.version):
        return frozenset(("manage_provider", "install", "interrupt_jobs"))
    if vmm.service != RUNNING and vmm.active:
        return frozenset(("manage_provider", "start_service"))
    return frozenset(("manage_provider",))


def registration_operations(
    machine: MachineFacts,
    expected: Expectation,
    *,
    just_registered: bool = False,
    restart_deferred: bool = False,
) -> Operations:
    """Return the operations of the resource `provider_registration`.

    `just_registered` and `restart_deferred` describe changes that this run has already made.
    """
    vmm, facts = machine.vmm, machine.registration or UNREGISTERED
    due: set[Operation] = {"manage_registration"}
    if vmm is None:
        return frozenset(due)
    if facts.orphaned_key_files:
        due.add("remove_key")
    stale = consented_stale(machine, expected, just_registered=just_registered)
    if stale:
        due.add("clean_up")
    if facts.vault_name is None or stale.is_primary:
        due.add("register")
    elif expected.proxy is not None and proxies.diff(
        facts.proxy, expected.proxy, always_password=expected.always_password
    ):
        due.add("change_proxy")
    if len(due) == 1 and vmm.restart_due and not restart_deferred and expected.restart_vmm:
        due.add("restart_service")
    # DRConfigurator stops VMM as well, whether or not the service is restarted afterwards.
    if due & {"register", "change_proxy", "restart_service"}:
        due.add("interrupt_jobs")
    return frozenset(due)


def consented_stale(
    machine: MachineFacts, expected: Expectation, *, just_registered: bool = False
) -> StaleRegistration:
    """Return the stale parts that the user has allowed to remove. Parts that may be in use are not among them."""
    if not expected.remove_stale or expected.vault is None:
        return StaleRegistration()
    facts = machine.registration or UNREGISTERED
    stale = find_stale(
        facts, machine.vmm, expected.vault, expected.vault_id, expected.azure, just_registered=just_registered
    )
    return StaleRegistration() if stale.unproven else stale


def cloud_operations(expected: Expectation) -> Operations:
    """Return the operations of the resource `vmm_cloud_sync`."""
    return frozenset(("manage_clouds",)) if expected.clouds else frozenset()


def agent_operations(agent: AgentFacts | None, expected: Expectation) -> Operations:
    """Return the operations of the resource `mars_agent`."""
    if agent is None or agent_setup(agent, expected.version):
        return frozenset(("manage_agent", "install"))
    if agent.service != RUNNING:
        return frozenset(("manage_agent", "start_service"))
    return frozenset(("manage_agent",))


def agent_proxy_operations(agent: AgentFacts | None, expected: Expectation) -> Operations:
    """Return the operations of the resource `mars_proxy`."""
    desired = expected.proxy
    if desired is None:
        return frozenset()
    known = agent is not None and agent.proxy_known
    stored = agent.comparable_proxy(desired.username) if agent is not None and known else None
    if proxies.diff(stored, desired, always_password=expected.always_password and known):
        return frozenset(("manage_agent_proxy", "change_proxy"))
    if known and agent is not None and agent.restart_due:
        return frozenset(("manage_agent_proxy", "restart_service"))
    return frozenset(("manage_agent_proxy",))


def preflight_vmm_operations(machine: MachineFacts, expected: Expectation) -> Operations:
    """Return the operations of a whole run on a VMM server. A node without the cluster role gets the Provider only."""
    provider = provider_operations(machine, expected)
    if not machine.active:
        return provider
    clouds = cloud_operations(expected) | _publications(machine, expected)
    return provider | registration_operations(machine, expected) | clouds


def _publications(machine: MachineFacts, expected: Expectation) -> Operations:
    """Return the operation of requested clouds that VMM shows as not synchronized."""
    names = {name.casefold() for name in expected.clouds}
    clouds = machine.vmm.clouds if machine.vmm else None
    due = any(
        cloud.published is False and (all_clouds(expected.clouds) or cloud.name.casefold() in names)
        for cloud in clouds or ()
    )
    return frozenset(("publish_clouds",)) if due else frozenset()


def preflight_host_operations(machine: MachineFacts, expected: Expectation) -> Operations:
    """Return the operations of a whole run on a Hyper-V host."""
    agent = machine.agent
    return agent_operations(agent, expected) | agent_proxy_operations(agent, expected)


def is_clustered(vmm: VmmFacts) -> bool:
    """Tell whether VMM's service can be stopped and started through its cluster."""
    return vmm.cluster is not None and vmm.cluster.resource is not None
