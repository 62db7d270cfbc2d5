# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: VMM clouds, and whether VMM sends their metadata to the vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..common.errors import InvalidInput, Refused
from ..common.names import same_name
from ..common.plan import UNKNOWN, Change, Plan
from ..common.text_rules import require_plain
from .azure_registration import confirms, namesakes
from .cloud_requirements import capability, cloud_flag_hidden, cloud_host_state, cloud_hosts
from .expectation import VMM_SERVER, Expectation, all_clouds
from .facts import MachineFacts
from .operations import cloud_operations
from .requirement_context import Context
from .requirements import require_for
from .vmm_facts import VmmCloud

SECTIONS = ("vmm",)


def require_cloud_names(names: Sequence[str]) -> None:
    """Raise InvalidInput for an empty list, and for `all` together with other names."""
    if not names:
        raise InvalidInput("vmm_clouds", "must not be empty", "name the clouds to synchronize, or set it to all")
    if all_clouds(tuple(names)) and len(names) > 1:
        raise InvalidInput("vmm_clouds", "must not combine 'all' with other names", "use only 'all', or only names")
    for name in names:
        if not name.strip():
            raise InvalidInput("vmm_clouds", "must not contain an empty name", "remove the entry")
        require_plain("vmm_clouds", name)


def require_names_to_withdraw(names: Sequence[str]) -> None:
    """Raise InvalidInput for `all`: clouds to withdraw must be named."""
    if all_clouds(tuple(names)):
        raise InvalidInput("vmm_clouds", "must not be 'all' when state is absent", "name the clouds to withdraw")


def plan_clouds(
    machine: MachineFacts,
    names: Sequence[str],
    *,
    publish: bool = True,
    check_mode: bool = False,
    azure: Mapping[str, Any] | None = None,
) -> Plan:
    """Plan to set the metadata flag of the named clouds only. Raises Refused.

    The path of a change is the id of the cloud. In check mode an earlier step may still start VMM, so its clouds cannot
    be read yet. If VMM does not show the flag of a cloud, the clouds that Azure shows for the server decide. If Azure
    was not asked either, the flag is set.
    """
    expected = Expectation(clouds=tuple(names), planned=check_mode)
    require_for(VMM_SERVER, machine, expected, cloud_operations(expected))
    clouds = machine.vmm.clouds if machine.vmm else None
    if clouds is None:
        described = "all clouds" if all_clouds(tuple(names)) else ", ".join(names)
        return Plan((Change("clouds", UNKNOWN, UNKNOWN, _reason(described, publish)),))
    plan = Plan(
        tuple(
            Change(
                cloud.id,
                UNKNOWN if is_synchronized(cloud, azure) is None else not publish,
                publish,
                _reason(f"cloud {cloud.name}", publish),
            )
            for cloud in _requested(clouds, names)
            if is_synchronized(cloud, azure) is not publish
        )
    )
    if publish and plan.changed:
        _require_own_vault(azure)
    return plan


def _require_own_vault(azure: Mapping[str, Any] | None) -> None:
    """Raise Refused for a server that the vault does not show while other vaults have the same name.

    A server stores only the name of its vault, so VMM may send the metadata to one of these.
    """
    others = namesakes(azure)
    if others and not confirms(azure):
        raise Refused(
            "vmm_clouds: the vault does not show this server, and other vaults have the same name"
            f" ({', '.join(others)}), so VMM may send the metadata to one of them; wait until the vault shows the"
            " server, or unregister it there, then run again"
        )


def is_synchronized(cloud: VmmCloud, azure: Mapping[str, Any] | None) -> bool | None:
    """Tell whether VMM sends the metadata of a cloud: as VMM shows it, else as Azure does. None means unknown."""
    if cloud.published is not None or azure is None:
        return cloud.published
    shown = azure.get("clouds")
    if not isinstance(shown, Sequence) or isinstance(shown, str):
        return None
    return any(same_name(str(name), cloud.name) for name in shown)


def remaining_clouds(plan: Plan, machine: MachineFacts) -> Plan:
    """Return what is left of a plan that was made from the state read back: clouds that do not show the flag are done.

    The cloud in the vault proves them (P10).
    """
    clouds = machine.vmm.clouds if machine.vmm else None
    hidden = {cloud.id for cloud in clouds or () if cloud.published is None}
    return Plan(tuple(change for change in plan.changes if change.path not in hidden))


def _requested(clouds: Sequence[VmmCloud], names: Sequence[str]) -> list[VmmCloud]:
    """Return the named clouds, each once, in the order of the names. Every name belongs to one cloud."""
    if all_clouds(tuple(names)):
        return list(clouds)
    by_name = {cloud.name.casefold(): cloud for cloud in clouds}
    return [by_name[name] for name in dict.fromkeys(name.casefold() for name in names)]


def warnings(machine: MachineFacts, names: Sequence[str]) -> tuple[str, ...]:
    """Return one line for each reason why machines of synchronized clouds cannot be protected."""
    context = Context(VMM_SERVER, machine, Expectation(clouds=tuple(names)), frozenset())
    checks = (cloud_flag_hidden(context), cloud_hosts(context), cloud_host_state(context), capability(context))
    return tuple(check.describe() for check in checks if check is not None and check.overall == "warning")


def _reason(described: str, publish: bool) -> str:
    return f"send metadata of {described} to the vault" if publish else f"stop sending metadata of {described}"
