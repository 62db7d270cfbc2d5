# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates of AWX run with ansible-runner as in an execution environment, in the order of the workflow."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab
from tests.support.controller.data import DATA, objects
from tests.support.controller.jobs import Controller, Credential, Job, Machines
from tests.support.logins import PASSWORD as CERTIFICATE_PASSWORD
from tests.support.logins import pair

SLICES = 2
#: Variables of the lab's inventory that are credentials in AWX.
SECRET = (
    "azure_target_client_id",
    # The key goes to its usual place, because the project of a job can be read-only.
    "azure_target_key_path",
    "azure_target_secret",
    "azure_target_subscription_id",
    "azure_target_tenant",
    "ansible_user",
    "ansible_password",
    "windows_password",
    "proxy_password",
)


def template(key: str) -> dict[str, Any]:
    name = f"Site Recovery {DATA['templates'][key]['title']}"
    return next(entry for entry in objects()["job_templates"] if entry["name"] == name)


def credential(lab: Lab, key: str, folder: Path) -> Credential:
    """Return a credential of the lab."""
    login, proxy = lab.context.login, lab.context.proxy
    if key == "windows":
        return Credential.machine(login.windows_user, login.windows_password)
    if key == "azure":
        # The injector of the built-in type, as docs/signing-in.md describes it.
        names = {"AZURE_CLIENT_ID": "client_id", "AZURE_SECRET": "secret", "AZURE_TENANT": "tenant"}
        names["AZURE_SUBSCRIPTION_ID"] = "subscription_id"
        return Credential({variable: getattr(login, name) for variable, name in names.items()})
    inputs = {"username": proxy.username, "password": proxy.password}
    if key == "azure_certificate":
        made = pair()
        lab.azure.application.certificates.append(made.certificate)
        pem = Path(made.pem(folder / "made.pem", CERTIFICATE_PASSWORD)).read_text(encoding="utf-8")
        inputs = {"subscription": login.subscription_id, "tenant": login.tenant, "client": login.client_id}
        # AWX passes a field without a value as empty text.
        inputs |= {"certificate": pem, "certificate_password": CERTIFICATE_PASSWORD, "cloud_environment": ""}
    name = f"Site Recovery {DATA['credential_types'][key]['title']}"
    kind = next(entry for entry in objects()["credential_types"] if entry["name"] == name)
    return Credential.custom(kind, inputs, folder)


@pytest.fixture(scope="module")
def lab(make_shared_lab: MakeLab) -> Lab:
    return make_shared_lab()


@pytest.fixture(scope="module")
def machines(main_cell: Cell, lab: Lab) -> Machines:
    found = Machines.read(main_cell, lab.inventory, SECRET)
    # The proxies take the variables of their credentials, as the example inventory does.
    for variables in found.listing["_meta"]["hostvars"].values():
        variables["vmm_server_proxy"]["password"] = "{{ vault_provider_proxy_password }}"
        variables["hyperv_host_proxy"]["password"] = "{{ vault_agent_proxy_password }}"
    return found


class Jobs:
    """Runs the templates, each only with the credentials that its data names."""

    def __init__(self, cell: Cell, lab: Lab, root: Path, folder: Path) -> None:
        self._cell, self._lab, self._root, self._folder = cell, lab, root, folder

    def controller(self, key: str) -> Controller:
        # One step signs in with a certificate, from a file of its credential.
        azure = "azure_certificate" if key == "target" else "azure"
        logins = (azure, "windows", "provider_proxy", "agent_proxy")
        chosen = [each for each in DATA["templates"][key]["credentials"] if each in logins]
        files, jobs = self._folder / "files", self._folder / "jobs"
        files.mkdir(exist_ok=True)
        jobs.mkdir(exist_ok=True)
        return Controller(self._cell, self._root, jobs, [credential(self._lab, each, files) for each in chosen])


@pytest.fixture(scope="module")
def jobs(main_cell: Cell, lab: Lab, collection_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    return Jobs(main_cell, lab, collection_root, tmp_path_factory.mktemp("runner"))


#: Empty answers, and the forms in which a survey passes lists.
ANSWERS: dict[str, dict[str, Any]] = {
    "preflight": {"site_vmm_servers": "", "site_endpoints": "", "site_problems_only": "true"},
    "target": {},
    "vmm_servers": {"site_endpoints": ""},
    "hyperv_hosts": {"site_wave_sizes": "1\n50%\n100%", "site_max_fail_percentage": 10, "site_window_end": ""},
    "replication": {},
    "report": {"site_hyperv_hosts": ""},
    "site": {"site_wave_sizes": "", "site_unready_hosts": "fail"},
    "verify_assumptions": {"site_check_connectivity": "false"},
    "doctor": {"site_hyperv_hosts": "", "site_doctor_days": 30},
}


def test_the_steps_of_the_workflow_with_slices_side_by_side_set_the_site_up(
    jobs: Jobs, lab: Lab, machines: Machines
) -> None:
    for key in ("preflight", "target", "vmm_servers"):
        require_successful(key, jobs.controller(key).run(template(key), machines, ANSWERS[key]), lab)

    key = "hyperv_hosts"
    with ExitStack() as stack:
        slices = [machines.slice(number, SLICES) for number in range(1, SLICES + 1)]
        controllers = [jobs.controller(key) for _slice in slices]
        started = [
            stack.enter_context(controller.started(template(key), part, ANSWERS[key]))
            for controller, part in zip(controllers, slices, strict=True)
        ]
        for finish in started:
            require_successful(key, finish(), lab)

    for key in ("replication", "report"):
        require_successful(key, jobs.controller(key).run(template(key), machines, ANSWERS[key]), lab)
    # The slices ended in the world of one run: a run over the whole site finds nothing to do.
    lab.journal.clear()
    for key in ("site", "verify_assumptions", "doctor"):
        require_successful(key, jobs.controller(key).run(template(key), machines, ANSWERS[key]), lab)
    assert list(lab.journal.entries) == []


def require_successful(key: str, job: Job, lab: Lab) -> None:
    assert job.returncode == 0, f"{key}\n{job.output}"
    assert job.left == [], key
    login = lab.context.login
    secrets = (login.secret, login.windows_password, lab.context.proxy.password, CERTIFICATE_PASSWORD)
    assert [secret for secret in secrets if secret in job.output] == [], key
