# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: looks for symptoms of known problems in a vault, in its jobs, its servers and its health."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..._azure.clients import Azure
from ..._azure.failures import translated
from ..._azure.wire import documents, raw
from ..._model.azure import symptoms as model
from ..._model.common.symptom import require_days

#: Documented: JobQueryParameter. Recorded: the form of the filter, in Azure PowerShell.
_FAILED = "JobStatus eq 'Failed'"
#: The newest failed jobs that are read one by one, because a list leaves out their errors.
_READ = 50


def read_symptoms(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the keys of the result. Raises SiteRecoveryError, also for a vault that does not exist."""
    days: int = options["days"]
    require_days(days)
    group, vault, recovery = options["resource_group"], options["vault_name"], azure.site_recovery
    with translated("list the failed jobs of the vault"):
        listed = documents(recovery.replication_jobs.list(group, vault, filter=_FAILED))
    since = model.since_of(datetime.now(timezone.utc), days)
    with translated("read the failed jobs of the vault"):
        # Recorded: the elements of the list have no errors.
        jobs = [
            recovery.replication_jobs.get(group, vault, str(job["name"]), cls=raw)
            for job in model.recent(listed, since)[:_READ]
        ]
    with translated("list the servers of the vault"):
        fabrics = documents(recovery.replication_fabrics.list(group, vault))
    with translated("read the health of the vault"):
        health = recovery.replication_vault_health.get(group, vault, cls=raw)
    servers = options["vmm_servers"] or ()
    found = model.find(jobs=jobs, fabrics=fabrics, health=health, servers=servers)
    return {"side": model.SIDE, "symptoms": [each.to_result(model.SIDE) for each in found], "unread": []}
