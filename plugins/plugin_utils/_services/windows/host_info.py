# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads a Windows machine and evaluates its readiness, in one remote execution."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ....module_utils._model.common.names import parse_vault_id
from ....module_utils._model.common.resource import evidence_of_nothing_to_do
from ....module_utils._model.windows.agent import checked_cache_size, checked_folder
from ....module_utils._model.windows.endpoints import addresses
from ....module_utils._model.windows.expectation import HYPERV_HOST, Expectation
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.installer import checked_staging_dir, checked_version
from ....module_utils._model.windows.preflight import SECTIONS, checks, evidence, expected_clouds
from ....module_utils._model.windows.provider import checked_provider_folder
from ....module_utils._model.windows.proxy import Proxy
from ....module_utils._model.windows.registration import checked_name
from ..._windows.observation import observe_raw
from ..._windows.session import Session
from . import mars_agent, mars_proxy

#: Options of mars_agent that matter only if there is something to do.
_OF_SETUP: Mapping[str, Any] = {"checksum": None, "wait_timeout": 3600, "setup_logon": "s4u", "setup_password": None}


def expectation_of(options: Mapping[str, Any]) -> Expectation:
    """Build the desired state from the module's options and validate it offline. Raises InvalidInput."""
    is_host = options["kind"] == HYPERV_HOST
    folder = options["install_path"]
    return Expectation(
        version=checked_version(options["version"]),
        unsupported_upgrade=bool(options.get("allow_unsupported_upgrade")),
        install_path=checked_folder("install_path", folder) if is_host else checked_provider_folder(folder),
        cache_path=checked_folder("cache_path", options["cache_path"]),
        minimum_cache_gb=checked_cache_size(options["minimum_cache_gb"]),
        vault=parse_vault_id("vault_id", options["vault_id"]) if options["vault_id"] else None,
        proxy=Proxy.from_options(options["proxy"]),
        always_password=options["update_password"] == "always",
        restart_vmm=options["restart_vmm"],
        running_jobs=options["running_jobs"],
        clouds=tuple(options["vmm_clouds"] or ()),
        azure_open=True,
        planned=True,
    )


def _with_own_leftovers(raw: Mapping[str, Any], machine: MachineFacts) -> Mapping[str, Any]:
    """Return an observation whose orphaned key files are those that no running registration needs."""
    if machine.registration is None:
        return raw
    files = list(machine.registration.orphaned_key_files)
    return {**raw, "registration": {**raw["registration"], "orphaned_key_files": files}}


def read_host(options: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """Return the observation, the checks and what they show. Raises InvalidInput before anything is sent."""
    accounts, endpoints = options["storage_accounts"] or (), options["endpoints"] or ()
    urls = addresses(options["cloud_environment"], accounts, endpoints, registers=options["kind"] != HYPERV_HOST)
    kind, expected, name = options["kind"], expectation_of(options), checked_name(options["name"])
    sections = SECTIONS[kind] + (("connectivity",) if options["check_connectivity"] else ())
    agent = _agent(options, session)
    sections += ("background_tasks",) if agent else ()
    folder = agent.staging_folder if agent else checked_staging_dir(options["staging_dir"])
    raw = observe_raw(session, sections, addresses=urls, proxy=expected.proxy, staging_dir=folder)
    machine = MachineFacts.from_observation(raw)
    found = [
        check.under(options["option_names"]) for check in checks(kind, machine, expected, datetime.now(timezone.utc))
    ]
    server_name = None if kind == HYPERV_HOST else machine.server_name(name) or None
    clouds = [] if kind == HYPERV_HOST else expected_clouds(machine, expected.clouds)
    return {
        "changed": False,
        "host": _with_own_leftovers(raw, machine),
        "server_name": server_name,
        "active_node": machine.active,
        "expected_clouds": clouds,
        "expected_server": None
        if server_name is None
        else {"name": server_name, "vmm_id": machine.vmm.vmm_id if machine.vmm else None, "vmm_clouds": clouds},
        "checks": [check.to_result() for check in found],
        "evidence": [entry.to_result() for entry in evidence(found)],
        "settled": None if agent is None else _settled(agent, options, machine, session),
    }


def _agent(options: Mapping[str, Any], session: Session) -> mars_agent.MarsAgent | None:
    """Build the agent that a host is to have. Raises InvalidInput."""
    wanted = options["kind"] == HYPERV_HOST and options["source"]
    return mars_agent.build({**_OF_SETUP, **options}, session) if wanted else None


def _settled(
    agent: mars_agent.MarsAgent, options: Mapping[str, Any], machine: MachineFacts, session: Session
) -> list[dict[str, str]] | None:
    """Return the evidence of the agent and its proxy if neither has anything to do."""
    resources = [agent, *([mars_proxy.build(options, session)] if options["proxy"] else [])]
    found = [evidence_of_nothing_to_do(resource, machine) for resource in resources]
    if any(lines is None for lines in found):
        return None
    return [line.to_result() for lines in found for line in lines or ()]
