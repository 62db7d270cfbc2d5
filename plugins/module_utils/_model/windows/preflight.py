# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the preflight: every requirement on a machine, evaluated before the first change.

The limits are those of Microsoft's support matrix for disaster recovery of Hyper-V to Azure and of its setup programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from ..common.check import Check, worst
from ..common.resource import CHECKED, Evidence
from . import endpoints
from .expectation import HYPERV_HOST, VMM_SERVER, Expectation, all_clouds
from .facts import ConnectivityFacts, MachineFacts
from .operations import CHANGES, preflight_host_operations, preflight_vmm_operations
from .requirement_context import Context
from .requirements import evaluate

SECTIONS = {
    # The background tasks tell whether the key file belongs to a registration that runs.
    VMM_SERVER: ("host", "vmm", "provider", "registration", "background_tasks"),
    HYPERV_HOST: ("host", "provider", "registration", "agent", "hyperv"),
}
_CONNECTIVITY_STEPS = {VMM_SERVER: "P6d", HYPERV_HOST: "H6"}
_VERIFIED = {"pass": "ready", "warning": "ready, with a warning", "error": "not ready"}
_STEP = re.compile(r"(?P<part>[SPH])(?P<number>\d+)(?P<letter>[a-z]?)")
_PARTS = "SPH"


def checks(kind: str, machine: MachineFacts, expected: Expectation, now: datetime) -> tuple[Check, ...]:
    """Evaluate all requirements on a machine, in the order of the setup guide's steps."""
    due = (preflight_vmm_operations if kind == VMM_SERVER else preflight_host_operations)(machine, expected)
    calls = connectivity_checks(machine.connectivity or (), _CONNECTIVITY_STEPS[kind])
    found = [
        *evaluate(Context(kind, machine, expected, due, now)),
        *(replace(check, severity="warning") if check.blocks and not due & CHANGES else check for check in calls),
    ]
    return tuple(sorted(found, key=lambda check: _order(check.step)))


def _order(step: str) -> tuple[int, int, str]:
    """Return the sort key of a step."""
    match = _STEP.fullmatch(step)
    return (_PARTS.index(match["part"]), int(match["number"]), match["letter"]) if match else (len(_PARTS), 0, step)


def expected_clouds(machine: MachineFacts, names: tuple[str, ...]) -> list[str]:
    """Return the names of the clouds to synchronize. `all` becomes every name that VMM shows."""
    if not all_clouds(names):
        return list(names)
    clouds = machine.vmm.clouds if machine.vmm else None
    return [cloud.name for cloud in clouds or ()]


def evidence(found: Iterable[Check]) -> tuple[Evidence, ...]:
    """Return one line per step: failed checks in full, passed ones by number."""
    steps: dict[str, list[Check]] = {}
    for check in found:
        steps.setdefault(check.step, []).append(check)
    return tuple(_line(step, group) for step, group in steps.items())


def _line(step: str, group: list[Check]) -> Evidence:
    bad = [check for check in group if check.overall != "pass"]
    passed = len(group) - len(bad)
    texts = list(dict.fromkeys(check.describe() for check in bad))
    if bad and passed:
        texts.append(f"{passed} checks passed" if passed > 1 else "1 check passed")
    elif not bad:
        texts = [f"{passed} checks passed"] if passed > 1 else [group[0].message]
    return Evidence(step, "; ".join(texts), CHECKED, _VERIFIED[worst(group)])


def connectivity_checks(calls: Iterable[ConnectivityFacts], step: str) -> Iterator[Check]:
    """Yield one check per purpose of an address. A problem of several addresses is reported once."""
    groups: dict[str, list[ConnectivityFacts]] = {}
    for call in calls:
        groups.setdefault(endpoints.purpose_of(endpoints.host_of(call.url)), []).append(call)
    for purpose, group in groups.items():
        yield _connectivity(purpose, group, step)


def _connectivity(purpose: str, group: list[ConnectivityFacts], step: str) -> Check:
    id, failed = f"connectivity-{purpose}", [call for call in group if not call.reachable]
    messages = list(dict.fromkeys(endpoints.explain(call)[0] for call in failed or group))
    fixes = dict.fromkeys(endpoints.explain(call)[1] for call in failed)
    if not failed:
        return Check.passed(id, step, "; ".join(messages))
    if purpose == endpoints.STORAGE and _may_not_exist(failed):
        messages = [f"{message} (a storage account that does not exist yet has no DNS name)" for message in messages]
        return Check.warning(id, step, "; ".join(messages), "; ".join(fixes))
    hosts = {endpoints.host_of(call.url) for call in failed}
    if purpose == endpoints.DATA and all(map(endpoints.is_unproven, hosts)) and not any(map(_is_of_proxy, failed)):
        messages = [f"{message} (Microsoft documents only names below this one)" for message in messages]
        return Check.warning(id, step, "; ".join(messages), "; ".join(fixes))
    # One reachable name is enough for a cloud that has two, unless registration keys name the other one.
    enough = purpose == endpoints.SIGN_IN and len(failed) < len(group) and not any(map(endpoints.is_authority, hosts))
    failure = Check.warning if enough else Check.failed
    return failure(id, step, "; ".join(messages), "; ".join(fixes))


def _is_of_proxy(call: ConnectivityFacts) -> bool:
    """Tell whether the proxy itself is not usable, whatever the address is."""
    stage = endpoints.stage_of(call)
    return stage in ("proxy-dns", "login") or (stage == "tcp" and call.via != "direct")


def _may_not_exist(failed: list[ConnectivityFacts]) -> bool:
    """Tell whether the failures can mean that the account was not created yet. A proxy may report that as well."""
    return all(endpoints.stage_of(call) in ("dns", "proxy") for call in failed)
