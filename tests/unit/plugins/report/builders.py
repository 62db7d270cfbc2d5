# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of hosts as the roles leave them."""

from __future__ import annotations

from typing import Any

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.check import Check
from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report.records import Record, read_record

ROW = {"step": "B1", "found": "no vault", "done": "create vault vault-dr", "verified": "vault-dr, Succeeded"}
PASSED = Check.passed("elevated", "H2", "elevated")
WARNED = Check.warning("dotnet", "H2", ".NET 4.7 is old", "install 4.8")
FAILED = Check.failed("cache", "H3", "2 GB free,\n5 GB needed", "free some")


def host(fqdn: str, platform: str = "HyperV") -> dict[str, str]:
    return {"id": f"id-{fqdn}", "fqdn": fqdn, "platform": platform}


def server(
    clouds: dict[str, list[str | dict[str, str]]], chosen: list[str] | None = None, name: str = "vmm01"
) -> Record:
    """A VMM server with clouds and their hosts; all clouds are chosen by default."""
    shown = [
        {"name": cloud, "hosts": [host(each) if isinstance(each, str) else each for each in hosts]}
        for cloud, hosts in clouds.items()
    ]
    return record(
        "vmm_server",
        name,
        observed={"vmm": {"clouds": shown}},
        expected_clouds=list(clouds) if chosen is None else chosen,
    )


def machine(name: str, *addresses: str) -> Record:
    """A Hyper-V host of the inventory that was not read."""
    return Record("hyperv_host", name, names=(name, *addresses))


def observed(name: str, fqdn: str, **sections: Any) -> Record:
    """A Hyper-V host that was read."""
    return record("hyperv_host", name, observed={"host": {"fqdn": fqdn}, **sections})


def record(
    role: str,
    name: str,
    *checks: Check,
    observed: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    **preflight: Any,
) -> Record:
    variables = {
        f"{role}_checks": [check.to_result() for check in checks],
        f"{role}_preflight": {"host": observed or {}, **preflight},
        **{f"{role}_{fact}": value for fact, value in (facts or {}).items()},
    }
    return read_record(role, name, variables, (name,))
