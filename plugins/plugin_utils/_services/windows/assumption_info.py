# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: examines the assumptions about a Windows machine, in one remote execution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....module_utils._model.common.assumption import CouldNotLook, Readings, Side, examine_all
from ....module_utils._model.windows.assumptions import ASSUMPTIONS, LOG_SIGNS
from ....module_utils._model.windows.decide_machine import agent_version
from ....module_utils._model.windows.probe_readings import (
    KEYS,
    READINGS,
    SETUP,
    URLS,
    VALUES,
    find_key,
)
from ....module_utils._model.windows.proxy import Proxy
from ..._windows.session import Session


def read_assumptions(options: Mapping[str, Any], session: Session) -> dict[str, Any]:
    """Return the result's keys. Raise InvalidInput before anything is sent."""
    side: Side = options["kind"]
    readings = _read(session, side, Proxy.from_options(options["proxy"]), called=options["check_connectivity"])
    return {
        "changed": False,
        "side": side,
        "assumptions": [each.to_result() for each in examine_all(ASSUMPTIONS, side, readings)],
        "facts": _facts(readings),
        "vmm_id": _vmm_id(readings),
        "vmm_cloud_ids": _cloud_ids(readings),
        "identifiers": sorted(_identifiers(readings)),
    }


def _read(session: Session, side: Side, proxy: Proxy | None, *, called: bool) -> Readings:
    custom = proxy if proxy is not None and proxy.custom else None
    answers: dict[str, Any] = session.run(
        "probe_assumptions",
        {
            "Readings": [name for name in READINGS[side] if called or name != "urls"],
            "RegistryKeys": list(KEYS[side]),
            "ValueNames": list(VALUES),
            "Urls": list(URLS),
            "LogSigns": list(LOG_SIGNS),
            "ProxyAddress": custom.address if custom else None,
            "ProxyPort": custom.port if custom else None,
        },
        {"ProxyCredential": custom.credential if custom else None},
    )
    return Readings(answers)


def _facts(readings: Readings) -> dict[str, str | None]:
    """Return what a reader of the report has to know of the machine: versions."""
    return {
        "os_version": _text(readings, "system", "os_version"),
        "vmm_version": _setup(readings, "ProductVersion"),
        "provider_version": _program_version(readings, "configurator_vmm"),
        "agent_version": _agent(readings),
    }


def _vmm_id(readings: Readings) -> str | None:
    return _setup(readings, "VmmID")


def _cloud_ids(readings: Readings) -> list[str]:
    try:
        clouds = readings.need("clouds").get("clouds") or ()
    except CouldNotLook:
        return []
    return [str(cloud.get("id")) for cloud in clouds]


def _identifiers(readings: Readings) -> set[str]:
    """Return names that identify the machine or its owner."""
    names = ("name", "short_name", "domain", "account", "account_domain")
    found = {_text(readings, "system", name) for name in names}
    host, domain = _text(readings, "system", "name"), _text(readings, "system", "domain")
    found |= {f"{host}.{domain}" if host and domain else None, _vmm_id(readings), _setup(readings, "HAVMMName")}
    return _present([*found, *_cloud_ids(readings)])


def _present(values: Iterable[str | None]) -> set[str]:
    return {value for value in values if value}


def _text(readings: Readings, reading: str, name: str) -> str | None:
    try:
        value = readings.need(reading).get(name)
    except CouldNotLook:
        return None
    return str(value) if value else None


def _setup(readings: Readings, name: str) -> str | None:
    try:
        key = find_key(readings, SETUP)
    except CouldNotLook:
        return None
    return (key.text(name) or None) if key else None


def _program_version(readings: Readings, name: str) -> str | None:
    try:
        program = readings.need("files").get(name)
    except CouldNotLook:
        return None
    return str(program.get("version")) if program else None


def _agent(readings: Readings) -> str | None:
    return agent_version(readings) if _program_version(readings, "agent_engine") else None
