# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: has a VMM server registered in its vault."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ....module_utils._model.common.errors import DeadlineExceeded, Refused, SiteRecoveryError
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Noun
from ....module_utils._model.windows import registration as model
from ....module_utils._model.windows.facts import RUNNING, STAGING_DIR, Machine
from ....module_utils._model.windows.installer import require_success
from ....module_utils._model.windows.provider import cluster_resource, counted_jobs
from ....module_utils._model.windows.registration import DesiredRegistration, Key
from ....module_utils._model.windows.registration_failures import meaning_of, told_log
from ..._windows.observation import observe
from ..._windows.session import Session


class ProviderRegistration(Noun[Machine]):
    """The registration with its proxy (P4 to P6, P8).

    The key stays in memory, and lies on the server only while the program runs.
    """

    def __init__(self, session: Session, desired: DesiredRegistration) -> None:
        self._session = session
        self._desired = desired
        self._restart = False
        #: A restart of VMM that this run has left for the next.
        self._deferred = False
        #: What an interrupted run left was removed from a node that has lost the cluster role since.
        self._tidied = False
        #: What Azure showed before this run registered the server says nothing any more.
        self._fresh = False
        self._exports: list[str] = []
        self._notes: list[str] = []
        self.steps = desired.steps

    def observe(self) -> Machine:
        return observe(self._session, model.SECTIONS)

    def plan(self, state: Machine) -> Plan:
        plan = model.plan_registration(
            state,
            self._desired,
            check_mode=self._session.check_mode,
            fresh=self._fresh,
            deferred=self._deferred,
            tidied=self._tidied,
        )
        if model.needs_key(plan) and not self._session.check_mode and not self._fresh:
            # Nothing is begun with a key that can't end well. In check mode a key may not exist yet.
            self._key(plan, state)
        return plan

    def apply(self, plan: Plan, state: Machine) -> None:
        if model.removes_leftovers(plan) and state.registration is not None:
            self._session.run("remove_file", {"Paths": list(state.registration.key_leftovers)})
            if state.vmm is not None and state.vmm.elsewhere is not None:
                self._tidied = True
                self._notes.append(
                    f"only the key that was left was removed here: the registration is that of node"
                    f" {state.vmm.elsewhere}, which owns the cluster role"
                )
        key = self._key(plan, state) if model.needs_key(plan) else None
        if model.cleans(plan):
            self._clean(plan)
        try:
            self._change(plan, state, key)
        except SiteRecoveryError as error:
            if self._exports:
                error.details["exports"] = list(self._exports)
            raise

    def _change(self, plan: Plan, state: Machine, key: Key | None) -> None:
        if key is not None:
            self._register(plan, state, key)
        elif model.changes_password_only(plan) and state.registration and state.registration.run_as_account:
            answer = self._session.run(
                "set_run_as_password",
                {"AccountName": model.RUN_AS_ACCOUNT, "ClusterResource": cluster_resource(state.vmm)},
                {"Credential": self._desired.proxy.credential if self._desired.proxy else None},
            )
            self._settle(answer, state)
        elif plan.touches("proxy"):
            # It also makes the Run As account anew where somebody removed it.
            parameters, secrets = self._arguments(plan, state)
            answer = self._session.run("configure_provider", parameters, secrets)
            self._judge(answer)
            self._settle(answer, state)
        elif model.restarts_only(plan):
            self._restart_vmm(state)

    def project(self, state: Machine) -> dict[str, Any]:
        projection = model.project_registration(state, self._desired, fresh=self._fresh)
        return {**projection, "exports": list(self._exports)}

    def describe(self, state: Machine) -> str:
        return model.told("P4", state, self._desired)

    def told(self, step: str, state: Machine) -> str:
        return model.told(step, state, self._desired)

    def part(self, step: str, plan: Plan) -> Plan:
        return model.part(step, plan)

    def warnings(self, state: Machine) -> tuple[str, ...]:
        restart = ("DRConfigurator asks for a restart of the server (3010)",) if self._restart else ()
        return (*restart, *self._notes, *model.warnings(state, self._desired, fresh=self._fresh))

    def _clean(self, plan: Plan) -> None:
        found = {change.path: change.before for change in plan.only("stale").changes}
        answer = self._session.run(
            "clean_registration",
            {
                "ExportFolder": STAGING_DIR,
                "RegistryKeys": found.get("stale.keys"),
                "Thumbprints": found.get("stale.certificates"),
            },
        )
        self._exports = list(answer["exports"])

    def _register(self, plan: Plan, state: Machine, key: Key) -> None:
        parameters, secrets = self._arguments(plan, state)
        place = {
            "FriendlyName": self._desired.server_name(state),
            "KeyPath": f"{STAGING_DIR}\\{self._desired.vault.name}.VaultCredentials",
            # A first registration needs no restart; one that takes a proxy away does.
            "NeedsRestart": model.registers_again(plan),
        }
        secrets = {**secrets, "KeyContent": key.content}
        answer = self._session.run("register_provider", {**parameters, **place}, secrets)
        self._judge(answer)
        self._fresh = model.registers(plan)
        self._settle(answer, state, restart_wanted=model.registers_again(plan))

    def _arguments(self, plan: Plan, state: Machine) -> tuple[dict[str, Any], dict[str, Any]]:
        """What registration and a change of the proxy have in common: parameters and secrets."""
        proxy = self._desired.proxy if self._desired.proxy and self._desired.proxy.custom else None
        parameters = {
            "ConfiguratorPath": state.provider.configurator_path if state.provider else None,
            "ProxyAddress": proxy.address if proxy else None,
            "ProxyPort": proxy.port if proxy else None,
            "BypassUrls": model.sent_bypass(plan, proxy),
            "TimeoutSeconds": self._desired.timeout,
            "ClusterResource": cluster_resource(state.vmm),
        }
        return parameters, {"ProxyCredential": proxy.credential if proxy else None}

    def _judge(self, answer: Mapping[str, Any]) -> None:
        log, code = answer["log_tail"], answer["exit_code"]
        if code is None:
            raise DeadlineExceeded(
                "the end of DRConfigurator.exe",
                self._desired.timeout,
                told_log(log) or "nothing in its log",
                "it was ended; run again, with a longer timeout if the log shows that it went on",
            )
        self._restart = require_success("DRConfigurator.exe", code, meaning_of(code, log), log)

    def _settle(self, answer: Mapping[str, Any], state: Machine, *, restart_wanted: bool = True) -> None:
        """The VMM service runs as before, and has read what was changed."""
        vmm = state.vmm
        ran = vmm is not None and vmm.service == RUNNING
        if ran and answer["service"] != RUNNING:
            # Registration can end well and leave the service stopped.
            resource = cluster_resource(vmm)
            self._session.run("start_service", {"Name": "SCVMMService", "ClusterResource": resource})
        elif restart_wanted:
            self._restart_vmm(state)

    def _restart_vmm(self, state: Machine) -> None:
        if self._desired.restart_vmm == model.NEVER:
            return
        answer = self._session.run(
            "restart_service",
            {
                "Name": "SCVMMService",
                "WhenIdle": self._desired.restart_vmm == model.WHEN_IDLE,
                "ClusterResource": cluster_resource(state.vmm),
            },
        )
        if not answer["restarted"]:
            self._deferred = True
            self._notes.append(
                f"the VMM service was not restarted ({counted_jobs(answer['running_jobs'])} of VMM began meanwhile),"
                " and reads the proxy at its start; run again when they have ended, or restart SCVMMService"
            )

    def _key(self, plan: Plan, state: Machine) -> Key:
        path = self._desired.key_path
        if path is None:
            again = " again, to take its proxy away" if model.registers_again(plan) else ""
            raise Refused(
                f"key_path: the server must be registered{again}, which needs a key; make one with"
                " siterecovery.hyperv.vault_key and give its path"
            )
        try:
            content = Path(path).expanduser().read_bytes()
        except OSError as error:
            raise Refused(
                f"key_path: {path} can't be read ({error.strerror}); make a key with siterecovery.hyperv.vault_key"
            ) from None
        server_now = state.host.utc_now if state.host else None
        return model.require_usable_key(content, path, self._desired, datetime.now(timezone.utc), server_now)


def build(options: Mapping[str, Any], session: Session) -> ProviderRegistration:
    """The noun of the action's options; raises InvalidInput."""
    return ProviderRegistration(session, DesiredRegistration.from_options(options))
