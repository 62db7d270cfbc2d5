# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports the facts that a run recorded. The action runs on the controller and connects to no host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.plugins.action import ActionBase
from ansible.release import __version__
from ansible.utils.display import Display

from ..plugin_utils._local_action import own_collection
from ..plugin_utils._report.document import About, run_document
from ..plugin_utils._report.files import as_csv, as_json, as_junit
from ..plugin_utils._report.page import render
from ..plugin_utils._report.records import AZURE_TARGET, HYPERV_HOST, VMM_SERVER, Record, WrongShape, read_record
from ..plugin_utils._report.report import Report
from ..plugin_utils._report.scope import AZURE, HYPERV_HOSTS, PARTS, VMM_SERVERS, Group, Scope, missing
from ..plugin_utils._report.summary import summary
from ..plugin_utils._report.wave_times import read_waves
from ..plugin_utils._report.waves import DEFAULT_RING
from ..plugin_utils._report.words import LANGUAGES

_LOCALHOST = "localhost"
_ROLES = {VMM_SERVERS: VMM_SERVER, HYPERV_HOSTS: HYPERV_HOST}
Variables = Mapping[str, Any]


class ActionModule(ActionBase):  # type: ignore[misc]
    """Build the report from the variables of all hosts, and print it as plain lines."""

    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {
        "stage": {"type": "str", "choices": ["scope", "checks", "setup", "state"], "default": "checks"},
        "parts": {"type": "list", "elements": "str", "choices": list(PARTS), "default": list(PARTS)},
        "required": {"type": "list", "elements": "str", "choices": list(PARTS), "default": []},
        "vmm_servers": {"type": "list", "elements": "str", "default": ["vmm_servers"]},
        "hyperv_hosts": {"type": "list", "elements": "str", "default": ["hyperv_hosts"]},
        "uncovered_hosts": {"type": "str", "choices": ["fail", "warn"], "default": "fail"},
        "unready_hosts": {"type": "str", "choices": ["fail", "skip", "accept"], "default": "fail"},
        "wave_sizes": {"type": "list", "elements": "str"},
        "limit_file": {"type": "path"},
        "directory": {"type": "path"},
        "language": {"type": "str", "choices": list(LANGUAGES), "default": "en"},
        "fail_on": {"type": "str", "choices": ["error", "warning", "never"], "default": "error"},
        "table": {"type": "str", "choices": ["none", "checks", "problems", "evidence", "summary"], "default": "checks"},
        "only_with_problems": {"type": "bool", "default": False},
        "width": {"type": "int", "default": 120},
        "lines": {"type": "list", "elements": "str"},
    }

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._supports_check_mode = True
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=self.OPTIONS)
        if options["lines"] is not None:
            _print(options["lines"])
            return {**result, "changed": False, "lines": options["lines"]}
        variables = task_vars or {}
        scope = self._scope(options, variables)
        result.update(changed=False, **{part: list(scope.included(part)) for part in scope.groups})
        if problem := missing(scope, options["required"]):
            return {**result, "failed": True, "msg": problem}
        if options["stage"] == "scope":
            return result
        try:
            report = _report(scope, options, variables)
        except WrongShape as error:
            raise AnsibleActionFail(str(error)) from None
        shown = not options["only_with_problems"] or bool(report.problems)
        summed = options["table"] == "summary"
        document = self._document(report, variables) if shown and (summed or options["directory"]) else {}
        lines: list[str] = []
        if shown and summed:
            lines = summary(document, options["width"], options["language"])
        elif shown:
            lines = report.lines(options["table"], planned=bool(self._task.check_mode), width=options["width"])
        _print(lines)
        if options["directory"] and shown:
            _write_files(Path(options["directory"]), document, options["language"])
        if options["limit_file"] and not self._task.check_mode:
            _write_limit(Path(options["limit_file"]), report.left, ends=options["stage"] != "checks")
        return {**result, **report.to_result(), "lines": lines, "ansible_stats": _statistics(report)}

    def _document(self, report: Report, variables: Variables) -> dict[str, Any]:
        about = About(
            generated=datetime.now().astimezone().isoformat(timespec="seconds"),
            collection_version=own_collection()[1],
            ansible_version=__version__,
            check_mode=bool(self._task.check_mode),
            vault_id=str(variables["hostvars"][_LOCALHOST].get("azure_target_vault_id") or ""),
        )
        return run_document(report, about)

    def _scope(self, options: Variables, variables: Variables) -> Scope:
        limit = str(variables.get("ansible_limit") or "")
        whole, limited = self._inventory(variables), self._inventory(variables)
        limited.subset(limit or None)
        groups = {
            part: Group(",".join(options[part]), _names(whole, options[part]), _names(limited, options[part]))
            for part in _ROLES
        }
        terms = tuple(split_host_pattern(limit)) if limit else ()
        unmatched = tuple(term for term in _selections(terms) if not _names(whole, [term]) and term not in whole.groups)
        return Scope(tuple(options["parts"]), groups, bool(_names(limited, [_LOCALHOST])), limit, terms, unmatched)

    def _inventory(self, variables: Variables) -> InventoryManager:
        """Build a new inventory, because the limit is already applied to that of the run."""
        manager = InventoryManager(loader=self._loader, parse=False)
        for group, hosts in variables["groups"].items():
            manager.add_group(group)
            for host in hosts:
                manager.add_host(host, group=group)
        return manager


