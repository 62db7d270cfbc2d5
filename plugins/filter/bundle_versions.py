# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that turns readings of machines into a file of versions for a bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._model.common.errors import Refused
from ..module_utils._model.windows.bundle_steps import SeenVersion, seen_on, versions_document

#: By the variable in which the playbook registers a reading, the kind of the machine.
_VARIABLES = {"__site_seen_vmm_server": "vmm_server", "__site_seen_hyperv_host": "hyperv_host"}


def bundle_versions(hosts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the document of the versions on all machines that were read.

    `hosts` are variables of hosts, as `hostvars` holds them. Raise AnsibleFilterError for a machine that could not be
    read, and if no machine was read.
    """
    if isinstance(hosts, (str, Mapping)) or not isinstance(hosts, Sequence):
        raise AnsibleFilterError(f"hosts must be a list of variables of hosts; it is {type(hosts).__name__}")
    try:
        seen = list(_seen(hosts))
    except Refused as error:
        raise AnsibleFilterError(error.message) from None
    if not seen:
        raise AnsibleFilterError("no machine was read; add VMM servers or Hyper-V hosts to the limit of the run")
    return versions_document(seen)


def _seen(hosts: Sequence[Mapping[str, Any]]) -> Iterator[SeenVersion]:
    for host in hosts:
        for variable, kind in _VARIABLES.items():
            reading = host.get(variable)
            if isinstance(reading, Mapping) and not reading.get("skipped"):
                yield seen_on(str(host["inventory_hostname"]), kind, reading)


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"bundle_versions": bundle_versions}
