# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for AWX refuses what AWX refuses. Otherwise a run against it would prove nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.controller import surveys
from tests.support.controller.store import Store
from tests.support.controller.values import FACTS, Refused

URL = "https://git.example.com/playbooks.git"
QUESTION = {"type": "text", "question_name": "Q", "variable": "v", "required": False}
RULE = "DTSTART:20270101T020000Z RRULE:FREQ=DAILY;INTERVAL=1"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "site.yml").write_text("- name: A\n  ansible.builtin.import_playbook: other.yml\n")
    (tmp_path / "variables.yml").write_text("a: 1\n")
    return Store({URL: tmp_path})


@pytest.fixture
def ids(store: Store) -> dict[str, int]:
    """Create one object of each kind."""
    found = {"organization": next(iter(store.objects["organizations"]))}
    machine, _scm, _registry, azure = list(store.objects["credential_types"])

    def add(key: str, endpoint: str, **data: Any) -> None:
        found[key] = store.create(endpoint, {"name": key, **data})["id"]

    organization = {"organization": found["organization"]}
    add("machine", "credentials", credential_type=machine, **organization)
    add("azure", "credentials", credential_type=azure, **organization)
    add("second", "credentials", credential_type=azure, **organization)
    add("project", "projects", scm_type="git", scm_url=URL, **organization)
    add("inventory", "inventories", **organization)
    add("template", "job_templates", project=found["project"], inventory=found["inventory"], playbook="site.yml")
    add("workflow", "workflow_job_templates", **organization)
    for key in ("first", "last"):
        node = {"workflow_job_template": found["workflow"], "unified_job_template": found["template"]}
        found[key] = store.create("workflow_job_template_nodes", {"identifier": key, **node})["id"]
    add("type", "credential_types", kind="cloud", inputs={"fields": [{"id": "user", "label": "User"}]}, injectors={})
    add("used", "credentials", credential_type=found["type"], **organization)
    return found


def with_ids(data: dict[str, Any], ids: dict[str, int]) -> dict[str, Any]:
    return {
        name: ids[value[1:]] if isinstance(value, str) and value[:1] == "@" else value for name, value in data.items()
    }


def mail(**more: Any) -> dict[str, Any]:
    given = {"host": "mail", "port": 25, "username": "", "password": "", "use_tls": False, "use_ssl": False}
    return {**given, "sender": "a@example.com", "recipients": ["b@example.com"], **more}


NOTIFICATION = {"name": "n", "organization": "@organization", "notification_type": "email"}
JOB = {"name": "t", "project": "@project", "inventory": "@inventory", "playbook": "site.yml"}
TYPE = {"name": "c", "kind": "cloud", "inputs": {"fields": [{"id": "user", "label": "User"}]}}
SCHEDULE = {"name": "s", "unified_job_template": "@template"}


@pytest.mark.parametrize(
    ("endpoint", "data"),
    [
        ("organizations", {}),
        ("organizations", {"name": ""}),
        ("organizations", {"name": ["a"]}),
        ("organizations", {"name": "Default"}),
        ("organizations", {"name": "n" * 513}),
        ("organizations", {"name": "a", "max_hosts": -1}),
        ("execution_environments", {"name": "a"}),
        ("execution_environments", {"name": "a", "image": "i", "pull": "sometimes"}),
        ("execution_environments", {"name": "a", "image": "i", "credential": "@machine"}),
        ("inventories", {"name": "inventory", "organization": "@organization"}),
        ("inventories", {"name": "a", "organization": 9999}),
        ("credentials", {"name": "a", "credential_type": "@type"}),
        (
            "credentials",
            {"name": "a", "credential_type": "@type", "organization": "@organization", "inputs": {"x": "y"}},
        ),
        (
            "credentials",
            {"name": "a", "credential_type": "@type", "organization": "@organization", "inputs": {"user": 1}},
        ),
        ("credential_types", {**TYPE, "kind": "ssh"}),
        ("credential_types", {**TYPE, "injectors": {"env": {"ANSIBLE_CONFIG": "{{ user }}"}}}),
        ("credential_types", {**TYPE, "injectors": {"env": {"PATH": "{{ user }}"}}}),
        ("credential_types", {**TYPE, "injectors": {"env": {"A": "{{ other }}"}}}),
        ("credential_types", {**TYPE, "injectors": {"env": {"A": "{{ tower.filename.x }}"}}}),
        ("credential_types", {**TYPE, "injectors": {"files": {}}}),
        ("credential_types", {**TYPE, "inputs": {"fields": [{"id": "user"}]}}),
        ("credential_types", {**TYPE, "inputs": {"fields": [{"id": "user", "label": "U", "kind": "text"}]}}),
        ("notification_templates", {**NOTIFICATION, "notification_configuration": mail(port="25")}),
        ("notification_templates", {**NOTIFICATION, "notification_configuration": mail(recipients=[])}),
        ("notification_templates", {**NOTIFICATION, "notification_configuration": {"host": "mail"}}),
        ("projects", {"name": "a", "organization": "@organization", "scm_type": "git", "credential": "@machine"}),
        ("projects", {"name": "a", "organization": "@organization", "scm_type": "cvs"}),
        ("inventory_sources", {"name": "a", "inventory": "@inventory", "source": "scm"}),
        (
            "inventory_sources",
            {
                "name": "a",
                "inventory": "@inventory",
                "source": "scm",
                "source_project": "@project",
                "credential": "@machine",
            },
        ),
        ("job_templates", {**JOB, "playbook": "variables.yml"}),
        ("job_templates", {**JOB, "playbook": "missing.yml"}),
        ("job_templates", {**JOB, "name": "template"}),
        ("job_templates", {**JOB, "project": None}),
        ("job_templates", {**JOB, "inventory": None}),
        ("job_templates", {**JOB, "job_slice_count": "many"}),
        ("job_templates", {**JOB, "extra_vars": {"a": 1}}),
        ("schedules", {**SCHEDULE, "rrule": "RRULE:FREQ=DAILY;INTERVAL=1"}),
        ("schedules", {**SCHEDULE, "rrule": "DTSTART:20270101T020000 RRULE:FREQ=DAILY;INTERVAL=1"}),
        ("schedules", {**SCHEDULE, "rrule": "DTSTART:20270101T020000Z RRULE:FREQ=DAILY"}),
        ("schedules", {**SCHEDULE, "rrule": "DTSTART:20270101T020000Z RRULE:FREQ=SECONDLY;INTERVAL=1"}),
        ("schedules", {**SCHEDULE, "rrule": f"{RULE};BYDAY=1MO"}),
        ("schedules", {**SCHEDULE, "rrule": RULE, "job_type": "check"}),
        ("workflow_job_template_nodes", {"identifier": "first", "workflow_job_template": "@workflow"}),
        ("workflow_job_template_nodes", {"identifier": "new"}),
    ],
)
def test_an_object_that_awx_refuses_is_refused(
    store: Store, ids: dict[str, int], endpoint: str, data: dict[str, Any]
) -> None:
    store.journal.clear()
    with pytest.raises(Refused):
        store.create(endpoint, with_ids(data, ids))
    assert store.journal == []