def _print(lines: Sequence[str]) -> None:
    if lines:
        Display().display("\n".join(lines))


def _selections(terms: Sequence[str]) -> Iterator[str]:
    """Yield the terms of a limit that select hosts by name. A file of hosts comes from an earlier run."""
    for term in terms:
        if not term.startswith(("!", "&", "@")):
            yield term


def _names(manager: InventoryManager, patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the hosts of patterns. A group that the inventory does not have has no hosts."""
    return tuple(host.name for host in manager.get_hosts(pattern=list(patterns)))


def _report(scope: Scope, options: Variables, variables: Variables) -> Report:
    """Read the records of the hosts in the run. Raises WrongShape."""
    hostvars = variables["hostvars"]
    records = list(_records(scope, hostvars))
    known = {record.host: record for record in records if record.role == HYPERV_HOST}
    # The run has no record of a host outside of the limit, only its names. Only a report about the hosts needs them,
    # because reading the variables of a host takes time.
    machines = [
        known.get(host) or Record(HYPERV_HOST, host, names=_inventory_names(host, hostvars[host]))
        for host in (scope.groups[HYPERV_HOSTS].hosts if HYPERV_HOSTS in scope.parts else ())
    ]
    accepted = options["uncovered_hosts"] == "warn"
    return Report(
        scope,
        tuple(records),
        tuple(machines),
        options["stage"],
        accept_uncovered=accepted,
        task_options=_task_options(variables),
        unready_hosts=options["unready_hosts"],
        fail_on=options["fail_on"],
        stopped=str(hostvars[_LOCALHOST].get("__site_stopped") or ""),
        wave_sizes=None if options["wave_sizes"] is None else tuple(options["wave_sizes"]),
        planned_waves=read_waves(hostvars[_LOCALHOST].get("__site_waves")),
        wave_times=hostvars[_LOCALHOST].get("__site_wave_times"),
    )


def _write_limit(path: Path, hosts: Sequence[str], *, ends: bool) -> None:
    """Write the limit of the next run, one host per line. Without hosts, remove the file when the run ends.

    A run that continues can have the file of an earlier run as its own limit, and reads it again.
    """
    try:
        if hosts:
            path.write_text("".join(f"{host}\n" for host in hosts), encoding="utf-8")
        elif ends:
            path.unlink(missing_ok=True)
    except OSError as error:
        Display().warning(f"the limit file {path} could not be written: {error.strerror}; run the report again")


def _write_files(folder: Path, document: Variables, language: str) -> None:
    """Write the files of a report. The summary of a run must not be lost because a disk is full."""
    texts = {
        "report.html": render(document, language),
        "report.json": as_json(document),
        "report.xml": as_junit(document),
        "findings.csv": as_csv(document),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        Display().warning(f"the report in {folder} could not be written: {error.strerror}; run the report again")


def _task_options(variables: Variables) -> str:
    """Return the options of the command line that select tasks. Ansible keeps their values without an order."""
    given = {"--tags": variables.get("ansible_run_tags"), "--skip-tags": variables.get("ansible_skip_tags")}
    tags = {
        option: sorted(tag for tag in value or () if (option, tag) != ("--tags", "all"))
        for option, value in given.items()
    }
    return " and ".join(f"{option} {','.join(names)}" for option, names in tags.items() if names)


def _statistics(report: Report) -> dict[str, Any]:
    """Return the results that a workflow passes on, in the form of the module set_stats."""
    data = {
        "site_status": report.status,
        "site_problems": [problem.describe() for problem in report.problems],
        "site_left": report.left,
    }
    return {"data": data, "per_host": False, "aggregate": False}


def _records(scope: Scope, hostvars: Variables) -> Iterator[Record]:
    if scope.azure and AZURE in scope.parts:
        yield read_record(AZURE_TARGET, _LOCALHOST, hostvars[_LOCALHOST])
    for part, role in _ROLES.items():
        for host in scope.included(part):
            variables = hostvars[host]
            record = read_record(role, host, variables, _inventory_names(host, variables))
            yield replace(record, ring=_ring(variables)) if role == HYPERV_HOST else record


def _ring(variables: Variables) -> int:
    """Return the ring of a Hyper-V host. The checks of the host report a wrong value."""
    try:
        text = str(variables.get("hyperv_host_ring", "")).strip()
        return int(text) if text else DEFAULT_RING
    except (AnsibleError, ValueError):
        return DEFAULT_RING


def _inventory_names(host: str, variables: Variables) -> tuple[str, ...]:
    try:
        address = variables.get("ansible_host")
    except AnsibleError:
        # The template cannot be resolved. The check of the host reports it.
        address = None
    return (host, str(address)) if address else (host,)
