# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine in a given state, and the emulator of a script on it: everything that a run leaves."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.context import CloudFacts, LabContext, Login, ProxyAccount, RegistrationRefused, VmmServerFacts
from lab.engines.emulators import EMULATORS
from lab.windows.build import build_machine
from lab.windows.installers import catalogue
from lab.windows.languages import speaking
from lab.windows.machine import Machine
from tests.lab.emulators.internet import PROXY_NAME, PROXY_PASSWORD, PROXY_PORT, PROXY_USER, Internet

LOGIN = Login("tenant", "subscription", "client", "unused", "CORP\\asr-admin", "unused")
# Compared only in its form: it is the moment of the run.
_MOMENT = "utc_now"


@dataclass(frozen=True, slots=True)
class Case:
    """One call of a script on one machine: an entry of a lab's document, changed by `prepare`."""

    name: str
    script: str
    machine: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    # SecureString: text; PSCredential: (user, password).
    secrets: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    prepare: Callable[[Machine], object] | None = None
    check_mode: bool = False
    # False where PowerShell itself words the error: then the comparison only checks that both fail.
    same_message: bool = True
    # The code and message with which the vault refuses.
    refused: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that a run leaves."""

    result: Any
    changed: bool
    failed: bool
    message: str | None
    state: dict[str, Any]
    journal: list[tuple[str, dict[str, Any]]]
    azure: list[Any]


class RecordingAzure:
    """Stands for the vault's service: records its calls, or refuses them."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.refused: tuple[str, str] | None = None

    def register_vmm_server(self, thumbprint: str, vault_number: str, server: VmmServerFacts) -> None:
        if self.refused is not None:
            raise RegistrationRefused(*self.refused)
        self.calls.append((thumbprint, vault_number, server))

    def publish_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None:
        self.calls.append((vmm_id, clouds))

    def withdraw_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None:
        self.calls.append(("withdrawn", vmm_id, clouds))


class Harness:
    """Builds one machine at a time and runs emulators on it."""

    def __init__(self, internet: Internet | None = None) -> None:
        port = 0 if internet is None else internet.proxy_port
        # With a scale of 0 nothing takes time.
        self.context = LabContext(
            login=LOGIN, proxy=ProxyAccount(PROXY_NAME, port, PROXY_USER, PROXY_PASSWORD), scale=0.0
        )
        if internet is not None:
            self.context.resolve = internet.resolve
        self.context.azure = self.azure = RecordingAzure()
        self.machines: dict[str, Machine] = {}

    def set(self, case: Case) -> Machine:
        self.azure.calls.clear()
        self.azure.refused = case.refused
        self.context.faults.clear()
        machine = build_machine(self.context, copy.deepcopy(dict(case.machine)))
        machine.web = {package.url: package for package in catalogue({}).values()}
        if case.prepare is not None:
            case.prepare(machine)
        self.machines.clear()
        self.machines[machine.name] = machine
        self.context.journal.clear()
        return machine

    def parameters(self, case: Case) -> dict[str, Any]:
        port = self.context.proxy.port
        return {name: port if value == PROXY_PORT else value for name, value in case.parameters.items()}

    def imitated(self, case: Case) -> Outcome:
        """Run the emulator of a case."""
        machine = self.set(case)
        with speaking(machine.identity.language):
            answer = EMULATORS[case.script](machine, {**self.parameters(case), **case.secrets}, case.check_mode)
        first = answer.errors[0] if answer.errors else None
        message = first["exception"]["message"] if isinstance(first, Mapping) else first
        return self.outcome(machine, answer.result, answer.changed, answer.failed, message)

    def outcome(self, machine: Machine, result: Any, changed: bool, failed: bool, message: str | None) -> Outcome:
        return Outcome(
            result=_timeless(result),
            changed=changed,
            failed=failed,
            message=message,
            state=machine.snapshot(),
            journal=[(entry.verb, entry.detail) for entry in self.context.journal.entries],
            azure=list(self.azure.calls),
        )


def _timeless(result: Any) -> Any:
    """Return the result with every moment of the run replaced by its form."""
    if not isinstance(result, dict):
        return result
    seen = dict(result)
    if isinstance(seen.get("host"), dict):
        seen["host"] = {**seen["host"], _MOMENT: _form(seen["host"][_MOMENT])}
    if isinstance(seen.get("logs"), list):
        seen["logs"] = [{**each, "written": _form(each["written"])} for each in seen["logs"]]
    if isinstance(seen.get("event_logs"), list):
        seen["event_logs"] = [
            {**log, "events": [{**each, "time": _form(each["time"])} for each in log["events"]]}
            for log in seen["event_logs"]
        ]
    if isinstance(seen.get("connectivity"), list):
        seen["connectivity"] = [{**each, "clock": _form(each["clock"])} for each in seen["connectivity"]]
    return seen


def _form(moment: str | None) -> str | None:
    return None if moment is None else re.sub(r"\d", "0", moment)
