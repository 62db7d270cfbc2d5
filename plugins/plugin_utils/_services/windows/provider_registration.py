# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: manages the registration of a VMM server in its vault."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from ....module_utils._model.common.errors import DeadlineExceeded, Refused, RemoteFailure, SiteRecoveryError
from ....module_utils._model.common.key_file import LARGEST_FILE
from ....module_utils._model.common.plain_file import open_plain, require_safe_folders
from ....module_utils._model.common.plan import Plan
from ....module_utils._model.common.resource import Applied, ManagedResource, merged
from ....module_utils._model.windows import registration as model
from ....module_utils._model.windows import registration_report as report
from ....module_utils._model.windows.background_task import CONFIGURATION, REGISTRATION, BackgroundTask, find_task
from ....module_utils._model.windows.facts import MachineFacts
from ....module_utils._model.windows.host_facts import KEY_PREFIX, RUNNING, STAGING_DIR
from ....module_utils._model.windows.installer import require_success
from ....module_utils._model.windows.provider import cluster_resource
from ....module_utils._model.windows.registration import AppliedRegistration, DesiredRegistration
from ....module_utils._model.windows.registration_failures import last_line, meaning_of
from ....module_utils._model.windows.usable_key import RegistrationKeyContent, require_usable_key
from ....module_utils._model.windows.vmm_jobs import describe_jobs, jobs_of
from ..._windows.background_task import BackgroundTaskRunner, OtherRun
from ..._windows.observation import observe
from ..._windows.session import Session
from .quiet_vmm import QuietVmm

# DRConfigurator ends within registration_timeout. Before it the script waits for VMM, and afterwards for the service.
_AROUND = 900
_STOPPED = "Stopped"


