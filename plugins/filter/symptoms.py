# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that turns the results of looks for symptoms into one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._model.common.symptom_report import report

#: The variables with a look, which the playbook and the role register.
_LOOKS = ("__site_symptoms_vmm_server", "__site_symptoms_hyperv_host", "azure_target_symptoms")


def symptom_report(hosts: Sequence[Mapping[str, Any]], width: int = 120) -> dict[str, Any]:
    """Return lines, symptoms and unread systems. Raise AnsibleFilterError for something else than hosts."""
    if isinstance(hosts, (str, Mapping)) or not isinstance(hosts, Sequence):
        raise AnsibleFilterError(f"hosts must be a list of variables of hosts; it is {type(hosts).__name__}")
    return report(_results(hosts), width)


def _results(hosts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for host in hosts:
        if not isinstance(host, Mapping) or "inventory_hostname" not in host:
            raise AnsibleFilterError("a host must have inventory_hostname; take hosts from hostvars")
        for variable in _LOOKS:
            result = host.get(variable)
            if isinstance(result, Mapping) and not result.get("skipped"):
                name = "Azure" if variable == "azure_target_symptoms" else str(host["inventory_hostname"])
                found.append({"name": name, "result": dict(result)})
    return found


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"symptom_report": symptom_report}
