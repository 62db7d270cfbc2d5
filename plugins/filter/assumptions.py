# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn looks at real systems into a table and into a report that its user can send to others."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._model.common.assumption_report import report, rows, unread
from ..module_utils._model.common.text_table import table

#: Of this collection, as galaxy.yml has it.
VERSION = "0.1.0"
_KEY_BYTES = 32
#: By the variable with a result, the side that was examined: the playbook registers the first two, a role the last.
_VARIABLES = {
    "__site_assumptions_vmm_server": "vmm_server",
    "__site_assumptions_hyperv_host": "hyperv_host",
    "azure_target_assumptions": "azure",
}


def assumption_report(hosts: Sequence[Mapping[str, Any]], date: str) -> dict[str, Any]:
    """Return the anonymous report of all looks; its key of pseudonyms is made here and kept nowhere.

    `hosts` are variables of hosts, as `hostvars` holds them, `date` is a day. Raise AnsibleFilterError for others.
    """
    return report(_results(hosts), key=secrets.token_bytes(_KEY_BYTES), date=str(date), collection=VERSION)


def assumption_table(hosts: Sequence[Mapping[str, Any]], width: int = 120) -> list[str]:
    """Return the lines of a table: id, status with the number of systems, and a text.

    Lines about systems that brought no result follow. Raise AnsibleFilterError for something else than hosts.
    """
    results = _results(hosts)
    return [*table(("id", "status", "assumption"), rows(results), width, flexible=(2,)), *unread(results)]


def _results(hosts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(hosts, (str, Mapping)) or not isinstance(hosts, Sequence):
        raise AnsibleFilterError(f"hosts must be a list of variables of hosts; it is {type(hosts).__name__}")
    found = []
    for host in hosts:
        if not isinstance(host, Mapping) or "inventory_hostname" not in host:
            raise AnsibleFilterError("a host must have inventory_hostname; take hosts from hostvars")
        for variable, side in _VARIABLES.items():
            result = host.get(variable)
            if isinstance(result, Mapping) and not result.get("skipped"):
                found.append({"name": str(host["inventory_hostname"]), "side": side, "result": dict(result)})
    return found


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"assumption_report": assumption_report, "assumption_table": assumption_table}
