# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: has a VMM server registered in its vault."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...module_utils._model import registration as model
from ...module_utils._model.errors import Refused
from ...module_utils._model.installer import require_success
from ...module_utils._model.lifecycle import Noun
from ...module_utils._model.machine import STAGING_DIR, Machine
from ...module_utils._model.plan import Plan
from ...module_utils._model.registration import DesiredRegistration, Key
from .._windows.observation import observe
from .._windows.session import Session


class ProviderRegistration(Noun[Machine]):
    """The registration with its proxy (P4 to P6, P8).

    The key stays in memory, and lies on the server only while the program runs.
    """

    def __init__(self, session: Session, desired: DesiredRegistration) -> None:
        self._session = session
        self._desired = desired
        self._restart = False
        self.steps = desired.steps

    def observe(self) -> Machine:
        return observe(self._session, model.SECTIONS)

    def plan(self, state: Machine) -> Plan:
        plan = model.plan_registration(state, self._desired, check_mode=self._session.check_mode)
        if model.registers(plan) and not self._session.check_mode:
            # Nothing is begun with a key that can't end well. In check mode a key may not exist yet.
            self._key()
        return plan

    def apply(self, plan: Plan, state: Machine) -> None:
        if model.removes_leftovers(plan) and state.registration is not None:
            self._session.run("remove_file", {"Paths": list(state.registration.key_leftovers)})
        configurator = state.provider.configurator_path if state.provider else None
        if model.registers(plan):
            self._register(state, configurator)
        elif model.changes_password_only(plan) and state.registration and state.registration.run_as_account:
            self._session.run(
                "set_run_as_password",
                {"AccountName": model.RUN_AS_ACCOUNT},
                {"Credential": self._desired.proxy.credential if self._desired.proxy else None},
            )
        elif plan.touches("proxy"):
            # It also makes the Run As account anew where somebody removed it.
            self._judge(self._session.run("configure_provider", *self._arguments(configurator)))

    def project(self, state: Machine) -> dict[str, Any]:
        return model.project_registration(state, self._desired)

    def describe(self, state: Machine) -> str:
        return model.told("P4", state, self._desired)

    def told(self, step: str, state: Machine) -> str:
        return model.told(step, state, self._desired)

    def part(self, step: str, plan: Plan) -> Plan:
        return model.part(step, plan)

    def warnings(self, state: Machine) -> tuple[str, ...]:  # noqa: ARG002
        return ("DRConfigurator asks for a restart of the server (3010)",) if self._restart else ()

    def _register(self, state: Machine, configurator: str | None) -> None:
        parameters, secrets = self._arguments(configurator)
        place = {
            "FriendlyName": self._desired.server_name(state),
            "KeyPath": f"{STAGING_DIR}\\{self._desired.vault.name}.VaultCredentials",
        }
        secrets = {**secrets, "KeyContent": self._key().content}
        self._judge(self._session.run("register_provider", {**parameters, **place}, secrets))

    def _arguments(self, configurator: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
        """What registration and a change of the proxy have in common: parameters and secrets."""
        proxy = self._desired.proxy if self._desired.proxy and self._desired.proxy.custom else None
        parameters = {
            "ConfiguratorPath": configurator,
            "ProxyAddress": proxy.address if proxy else None,
            "ProxyPort": proxy.port if proxy else None,
            "BypassUrls": list(proxy.bypass) if proxy and proxy.bypass else None,
        }
        return parameters, {"ProxyCredential": proxy.credential if proxy else None}

    def _judge(self, answer: Mapping[str, Any]) -> None:
        log = answer["log_tail"]
        self._restart = require_success("DRConfigurator.exe", answer["exit_code"], model.CODES, log)

    def _key(self) -> Key:
        path = self._desired.key_path
        if path is None:
            raise Refused(
                "key_path: the server must be registered, which needs a key; make one with"
                " siterecovery.hyperv.vault_key and give its path"
            )
        try:
            content = Path(path).expanduser().read_bytes()
        except OSError as error:
            raise Refused(
                f"key_path: {path} can't be read ({error.strerror}); make a key with siterecovery.hyperv.vault_key"
            ) from None
        return model.require_usable_key(content, path, self._desired, datetime.now(timezone.utc))


def build(options: Mapping[str, Any], session: Session) -> ProviderRegistration:
    """The noun of the action's options; raises InvalidInput."""
    return ProviderRegistration(session, DesiredRegistration.from_options(options))