def test_a_workflow_takes_its_steps_and_their_approvals_along(store: Store, ids: dict[str, int]) -> None:
    node = store.create("workflow_job_template_nodes", {"identifier": "a", "workflow_job_template": ids["workflow"]})
    store.approve(node["id"], {"name": "approval"})
    store.delete("workflow_job_templates", ids["workflow"])
    assert store.objects["workflow_job_template_nodes"] == {}
    assert store.objects["workflow_approval_templates"] == {}
    assert ids["template"] in store.objects["job_templates"]


def test_a_read_only_or_unknown_field_is_ignored_and_recorded(store: Store) -> None:
    store.create("organizations", {"name": "a", "created": "today", "colour": "red"})
    assert store.ignored == {("organizations", "created"), ("organizations", "colour")}


REFUSED: list[Callable[[Store, dict[str, int]], object]] = [
    lambda store, ids: store.join("job_templates", ids["template"], "credentials", {"id": ids["second"]}),
    lambda store, ids: store.join("job_templates", ids["template"], "credentials", {"id": 9999}),
    lambda store, ids: store.join("workflow_job_template_nodes", ids["last"], "success_nodes", {"id": ids["first"]}),
    lambda store, ids: store.join("workflow_job_template_nodes", ids["first"], "failure_nodes", {"id": ids["last"]}),
    lambda store, ids: store.join("workflow_job_template_nodes", ids["last"], "always_nodes", {"id": ids["last"]}),
    lambda store, ids: store.delete("credential_types", ids["type"]),
    lambda store, _ids: store.delete("credential_types", next(iter(store.objects["credential_types"]))),
    lambda store, ids: store.change("credential_types", ids["type"], {"inputs": {}}),
    lambda store, _ids: store.delete("projects", 9999),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_a_change_that_awx_refuses_is_refused(store: Store, ids: dict[str, int], number: int) -> None:
    store.join("job_templates", ids["template"], "credentials", {"id": ids["azure"]})
    store.join("workflow_job_template_nodes", ids["first"], "success_nodes", {"id": ids["last"]})
    with pytest.raises(Refused):
        REFUSED[number](store, ids)


@pytest.mark.parametrize(
    "spec",
    [
        [],
        [{**QUESTION, "type": "number"}],
        [{**QUESTION, "required": "no"}],
        [QUESTION, QUESTION],
        [{name: value for name, value in QUESTION.items() if name != "variable"}],
        [{**QUESTION, "type": "integer", "default": "1"}],
        [{**QUESTION, "type": "integer", "min": "1"}],
        [{**QUESTION, "type": "multiplechoice"}],
        [{**QUESTION, "type": "multiplechoice", "choices": ["a"], "default": "b"}],
        [{**QUESTION, "type": "multiplechoice", "choices": ["a", "b"], "default": "a\nb"}],
    ],
)
def test_a_survey_that_awx_refuses_is_refused(spec: list[dict[str, Any]]) -> None:
    with pytest.raises(Refused):
        surveys.require_valid({"name": "", "description": "", "spec": spec})


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ({"type": "text"}, None),
        ({"type": "text"}, 7),
        ({"type": "text", "max": 1}, "ab"),
        ({"type": "integer"}, "7"),
        ({"type": "integer"}, ""),
        ({"type": "integer", "max": 6}, 7),
        ({"type": "integer"}, True),
        ({"type": "multiplechoice", "choices": ["a"]}, ""),
        ({"type": "multiselect", "choices": ["a"]}, "a"),
    ],
)
def test_an_answer_that_awx_refuses_is_refused(question: dict[str, Any], answer: Any) -> None:
    assert not surveys.accepts({**QUESTION, **question}, answer)
    with pytest.raises(Refused):
        surveys.passed_on({"spec": [{**QUESTION, **question}]}, {"v": answer})


def test_the_facts_name_their_source_and_every_relation_has_a_target() -> None:
    for endpoint, facts in FACTS.items():
        assert facts["fields"], endpoint
        for name, field in facts["fields"].items():
            writable = field["type"] in ("ForeignKey", "PrimaryKeyRelatedField") and not field.get("read_only")
            assert not writable or field["to"], (endpoint, name)
