# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: has the Site Recovery Provider on a VMM server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...module_utils._model import provider as model
from ...module_utils._model.errors import RemoteFailure
from ...module_utils._model.installer import Installer, require_success
from ...module_utils._model.lifecycle import Noun
from ...module_utils._model.machine import RUNNING, Machine
from ...module_utils._model.plan import Plan
from .._windows.observation import observe
from .._windows.session import Session
from .staging import staged


class Provider(Noun[Machine]):
    """The Provider: installed, upgraded, never downgraded; the VMM service runs afterwards (S3, P1, P3)."""

    steps = ("S3", "P1", "P3")

    def __init__(self, session: Session, installer: Installer) -> None:
        self._session = session
        self._installer = installer
        self._restart = False

    def observe(self) -> Machine:
        return observe(self._session, model.SECTIONS)

    def plan(self, state: Machine) -> Plan:
        return model.plan_provider(state, self._installer)

    def apply(self, plan: Plan, state: Machine) -> None:  # noqa: ARG002
        if not model.installs(plan):
            self._session.run("start_service", {"Name": "SCVMMService"})
            return
        with staged(self._session, self._installer) as path:
            # The package is unpacked beside itself, in the folder that only administrators can write to.
            folder = f"{self._installer.staging_dir}\\provider"
            answer = self._session.run("install_provider", {"InstallerPath": path, "ExtractDir": folder})
            self._judge(answer)

    def project(self, state: Machine) -> dict[str, Any]:
        return model.project_provider(state)

    def describe(self, state: Machine) -> str:
        return model.told("P1", state, self._installer)

    def told(self, step: str, state: Machine) -> str:
        return model.told(step, state, self._installer)

    def part(self, step: str, plan: Plan) -> Plan:
        return model.part(step, plan, self._installer)

    def warnings(self, state: Machine) -> tuple[str, ...]:  # noqa: ARG002
        return ("the Provider's setup asks for a restart of the server (3010)",) if self._restart else ()

    def _judge(self, answer: Mapping[str, Any]) -> None:
        log = answer["log_tail"]
        if answer["setup_exit"] is None:
            require_success("the Provider's package", answer["extract_exit"], {}, log)
        self._restart = require_success("setupdr.exe", answer["setup_exit"], model.SETUP_CODES, log)
        if answer["service_after"] != RUNNING:
            raise RemoteFailure(
                f"setup ended well, but service SCVMMService is {answer['service_after'] or 'missing'}; look at its"
                " event log, start it, then run again"
            )


def build(options: Mapping[str, Any], session: Session) -> Provider:
    """The noun of the action's options; raises InvalidInput."""
    return Provider(session, Installer.from_options(options))
