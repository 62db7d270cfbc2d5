# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the records of a run about one host, which are the validated facts of the roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain
from typing import Any, TypeVar

from ...module_utils._model.common.check import Check
from ...module_utils._model.common.resource import Evidence
from .waves import DEFAULT_RING

AZURE_TARGET, VMM_SERVER, HYPERV_HOST = "azure_target", "vmm_server", "hyperv_host"
#: The roles of localhost, in the order of their steps. The record of the target has the facts of all of them.
_OF_AZURE = (AZURE_TARGET, "replication", "protection", "drill")
_SEVERITIES = ("error", "warning", "info")
_STATUSES = ("pass", "fail", "unknown")
Variables = Mapping[str, Any]
Row = TypeVar("Row")


class WrongShape(Exception):
    """A fact does not have the form in which the roles record it."""


@dataclass(frozen=True, slots=True)
class Record:
    """The facts that one role recorded about one host. None stands for a fact that was not set."""

    role: str
    host: str
    checks: tuple[Check, ...] | None = None
    #: Evidence of the state that the checks read.
    readings: tuple[Evidence, ...] = ()
    #: Evidence of the setup: the initial state, the changes and the verified state.
    evidence: tuple[Evidence, ...] | None = None
    #: Evidence of the checks that a host has nothing to set up. None: it has, or it was not compared.
    settled: tuple[Evidence, ...] | None = None
    failure: str = ""
    #: Evidence of the comparison of the target with its variables. None: they were not compared.
    plan: tuple[Evidence, ...] | None = None
    #: Parts of the registration that the vault does not show yet, one line for each VMM server.
    outstanding: tuple[str, ...] = ()
    #: The observation of a Windows machine.
    observation: Variables = field(default_factory=dict)
    vmm_clouds: tuple[str, ...] = ()
    active: bool = True
    #: Names of the host in the inventory.
    names: tuple[str, ...] = ()
    #: The ring of a Hyper-V host in a rollout. Lower rings begin first.
    ring: int = DEFAULT_RING

    @property
    def label(self) -> str:
        """Return the host's name in a report."""
        return "Azure" if self.role == AZURE_TARGET else self.host

    @property
    def fqdn(self) -> str:
        """Return the full name that the machine reports; empty if it was not read."""
        return str((self.observation.get("host") or {}).get("fqdn") or "")

    @property
    def observed(self) -> bool:
        """Tell whether the host was read, so that its state is known."""
        return bool(self.observation) or self.plan is not None

    @property
    def differences(self) -> tuple[Evidence, ...]:
        """Return the planned changes of the target."""
        return tuple(row for row in self.plan or () if row.planned)

    @property
    def set_up(self) -> bool:
        """Tell whether the observed host is set up. The passive nodes of a cluster have no registration."""
        if self.role == AZURE_TARGET:
            return self.plan is not None and not self.differences
        if self.role == HYPERV_HOST:
            return bool(self.observation.get("agent"))
        registered = bool((self.observation.get("registration") or {}).get("vault_name"))
        return bool(self.observation.get("provider")) and (registered or not self.active)


def read_record(role: str, host: str, variables: Variables, names: Sequence[str] = ()) -> Record:
    """Read the facts of a role from the variables of a host. Raises WrongShape."""
    preflight = _dictionary(host, f"{role}_preflight", variables)
    roles = _OF_AZURE if role == AZURE_TARGET else (role,)
    # The checks read the target itself, but only a plan reads what belongs to the other roles.
    others = [_fact(host, f"{each}_plan", variables) or () for each in roles if each != role]
    settled = [row for rows in others for row in rows if not row.planned]
    failures = [_line(variables.get(f"{each}_failure")) for each in roles]
    return Record(
        role,
        host,
        checks=_joined(_checks(host, f"{each}_checks", variables) for each in roles),
        readings=(*_evidence(host, f"{role}_preflight.evidence", preflight.get("evidence") or []), *settled),
        evidence=_set_up_evidence(role, host, variables),
        settled=_fact(host, "settled", preflight),
        failure="; ".join(filter(None, failures)),
        plan=_joined(_fact(host, f"{each}_plan", variables) for each in roles),
        outstanding=_outstanding(host, f"{role}_progress", variables),
        observation=preflight.get("host") or {},
        vmm_clouds=tuple(str(name) for name in preflight.get("expected_clouds") or ()),
        active=bool(preflight.get("active_node", True)),
        names=tuple(names),
    )


def _set_up_evidence(role: str, host: str, variables: Variables) -> tuple[Evidence, ...] | None:
    """Return the evidence of a role. That of the target has the vault's view of the servers, and the later steps."""
    if role != AZURE_TARGET:
        return _fact(host, f"{role}_evidence", variables)
    own, *later = (_fact(host, f"{each}_evidence", variables) for each in _OF_AZURE)
    servers = _fact(host, f"{role}_server_evidence", variables)
    waited = _fact(host, f"{role}_wait_evidence", variables)
    if servers and waited and len(servers) == len(waited):
        # The wait starts after the setup of the servers. The initial state is the vault's view before it.
        waited = tuple(replace(now, found=before.found) for before, now in zip(servers, waited, strict=True))
    return _joined((own, waited or servers, *later))


def _joined(facts: Iterable[tuple[Row, ...] | None]) -> tuple[Row, ...] | None:
    """Join the facts that were set. None: none of them was set."""
    known = [rows for rows in facts if rows is not None]
    return tuple(chain.from_iterable(known)) if known else None


def _fact(host: str, name: str, variables: Variables) -> tuple[Evidence, ...] | None:
    return None if variables.get(name) is None else _evidence(host, name, variables[name])


def _outstanding(host: str, name: str, variables: Variables) -> tuple[str, ...]:
    entries = _list(host, name, variables.get(name) or [])
    if any(not isinstance(entry, Mapping) or "server" not in entry for entry in entries):
        raise WrongShape(f"{name} of {host}: every entry must be a dictionary with the key server")
    return tuple(
        _line(
            f"{entry['server']}: {entry.get('reached', '')}; outstanding: {', '.join(entry.get('outstanding') or ())}"
        )
        for entry in entries
    )


def _checks(host: str, name: str, variables: Variables) -> tuple[Check, ...] | None:
    if variables.get(name) is None:
        return None
    checks = tuple(Check(**_texts(host, name, record, Check)) for record in _list(host, name, variables[name]))
    for check in checks:
        if check.severity not in _SEVERITIES or check.status not in _STATUSES:
            raise WrongShape(f"{name} of {host}: check '{check.id}' has an unknown severity or status")
    return checks


def _evidence(host: str, name: str, records: Any) -> tuple[Evidence, ...]:
    return tuple(Evidence(**_texts(host, name, record, Evidence)) for record in _list(host, name, records))


def _texts(host: str, name: str, record: Any, kind: type[Check | Evidence]) -> dict[str, Any]:
    keys = [each.name for each in fields(kind)]
    if not isinstance(record, Mapping) or any(key not in record for key in keys):
        raise WrongShape(f"{name} of {host}: every entry must be a dictionary with the keys {', '.join(keys)}")
    return {key: _line(record[key]) for key in keys}


def _list(host: str, name: str, value: Any) -> Sequence[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise WrongShape(f"{name} of {host} must be a list, not {type(value).__name__}")
    return value


def _dictionary(host: str, name: str, variables: Variables) -> Variables:
    value = variables.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise WrongShape(f"{name} of {host} must be a dictionary, not {type(value).__name__}")
    return value


def _line(value: Any) -> str:
    """Return a text as one line, because line breaks would break a table."""
    return " ".join(str(value or "").split())
