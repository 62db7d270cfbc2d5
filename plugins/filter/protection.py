# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role protection, which select virtual machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.yaml import yaml_load

from ..module_utils._model.common.errors import SiteRecoveryError
from ..module_utils._model.common.vm_group import VmGroup, groups_from_options, require_written
from ..module_utils._model.common.vm_selection import Reading, select
from ..module_utils._model.common.vm_settings import HOSTS, MACHINES, OwnSettings
from ..plugin_utils._variables.conversion import Conversion, is_blank, plain
from ..plugin_utils._variables.specs import option_of

_VARIABLE = "protection_groups"
#: The variable with the result of vm_info, which the role registers on a VMM server.
_READ = "protection_read"
Variables = Mapping[str, Any]


def protection_clouds(servers: Sequence[Variables]) -> list[dict[str, Any]]:
    """Return the clouds of all groups, one entry for each VMM server that the groups name.

    Raises AnsibleFilterError for groups that break a rule.
    """
    found: dict[str, dict[str, Any]] = {}
    for variables in _hosts(servers):
        for group in _groups(variables):
            entry = found.setdefault(
                (group.vmm_server or "").casefold(), {"vmm_server": group.vmm_server, "clouds": []}
            )
            if group.cloud.casefold() not in map(str.casefold, entry["clouds"]):
                entry["clouds"].append(group.cloud)
    return list(found.values())


def protection_selection(
    servers: Sequence[Variables],
    azure_machines: Sequence[Variables] = (),
    skip_ineligible: bool = False,
    only: Sequence[str] = (),
) -> dict[str, Any]:
    """Return checks, tasks and machines of a selection. Raises AnsibleFilterError for groups that break a rule."""
    readings = [_reading(variables) for variables in _hosts(servers)]
    return select(readings, plain(azure_machines), skip_ineligible=skip_ineligible, only=plain(only)).to_result()


def _hosts(servers: Sequence[Variables]) -> Sequence[Variables]:
    if isinstance(servers, (str, Mapping)) or not isinstance(servers, Sequence):
        raise AnsibleFilterError(f"servers must be a list of variables of hosts; it is {type(servers).__name__}")
    if any(not isinstance(each, Mapping) or "inventory_hostname" not in each for each in servers):
        raise AnsibleFilterError("a server must have inventory_hostname; take servers from hostvars")
    return servers


def _groups(variables: Variables) -> list[VmGroup]:
    try:
        converted = _converted(variables, _VARIABLE)
        require_written(_parsed(plain(variables.get(_VARIABLE))), _VARIABLE)
        return groups_from_options(converted, _VARIABLE)
    except SiteRecoveryError as error:
        raise AnsibleFilterError(f"{variables['inventory_hostname']}: {error.message}") from None


def _own(variables: Variables) -> OwnSettings:
    try:
        return OwnSettings.from_options(_converted(variables, MACHINES), _converted(variables, HOSTS))
    except SiteRecoveryError as error:
        raise AnsibleFilterError(f"{variables['inventory_hostname']}: {error.message}") from None


def _converted(variables: Variables, name: str) -> Any:
    raw = variables.get(name)
    if is_blank(raw):
        return []
    conversion = Conversion()
    converted = conversion.convert(name, plain(raw), option_of(name))
    if conversion.problems:
        raise conversion.problems[0]
    return converted


def _parsed(value: Any) -> Any:
    """Return a variable that surveys and the command line give as text."""
    return yaml_load(value) if isinstance(value, str) else value


def _reading(variables: Variables) -> Reading:
    host, groups = str(variables["inventory_hostname"]), tuple(_groups(variables))
    result = plain(variables.get(_READ) or {})
    own = _own(variables)
    if not groups:
        return Reading(host, (), own=own)
    if "machines" in result:
        return Reading(host, groups, tuple(result["machines"]), own=own)
    details = result.get("error") or {}
    if details.get("vmm_service"):
        return Reading(host, groups, stopped=True, own=own)
    return Reading(host, groups, failure=str(result.get("msg") or "was not read in this run"), own=own)


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"protection_clouds": protection_clouds, "protection_selection": protection_selection}
