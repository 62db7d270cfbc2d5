# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the virtual machines of a VMM server in one remote execution, and checks who can be protected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....module_utils._model.common.candidate_documents import all_known_to_azure, all_known_to_hosts
from ....module_utils._model.windows.virtual_machines import machines_from_answer
from ....module_utils._model.windows.vm_report import report
from ..._windows.session import Session


def read_machines(options: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """Return the result of the module. The machines of Azure are an option: nothing here calls Azure."""
    azure = all_known_to_azure("azure_machines", options["azure_machines"])
    hosts = all_known_to_hosts("host_machines", options["host_machines"])
    clouds = options["clouds"]
    machines = machines_from_answer(session.run("list_virtual_machines", {"Clouds": clouds}), clouds)
    return {"changed": False, **report(machines, azure, hosts, every=options["every_check"])}
