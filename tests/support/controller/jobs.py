# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the playbook of a job template with ansible-runner, in a private data directory as AWX prepares it.

The source of the form is awx/main/tasks/jobs.py: variables are marked as unsafe, credentials become variables, an
environment and files, and passwords are answers to prompts.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.cells import Cell
from tests.tools import environments

from . import rules, surveys

_DEADLINE = 600
#: awx_meta_vars of awx/main/models/unified_jobs.py, for a job of a workflow.
META = {
    f"{prefix}_{name}": value
    for prefix in ("awx", "tower")
    for name, value in {
        "job_id": 7,
        "job_launch_type": "workflow",
        "job_template_id": 3,
        "job_template_name": "Site Recovery site",
        "workflow_job_id": 6,
        "workflow_job_name": "Site Recovery rollout",
        "project_revision": "0" * 40,
        "user_id": 1,
        "user_name": "admin",
    }.items()
}


class Unsafe(str):
    """Text that AWX marks: Ansible must not evaluate it."""


class _Dumper(yaml.SafeDumper):
    """Writes marked text with its tag."""


_Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text)))


def marked(value: Any) -> Any:
    """Return a value as AWX writes it into the file of the extra variables."""
    if isinstance(value, Mapping):
        return {Unsafe(name): marked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [marked(each) for each in value]
    return Unsafe(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Machines:
    """The inventory as AWX holds it: groups, and the variables of each host."""

    listing: Mapping[str, Any]

    @classmethod
    def read(cls, cell: Cell, inventory: Path, without: Sequence[str]) -> Machines:
        """Import an inventory folder, without the variables that are credentials in AWX."""
        command = [str(cell.python), "-m", "ansible", "inventory", "-i", str(inventory), "--list"]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for variables in found["_meta"]["hostvars"].values():
            for name in without:
                variables.pop(name, None)
        return cls(found)

    def slice(self, number: int, count: int) -> Machines:
        """Return one slice: every n-th host by name."""
        names = sorted(self.listing["_meta"]["hostvars"])[number - 1 :: count]
        found = {name: self._within(group, names) for name, group in self.listing.items() if name != "_meta"}
        return Machines({**found, "_meta": {"hostvars": {n: self.listing["_meta"]["hostvars"][n] for n in names}}})

    @staticmethod
    def _within(group: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        return {**group, **({"hosts": [each for each in group["hosts"] if each in names]} if "hosts" in group else {})}


@dataclass(frozen=True)
class Credential:
    """The environment, variables and passwords that a job receives from one credential."""

    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    passwords: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def custom(cls, kind: Mapping[str, Any], inputs: Mapping[str, str], folder: Path) -> Credential:
        """Fill the injectors of a credential type, and write its files."""
        files = {name.partition(".")[2]: str(folder / name) for name in kind["injectors"].get("file", {})}
        given = rules.render(dict(kind["injectors"]), inputs, files)
        for name, text in given.get("file", {}).items():
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o600)
        return cls(given.get("env", {}), given.get("extra_vars", {}))

    @classmethod
    def machine(cls, user: str, password: str) -> Credential:
        return cls(arguments=("-u", user, "--ask-pass"), passwords={r"SSH password:\s*?$": password})


@dataclass(frozen=True)
class Job:
    """A finished job."""

    returncode: int
    output: str
    #: The files that the job left in its project.
    left: Sequence[str]


@dataclass(frozen=True)
class Controller:
    """Runs jobs. `root` has the playbooks of the collection."""

    cell: Cell
    root: Path
    folder: Path
    credentials: Sequence[Credential]

    def run(self, template: Mapping[str, Any], machines: Machines, answers: Mapping[str, Any], *more: str) -> Job:
        with self.started(template, machines, answers, *more) as finish:
            return finish()

    @contextmanager
    def started(
        self, template: Mapping[str, Any], machines: Machines, answers: Mapping[str, Any], *more: str
    ) -> Iterator[Callable[[], Job]]:
        """Start a job, and yield the function that waits for its end."""
        place = self.folder / f"job-{len(list(self.folder.iterdir()))}"
        project = self._prepare(place, template, machines, answers, more)
        before = _files(project)
        runner = environments.ensure("awx").with_name("ansible-runner")
        process = subprocess.Popen(
            [runner, "run", place, "--playbook", template["playbook"], "--ident", "1"],
            env=self._environment(place),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A job of AWX has no controlling terminal.
            start_new_session=True,
        )

        def finish() -> Job:
            output, _errors = process.communicate(timeout=_DEADLINE)
            return Job(process.returncode, output, sorted(_files(project) - before))

        try:
            yield finish
        finally:
            process.kill()
            process.wait()

    def _prepare(
        self,
        place: Path,
        template: Mapping[str, Any],
        machines: Machines,
        answers: Mapping[str, Any],
        more: Sequence[str],
    ) -> Path:
        project = place / "project"
        shutil.copytree(self.root / "playbooks", project / "playbooks")
        survey = template.get("survey_spec")
        answered = surveys.passed_on(survey, answers) if survey else {}
        variables = marked({**answered, **META})
        for credential in self.credentials:
            variables.update(marked(credential.variables))
        arguments = [word for credential in self.credentials for word in credential.arguments]
        passwords = {prompt: word for credential in self.credentials for prompt, word in credential.passwords.items()}
        files = {
            "hosts.json": json.dumps(machines.listing),
            "inventory/hosts": f"#!/bin/sh\ncat '{place / 'hosts.json'}'\n",
            # Only variables of the template itself are not marked.
            "env/extravars": yaml.dump({**variables, **template["extra_vars"]}, Dumper=_Dumper),
            "env/cmdline": " ".join(f"'{word}'" for word in [*arguments, *more]),
            "env/passwords": json.dumps(passwords),
            "env/settings": json.dumps({"job_timeout": _DEADLINE}),
        }
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        (place / "inventory" / "hosts").chmod(0o700)
        for path in sorted(project.rglob("*"), reverse=True):
            path.chmod(path.stat().st_mode & ~0o222)
        return project

    def _environment(self, place: Path) -> dict[str, str]:
        given = {name: value for each in self.credentials for name, value in each.environment.items()}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "AZURE_"))}
        return {
            **kept,
            "PATH": f"{self.cell.python.parent}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(self.cell.collections_path),
            "ANSIBLE_HOME": str(place / "ansible"),
            "ANSIBLE_DEPRECATION_WARNINGS": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_RETRY_FILES_ENABLED": "False",
            # Not even root can create this folder.
            "HOME": "/proc/no-home",
            "TMPDIR": str(place),
            "LC_ALL": "C.UTF-8",
            **given,
        }


def _files(folder: Path) -> set[str]:
    return {f"{path.relative_to(folder)} {path.stat().st_mtime_ns}" for path in folder.rglob("*") if path.is_file()}
