# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: reads and judges a Windows machine, in one remote execution."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ....module_utils._model.windows.endpoints import addresses
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.preflight import SECTIONS, Expectation, checks, evidence, parse_vault_id
from ....module_utils._model.windows.proxy import Proxy
from ..._windows.observation import observe_raw
from ..._windows.session import Session


def read_host(options: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """The observation and the checks, as the result shows them. Raises InvalidInput before anything is sent."""
    called = addresses(options["cloud_environment"], options["storage_accounts"] or (), options["endpoints"] or ())
    vault, proxy = parse_vault_id(options["vault_id"]), Proxy.from_options(options["proxy"])
    sections = SECTIONS[options["kind"]] + (("reach",) if options["check_connectivity"] else ())
    raw = observe_raw(session, sections, addresses=called, proxy=proxy)
    cache = (options["minimum_cache_gb"], options["cache_path"])
    wanted = Expectation(
        options["kind"], vault, proxy, *cache, datetime.now(timezone.utc), tuple(options["vmm_clouds"] or ())
    )
    judged = checks(MachineFacts.from_observation(raw), wanted)
    return {
        "changed": False,
        "host": raw,
        **_integration(options, raw, [check.to_result() for check in judged]),
        "evidence": [entry.to_result() for entry in evidence(judged)],
    }


# integration: replaced by h-windows (server_name, active_node, expected_clouds, checks with six keys)
def _integration(options: Mapping[str, Any], raw: Mapping[str, Any], rows: list[dict[str, str]]) -> dict[str, Any]:
    severity = {"pass": ("info", "pass"), "warn": ("warning", "fail"), "fail": ("error", "fail")}
    shown = [
        {
            "id": row["id"],
            "step": row["step"],
            "severity": severity[row["verdict"]][0],
            "status": severity[row["verdict"]][1],
            "message": row["message"],
            "fix": "",
        }
        for row in rows
    ]
    vmm = raw.get("vmm") or {}
    cluster, asked = vmm.get("cluster") or {}, options["vmm_clouds"] or []
    known = [cloud["name"] for cloud in vmm.get("clouds") or []]
    strangers = [
        name for name in asked if name.lower() != "all" and name.lower() not in [each.lower() for each in known]
    ]
    if strangers and vmm.get("clouds") is not None:
        message = f"VMM knows no cloud {', '.join(strangers)}; its clouds are {', '.join(known) or 'none'}"
        fix = "correct the list of clouds"
        shown.append(
            {"id": "cloud-unknown", "step": "P9", "severity": "error", "status": "fail", "message": message, "fix": fix}
        )
    owner, node = str(cluster.get("owner_node") or ""), str(cluster.get("node") or "")
    return {
        "checks": shown,
        "server_name": options.get("name") or vmm.get("ha_name") or (raw.get("host") or {}).get("fqdn"),
        "active_node": owner.lower() == node.lower(),
        "expected_clouds": known if "all" in [name.lower() for name in asked] else list(asked),
    }
