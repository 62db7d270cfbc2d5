# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the scripts that read the symptoms of a machine and set the state of a service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lab.windows import layout
from lab.windows.event_logs import HYPERV_LOG, REPLICATION_LOG, VMM_LOG
from lab.windows.machine import Machine
from lab.windows.roots import ROOTS
from lab.windows.states import (
    STAGING,
    Prepare,
    all_of,
    disabled,
    fault,
    hyperv_host,
    marked,
    registered,
    stopped,
    vmm_server,
)
from tests.lab.emulators.harness import Case

_SECTIONS: Final = {
    "vmm_server": ["host", "vmm", "provider", "registration", "background_tasks"],
    "hyperv_host": ["host", "provider", "registration", "agent", "hyperv", "background_tasks"],
}
_SETUP_LOG: Final = layout.SETUP_LOGS + r"\DRASetupWizard.log"
_AGENT_LOG: Final = layout.AGENT_FOLDER + r"\Temp\CBEngineCurr.errlog"
_LOGS: Final = [
    {"path": _SETUP_LOG, "lines": ["a line", "CredentialFileExpired: old", "CredentialFileExpired " + "x" * 600]},
    {"path": layout.SETUP_LOGS + r"\Other.log", "lines": ["ReRegistrationError"]},
    {"path": layout.AGENT_LOG, "lines": ["Error 1612. No source"]},
    {"path": _AGENT_LOG, "lines": ["ID: 100050", "nothing"]},
]
_EVENTS: Final = [
    {"log": HYPERV_LOG, "id": 32315, "message": "Replication failed (0x800700EA).\r\nMore data.", "hours": 5},
    {"log": HYPERV_LOG, "id": 32032, "message": "0x80070032", "hours": 2, "level": 3},
    {"log": HYPERV_LOG, "id": 1, "message": "0x80070032", "level": 4},
    {"log": REPLICATION_LOG, "id": 2, "message": "0x80070032", "hours": 24 * 40},
]


def _read(name: str, machine: Mapping[str, Any], prepare: Prepare | None = None, **more: Any) -> Case:
    parameters = {
        "Sections": _SECTIONS[machine["kind"]],
        "StagingDir": STAGING,
        "RootThumbprints": list(ROOTS[:3]),
        "LogSigns": ["CredentialFileExpired", "ReRegistrationError", "1612", "100050"],
        "EventLogs": [HYPERV_LOG, REPLICATION_LOG, VMM_LOG],
        "EventSigns": ["0x800700EA", "0x80070032"],
        **more.pop("parameters", {}),
    }
    return Case(f"read_symptoms {name}", "read_symptoms", machine, parameters, prepare=prepare, **more)


def _set(name: str, machine: Mapping[str, Any], prepare: Prepare | None = None, **parameters: Any) -> Case:
    check_mode = parameters.pop("check_mode", False)
    same_message = parameters.pop("same_message", True)
    given = {"Name": layout.AGENT_SERVICE, **parameters}
    return Case(
        f"set_service_state {name}",
        "set_service_state",
        machine,
        given,
        prepare=prepare,
        check_mode=check_mode,
        same_message=same_message,
    )


def _manual(machine: Machine) -> None:
    machine.need_service(layout.AGENT_SERVICE).start_mode = "Manual"


_HOST: Final = hyperv_host(agent={}, logs=_LOGS, events=_EVENTS)
_BARE: Final = hyperv_host(agent={})

CASES: Final = (
    _read("of a quiet VMM server", vmm_server(provider={})),
    _read("of a VMM server", vmm_server(provider={}, logs=_LOGS, events=_EVENTS), registered()),
    _read("of a stopped VMM", vmm_server(logs=_LOGS), stopped(layout.VMM_SERVICE)),
    _read("of a host", _HOST),
    _read("of the last day", _HOST, parameters={"Days": 1}),
    _read("without signs", _HOST, parameters={"LogSigns": None, "EventLogs": None, "EventSigns": None}),
    _read("of a host without an agent", hyperv_host(logs=_LOGS, events=_EVENTS)),
    _read("in check mode", _HOST, check_mode=True),
    _read("of an unreadable log", _HOST, fault(f"read {_SETUP_LOG}", times=9)),
    _read("of an unreadable event log", _HOST, fault(f"read log {HYPERV_LOG}", times=9)),
    _read("in a constrained language mode", hyperv_host(language_mode="ConstrainedLanguage")),
    _set("that starts", _BARE, stopped(layout.AGENT_SERVICE), Status="Running"),
    _set(
        "that starts with a mark",
        _BARE,
        all_of(marked(layout.AGENT_SERVICE), stopped(layout.AGENT_SERVICE)),
        Status="Running",
    ),
    _set("that runs", _BARE, Status="Running"),
    _set("that stops", _BARE, Status="Stopped"),
    _set("that cannot stop", _BARE, fault("stop obengine"), Status="Stopped"),
    _set("that is disabled", _BARE, disabled(layout.AGENT_SERVICE), StartMode="Auto", Status="Running"),
    _set("that stays disabled", _BARE, disabled(layout.AGENT_SERVICE), Status="Running"),
    _set("to manual", _BARE, StartMode="Manual"),
    _set("from manual", _BARE, _manual, StartMode="Auto"),
    _set("without access", hyperv_host(agent={}, administrator=False), StartMode="Manual"),
    _set("in check mode", _BARE, disabled(layout.AGENT_SERVICE), StartMode="Auto", Status="Running", check_mode=True),
    _set("that does not exist", hyperv_host(), Status="Running"),
    _set("of an unknown status", _BARE, Status="Paused", same_message=False),
)
