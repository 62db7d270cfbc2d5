# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads the jobs of a vault with one call: a list, or one job with its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ..._azure import jobs as follower
from ..._azure.clients import Azure
from ..._model.azure.job_query import JobQuery, cut_warning, is_cut
from ..._model.azure.jobs import Job
from ..._model.common.errors import Refused
from .vault import find


def read_jobs(options: Mapping[str, Any], azure: Azure) -> dict[str, Any]:
    """Return the keys of the result. Raises SiteRecoveryError, also for a vault that does not exist."""
    query = JobQuery.from_options(options)
    vault = follower.Vault(azure, options["resource_group"], options["vault_name"])
    if query.name is not None:
        return _result(_one(vault, query.name), tree=True)
    listed = _list(vault, query)
    found = _result(query.select(listed), tree=False)
    return {**found, "complete": False, "warnings": [cut_warning(listed)]} if is_cut(listed) else found


def _one(vault: follower.Vault, name: str) -> list[Job]:
    job = follower.get(vault, name)
    if job is None and find(vault.azure, vault.resource_group, vault.name).resource is None:
        raise Refused(f"vault_name: the vault '{vault.name}' does not exist; correct vault_name or resource_group")
    return [job] if job else []


def _list(vault: follower.Vault, query: JobQuery) -> list[Job]:
    return follower.list_jobs(vault, query.to_filter(datetime.now(timezone.utc)))


def _result(jobs: list[Job], *, tree: bool) -> dict[str, Any]:
    return {"jobs": [job.to_result(tree=tree) for job in jobs], "complete": True, "warnings": []}