class ProviderRegistration(ManagedResource[MachineFacts, AppliedRegistration]):
    """The registration with its proxy (P4 to P6, P8).

    The program runs as a background task, which a lost connection does not end. The key stays in memory on the
    controller. Its file is on the server only while the program runs.
    """

    def __init__(self, session: Session, desired: DesiredRegistration) -> None:
        self._session = session
        self._desired = desired
        self._quiet = QuietVmm(session, desired.running_jobs, "P4")
        self._tasks = {
            task.name: BackgroundTaskRunner(
                session, task, STAGING_DIR, desired.registration_timeout + _AROUND, desired.logon_password
            )
            for task in (REGISTRATION, CONFIGURATION)
        }
        self.steps = desired.steps

    def observe(self) -> MachineFacts:
        """Read the machine."""
        return observe(self._session, model.SECTIONS)

    def wait_until_settled(self, state: MachineFacts) -> tuple[MachineFacts, Applied]:
        """Wait for a registration or a change of the proxy that an earlier run started."""
        found = [task for task in (REGISTRATION, CONFIGURATION) if find_task(state.background_tasks, task) is not None]
        if not found:
            return state, Applied()
        if self._desired.proxy is not None:
            # The log of the program may contain its command line.
            self._session.hide(self._desired.proxy.credential)
        tasks = [_Resumed(task, self._evaluate_resumed) for task in found]
        ended = [self._tasks[each.task.name].resume(each.evaluate) for each in tasks]
        state = self.observe()
        if (
            not all(each.answered for each in tasks)
            and state.active
            and state.vmm is not None
            and state.vmm.service == _STOPPED
        ):
            # An interrupted task has not started the service again.
            self._start_vmm(state)
            ended.append(Applied(("the VMM service was started, because an interrupted run had left it stopped",)))
            state = self.observe()
        registered = any(each.succeeded and each.task is REGISTRATION for each in tasks)
        return replace(state, registered_since=registered), merged(ended)

    def plan(self, state: MachineFacts) -> Plan:
        """Plan the changes and check the key that they need. Raises Refused."""
        plan = self._plan(state)
        if model.needs_key(plan) and not self._session.check_mode:
            # A registration must not start with a key that cannot work. In check mode the key may not exist yet.
            self._key(plan, state)
        return plan

    def _plan(self, state: MachineFacts, applied: AppliedRegistration | None = None) -> Plan:
        done = applied or _before(state)
        return model.plan_registration(state, self._desired, check_mode=self._session.check_mode, applied=done)

    def remaining(self, state: MachineFacts, applied: AppliedRegistration) -> Plan:
        """Plan again with what this run has changed."""
        return self._plan(state, applied)

    def apply(self, plan: Plan, state: MachineFacts) -> AppliedRegistration:
        """Remove orphaned key files and stale data, then register the server or change its proxy."""
        applied = self._remove_leftovers(state) if model.removes_leftovers(plan) else _before(state)
        key = self._key(plan, state) if model.needs_key(plan) else None
        if model.cleans_up(plan):
            applied = replace(applied, exports=self._clean_up(plan, state))
        try:
            return self._change(plan, state, key, applied)
        except SiteRecoveryError as error:
            if applied.exports:
                error.details["exports"] = list(applied.exports)
            raise

    def _remove_leftovers(self, state: MachineFacts) -> AppliedRegistration:
        paths = state.registration.orphaned_key_files if state.registration else ()
        self._session.run("remove_file", {"Paths": list(paths)})
        if state.vmm is None or state.active:
            return _before(state)
        note = (
            "only the key file of an interrupted run was removed: the registration is managed on node"
            f" {state.vmm.elsewhere}, which owns the cluster role"
        )
        return replace(_before(state), notes=(note,), leftovers_removed=True)

    def _change(
        self, plan: Plan, state: MachineFacts, key: RegistrationKeyContent | None, applied: AppliedRegistration
    ) -> AppliedRegistration:
        if key is not None:
            return self._register(plan, state, key, applied)
        if model.changes_password_only(plan) and state.registration and state.registration.run_as_account:
            answer = self._session.run(
                "set_run_as_password",
                {"AccountName": model.RUN_AS_ACCOUNT, "ClusterResource": cluster_resource(state.vmm)},
                {"Credential": self._desired.proxy.credential if self._desired.proxy else None},
            )
            return self._finish(answer, state, applied)
        if plan.touches("proxy"):
            # DRConfigurator also creates the Run As account again when it was removed.
            parameters, secrets = self._arguments(plan, state)
            try:
                answer = self._run_task(CONFIGURATION, parameters, secrets, state)
            except OtherRun as other:
                return replace(applied, notes=(*applied.notes, other.message))
            if answer["started"]:
                # VMM was stopped meanwhile, and has read the changed settings when it started again.
                return self._evaluate(answer, applied)
            return self._finish(answer, state, self._evaluate(answer, applied))
        return self._restart_vmm(state, applied) if model.restarts_only(plan) else applied

    def to_result(self, state: MachineFacts) -> dict[str, Any]:
        """Return the registration as results show it."""
        return self.final_result(state, _before(state))

    def final_result(self, state: MachineFacts, applied: AppliedRegistration) -> dict[str, Any]:
        """Return the registration after this run, with the exported registry keys."""
        return {**report.registration_result(state, self._desired, applied), "exports": list(applied.exports)}

    def describe(self, state: MachineFacts) -> str:
        """Describe the registration."""
        return report.summary("P4", state, self._desired)

    def summary(self, step: str, state: MachineFacts) -> str:
        """Describe the state for one step."""
        return report.summary(step, state, self._desired)

    def changes_for_step(self, step: str, plan: Plan) -> Plan:
        """Return the changes of one step."""
        return report.changes_for_step(step, plan)

    def warnings(self, state: MachineFacts) -> tuple[str, ...]:
        """Return one line for each condition that the plan does not change."""
        return report.warnings(state, self._desired, _before(state))

    def final_warnings(self, state: MachineFacts, applied: AppliedRegistration) -> tuple[str, ...]:
        """Return the warnings after this run."""
        return report.warnings(state, self._desired, applied)

    def _clean_up(self, plan: Plan, state: MachineFacts) -> tuple[str, ...]:
        """Remove a stale registration. Return the paths of the exported registry keys and certificates."""
        stale = {change.path: change.before for change in plan.only(model.STALE).changes}
        parameters = {
            "ExportFolder": STAGING_DIR,
            "RegistryKeys": stale.get("stale.keys"),
            "Thumbprints": stale.get("stale.certificates"),
            "ClusterResource": cluster_resource(state.vmm),
        }
        answer = self._run_program("clean_registration", parameters, {}, state)
        return tuple(answer["exports"])

    def _register(
        self, plan: Plan, state: MachineFacts, key: RegistrationKeyContent, applied: AppliedRegistration
    ) -> AppliedRegistration:
        parameters, secrets = self._arguments(plan, state)
        place = {
            "FriendlyName": self._desired.server_name(state),
            "KeyPath": f"{STAGING_DIR}\\{KEY_PREFIX}{self._desired.vault.name}.VaultCredentials",
            # VMM must be restarted only after a registration that removes a proxy.
            "NeedsRestart": model.registers_again(plan),
        }
        secrets = {**secrets, "KeyContent": key.content}
        registered = applied.registered or model.registers(plan)
        try:
            answer = self._run_task(REGISTRATION, {**parameters, **place}, secrets, state)
        except OtherRun as other:
            return replace(applied, notes=(*applied.notes, other.message), registered=registered)
        applied = replace(self._evaluate(answer, applied), registered=registered)
        if answer["started"]:
            return applied
        return self._finish(answer, state, applied, restart=model.registers_again(plan))

    def _run_program(
        self, script: str, parameters: Mapping[str, Any], secrets: Mapping[str, Any], state: MachineFacts
    ) -> Mapping[str, Any]:
        """Run a script that stops VMM. Raises Refused and DeadlineExceeded while jobs are running."""
        jobs = state.vmm.running_jobs if state.vmm else None
        return self._quiet.require(
            lambda: self._session.run(script, {**parameters, **self._quiet.parameters}, secrets), jobs
        )

    def _run_task(
        self, task: BackgroundTask, parameters: Mapping[str, Any], secrets: Mapping[str, Any], state: MachineFacts
    ) -> Mapping[str, Any]:
        """Run a script that stops VMM as a background task. Raises OtherRun, Refused and DeadlineExceeded."""
        jobs = state.vmm.running_jobs if state.vmm else None
        runner = self._tasks[task.name]
        return self._quiet.require(lambda: runner.run({**parameters, **self._quiet.parameters}, secrets), jobs)

    def _arguments(self, plan: Plan, state: MachineFacts) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the parameters and secrets that registration and a change of the proxy share."""
        proxy = self._desired.proxy if self._desired.proxy and self._desired.proxy.custom else None
        parameters = {
            "ConfiguratorPath": state.provider.configurator_path if state.provider else None,
            "ProxyAddress": proxy.address if proxy else None,
            "ProxyPort": proxy.port if proxy else None,
            "BypassUrls": model.bypass_argument(plan, proxy),
            "TimeoutSeconds": self._desired.registration_timeout,
            "ClusterResource": cluster_resource(state.vmm),
        }
        return parameters, {"ProxyCredential": proxy.credential if proxy else None}

    def _evaluate_resumed(self, answer: Mapping[str, Any]) -> bool:
        """Return whether the program of an earlier run asks for a restart. Raises RemoteFailure."""
        jobs = jobs_of(answer.get("running_jobs"))
        if jobs:
            raise RemoteFailure(f"it changed nothing, because {describe_jobs(jobs)}")
        try:
            return self._evaluate(answer, AppliedRegistration()).restart_required
        except DeadlineExceeded as error:
            raise RemoteFailure(error.message) from None

    def _evaluate(self, answer: Mapping[str, Any], applied: AppliedRegistration) -> AppliedRegistration:
        log, code = answer["log_tail"], answer["exit_code"]
        if code is None:
            raise DeadlineExceeded(
                "the end of DRConfigurator.exe",
                self._desired.registration_timeout,
                last_line(log) or "its log is empty",
                "it was stopped; run again, with a longer registration_timeout if the log shows progress",
            )
        if not require_success("DRConfigurator.exe", code, meaning_of(code, log), log, answer.get("events") or ()):
            return applied
        note = "DRConfigurator asks for a restart of the server (exit code 3010)"
        return replace(applied, notes=(*applied.notes, note), restart_required=True)

    def _finish(
        self, answer: Mapping[str, Any], state: MachineFacts, applied: AppliedRegistration, *, restart: bool = True
    ) -> AppliedRegistration:
        """Ensure that the VMM service runs as before, and that it has read the changed settings."""
        vmm = state.vmm
        ran = vmm is not None and vmm.service == RUNNING
        if ran and answer["service"] != RUNNING:
            # A successful registration can leave the service stopped.
            self._start_vmm(state)
            return applied
        return self._restart_vmm(state, applied) if restart else applied

    def _start_vmm(self, state: MachineFacts) -> None:
        resource = cluster_resource(state.vmm)
        self._session.run("start_service", {"Name": "SCVMMService", "ClusterResource": resource})

    def _restart_vmm(self, state: MachineFacts, applied: AppliedRegistration) -> AppliedRegistration:
        if not self._desired.restart_vmm:
            return applied
        parameters = {
            "Name": "SCVMMService",
            **self._quiet.parameters,
            "ClusterResource": cluster_resource(state.vmm),
        }
        answer, jobs = self._quiet.run(lambda: self._session.run("restart_service", parameters))
        if answer["restarted"]:
            return applied
        note = (
            f"the VMM service was not restarted and has not read the proxy: {describe_jobs(jobs)};"
            " run again when no job runs, or restart SCVMMService"
        )
        return replace(applied, notes=(*applied.notes, note), restart_deferred=True)

    def _key(self, plan: Plan, state: MachineFacts) -> RegistrationKeyContent:
        path = self._desired.key_path
        if path is None:
            again = " again to remove its proxy" if model.registers_again(plan) else ""
            raise Refused(
                f"key_path is required, because the server must be registered{again}; create a key with"
                " siterecovery.hyperv.vault_registration_key and set key_path to its path"
            )
        content = _read(path)
        server_now = state.host.utc_now if state.host else None
        return require_usable_key(content, path, self._desired, datetime.now(timezone.utc), server_now)


class _Resumed:
    """The outcome of a task of an earlier run. A task that was interrupted has no answer."""

    def __init__(self, task: BackgroundTask, judge: Callable[[Mapping[str, Any]], bool]) -> None:
        self.task = task
        self._judge = judge
        self.answered = self.succeeded = False

    def evaluate(self, answer: Mapping[str, Any]) -> bool:
        """Return whether the program asks for a restart. Raises RemoteFailure."""
        self.answered = True
        restart = self._judge(answer)
        self.succeeded = True
        return restart


def _before(state: MachineFacts) -> AppliedRegistration:
    """Return the changes that this run takes over from a task of an earlier run."""
    return AppliedRegistration(registered=state.registered_since)


def _read(path: str) -> bytes:
    """Return the content of a key file that other users cannot change. Raises Refused.

    More than the largest key is never read.
    """
    full = os.path.expanduser(path)
    try:
        require_safe_folders("key_path", os.path.dirname(full))
        file = open_plain("key_path", full, shared=True)
        if file is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        with file:
            return file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Refused(
            f"key_path: {path} cannot be read ({error.strerror}); correct the path, or create a key with"
            " siterecovery.hyperv.vault_registration_key"
        ) from None


def build(options: Mapping[str, Any], session: Session) -> ProviderRegistration:
    """Build the resource from the task's options. Raises InvalidInput."""
    return ProviderRegistration(session, DesiredRegistration.from_options(options))
