# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a stand-in for AWX, and what a change of one means for the others."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import rules, surveys
from .values import FACTS, MODELS, TEMPLATES, Document, Refused, converted, initial

#: The lists of an object that other objects can join, by endpoint, with the endpoint of the members.
_NOTIFIED = {f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")}
_APPROVED = {**_NOTIFIED, "notification_templates_approvals": "notification_templates"}
_LAUNCHED = {"credentials": "credentials", "instance_groups": "instance_groups"}
_LINKS = ("success_nodes", "failure_nodes", "always_nodes")
LISTS: Mapping[str, Mapping[str, str]] = {
    "organizations": {**_APPROVED, "instance_groups": "instance_groups", "galaxy_credentials": "credentials"},
    "projects": _NOTIFIED,
    "inventories": {"instance_groups": "instance_groups"},
    "inventory_sources": _NOTIFIED,
    "job_templates": {**_NOTIFIED, **_LAUNCHED},
    "workflow_job_templates": _APPROVED,
    "workflow_job_template_nodes": {**dict.fromkeys(_LINKS, "workflow_job_template_nodes"), **_LAUNCHED},
    "schedules": _LAUNCHED,
}
#: The built-in types that the collection uses. The fields are those of the package awx-plugins-core.
_MANAGED = (
    ("Machine", "ssh", ("username", "password", "become_username", "become_password")),
    ("Source Control", "scm", ("username", "password")),
    ("Container Registry", "registry", ("host", "username", "password")),
    (
        "Microsoft Azure Resource Manager",
        "cloud",
        ("subscription", "username", "password", "client", "secret", "tenant", "cloud_environment"),
    ),
)
_DEPENDENTS = {
    "workflow_job_templates": (
        ("workflow_job_template_nodes", "workflow_job_template"),
        ("schedules", "unified_job_template"),
    ),
    "job_templates": (("schedules", "unified_job_template"),),
    "inventories": (("inventory_sources", "inventory"),),
}


@dataclass
class Store:
    """All objects by endpoint and id. `repositories` are the folders behind the addresses of projects."""

    repositories: Mapping[str, Path] = field(default_factory=dict)
    objects: dict[str, dict[int, Document]] = field(default_factory=lambda: {name: {} for name in FACTS})
    lists: dict[tuple[str, int, str], list[int]] = field(default_factory=dict)
    #: Every write that was accepted, and the fields that AWX ignored.
    journal: list[tuple[str, str, str]] = field(default_factory=list)
    ignored: set[tuple[str, str]] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        for name, kind, fields in _MANAGED:
            inputs = {"fields": [{"id": each, "label": each, "type": "string"} for each in fields]}
            self._add("credential_types", {"name": name, "kind": kind, "inputs": inputs, "managed": True})
        self._add("organizations", {"name": "Default"})
        self._add("instance_groups", {"name": "default"})

    def _add(self, endpoint: str, values: Document) -> Document:
        number = 1 + max((max(each, default=0) for each in self.objects.values()), default=0)
        self.objects[endpoint][number] = {**copy.deepcopy(initial(endpoint)), **values, "id": number}
        return self.objects[endpoint][number]

    def find(self, endpoint: str, number: int) -> Document:
        try:
            return self.objects[endpoint][number]
        except KeyError:
            raise Refused({"detail": "Not found."}, 404) from None

    def referred(self, model: str, number: int) -> tuple[str, Document] | None:
        """Return the object to which a field refers, with its endpoint."""
        for endpoint in MODELS.get(model, ()):
            if number in self.objects[endpoint]:
                return endpoint, self.objects[endpoint][number]
        return None

    def create(self, endpoint: str, data: Document) -> Document:
        values, ignored = converted(endpoint, data, partial=False)
        entry = {**copy.deepcopy(initial(endpoint)), **copy.deepcopy(values)}
        self._require_valid(endpoint, entry, values, None)
        self.ignored |= {(endpoint, name) for name in ignored}
        for name in ("user", "team"):
            entry.pop(name, None)
        found = self._add(endpoint, entry)
        self.journal.append(("create", endpoint, str(found.get("name") or found.get("identifier"))))
        return found

    def change(self, endpoint: str, number: int, data: Document) -> Document:
        entry = self.find(endpoint, number)
        if entry.get("managed"):
            raise Refused({"detail": "Modifications not allowed for managed objects"}, 403)
        values, ignored = converted(endpoint, data, partial=True)
        new = {**entry, **copy.deepcopy(values)}
        self._require_valid(endpoint, new, values, entry)
        self.ignored |= {(endpoint, name) for name in ignored}
        self.objects[endpoint][number] = new
        self.journal.append(("change", endpoint, str(new.get("name") or new.get("identifier"))))
        return new

    def delete(self, endpoint: str, number: int) -> None:
        entry = self.find(endpoint, number)
        in_use = any(each["credential_type"] == number for each in self.objects["credentials"].values())
        if entry.get("managed") or (endpoint == "credential_types" and in_use):
            raise Refused({"detail": "Credential types that are in use cannot be deleted"}, 403)
        for dependent, name in _DEPENDENTS.get(endpoint, ()):
            for other in [each["id"] for each in self.objects[dependent].values() if each[name] == number]:
                gone = self.objects[dependent].pop(other)
                # A step takes its approval along.
                self.objects["workflow_approval_templates"].pop(gone.get("unified_job_template") or 0, None)
        del self.objects[endpoint][number]
        self._forget(endpoint, number)
        self.journal.append(("delete", endpoint, str(entry.get("name") or entry.get("identifier"))))

    def _forget(self, endpoint: str, number: int) -> None:
        model = FACTS[endpoint]["model"]
        models = (model, "UnifiedJobTemplate") if endpoint in TEMPLATES else (model,)
        for other, facts in FACTS.items():
            for name, each in facts["fields"].items():
                if each.get("to") in models:
                    for entry in self.objects[other].values():
                        entry[name] = None if entry[name] == number else entry[name]
        for (parent, _number, name), members in self.lists.items():
            if LISTS[parent][name] == endpoint and number in members:
                members.remove(number)

    def members(self, endpoint: str, number: int, name: str) -> list[int]:
        self.find(endpoint, number)
        return self.lists.setdefault((endpoint, number, name), [])

    def join(self, endpoint: str, number: int, name: str, data: Document) -> None:
        """Add an object to a list of another one, or take it out."""
        members, member = self.members(endpoint, number, name), data.get("id")
        kind = LISTS[endpoint][name]
        if not isinstance(member, int):
            raise Refused({"msg": '"id" is required to disassociate'})
        other = self.find(kind, member)
        if data.get("disassociate"):
            members.remove(member)
        elif member not in members:
            if name == "credentials":
                self._require_other_type(members, other)
            if name in _LINKS:
                self._require_link(number, name, member)
            members.append(member)
        self.journal.append(("leave" if data.get("disassociate") else "join", f"{endpoint}/{name}", str(member)))

    def _require_other_type(self, members: list[int], other: Document) -> None:
        types = [self.objects["credentials"][each]["credential_type"] for each in members]
        if other["credential_type"] in types:
            raise Refused({"error": "Cannot assign multiple credentials of one type."})

    def _require_link(self, parent: int, name: str, child: int) -> None:
        nodes = self.objects["workflow_job_template_nodes"]
        if nodes[parent]["workflow_job_template"] != nodes[child]["workflow_job_template"]:
            raise Refused({"Error": "The steps belong to different workflows."})
        if any(child in self.members("workflow_job_template_nodes", parent, link) for link in _LINKS if link != name):
            raise Refused({"Error": "Relationship not allowed."})
        if parent in self._reachable(child):
            raise Refused({"Error": "Cycle detected."})

    def _reachable(self, node: int) -> set[int]:
        found, open_nodes = {node}, [node]
        while open_nodes:
            current = open_nodes.pop()
            next_nodes = {
                each for link in _LINKS for each in self.members("workflow_job_template_nodes", current, link)
            }
            open_nodes += next_nodes - found
            found |= next_nodes
        return found

    def _require_valid(self, endpoint: str, entry: Document, values: Document, old: Document | None) -> None:
        for name, value in values.items():
            target = FACTS[endpoint]["fields"][name].get("to")
            if target and value is not None and target not in ("User", "Team") and not self.referred(target, value):
                raise Refused({name: [f'Invalid pk "{value}" - object does not exist.']})
        check: Callable[[Document, Document | None], None] | None = getattr(self, f"_check_{endpoint}", None)
        if check:
            check(entry, old)
        key = {name: entry.get(name) for name in UNIQUE_FIELDS.get(endpoint, ())}
        for other in self.objects[endpoint].values():
            if key and other is not old and all(other.get(name) == value for name, value in key.items()):
                raise Refused({"__all__": [f"{endpoint} with this ({', '.join(key)}) combination already exists."]})

    def _check_credential_types(self, entry: Document, old: Document | None) -> None:
        rules.require_valid_type(entry)
        in_use = any(old and each["credential_type"] == old["id"] for each in self.objects["credentials"].values())
        if old and in_use and old["inputs"] != entry["inputs"]:
            raise Refused(
                {"detail": "Modifications to inputs are not allowed for credential types that are in use"}, 403
            )

    def _check_credentials(self, entry: Document, _old: Document | None) -> None:
        if sum(bool(entry.get(name)) for name in ("organization", "user", "team")) != 1:
            raise Refused({"detail": "Only one of 'user', 'team', or 'organization' should be provided."})
        rules.require_valid_inputs(entry["inputs"], self.objects["credential_types"][entry["credential_type"]])

    def _check_execution_environments(self, entry: Document, old: Document | None) -> None:
        if old and entry["organization"] not in (None, old["organization"]):
            raise Refused({"organization": "Cannot change the organization of an execution environment"})
        if entry["credential"] and self._type_of(entry["credential"])["kind"] != "registry":
            raise Refused({"credential": ["Only Container Registry credentials can be associated"]})

    def _check_notification_templates(self, entry: Document, _old: Document | None) -> None:
        rules.require_valid_mail(entry)

    def _check_projects(self, entry: Document, _old: Document | None) -> None:
        if entry["scm_type"] != "git":
            raise Refused({"detail": "not imitated"}, 501)
        if entry["credential"] and self._type_of(entry["credential"])["kind"] not in ("scm", "insights"):
            raise Refused({"credential": ["Credential kind must be 'scm'."]})

    def _check_inventory_sources(self, entry: Document, old: Document | None) -> None:
        if entry["source"] != "scm":
            raise Refused({"detail": "not imitated"}, 501)
        if old and entry["inventory"] != old["inventory"]:
            raise Refused({"inventory": ["read-only"]})
        if entry["source_project"] is None:
            raise Refused({"source_project": ["Project required for scm type sources."]})
        if entry["scm_branch"] and not self.objects["projects"][entry["source_project"]]["allow_override"]:
            raise Refused({"scm_branch": ["Project does not allow overriding branch."]})
        if entry["credential"] and self._type_of(entry["credential"])["kind"] in ("ssh", "scm", "vault", "insights"):
            raise Refused({"credential": ["Credentials of this type are disallowed for scm inventory sources."]})

    def _check_job_templates(self, entry: Document, _old: Document | None) -> None:
        if entry["project"] is None:
            raise Refused({"project": ["Job Templates must have a project assigned."]})
        if entry["inventory"] is None and not entry["ask_inventory_on_launch"]:
            raise Refused({"inventory": ["You must either set a default value or ask to prompt on launch."]})
        project = self.objects["projects"][entry["project"]]
        if entry["playbook"] not in self.playbooks(project):
            raise Refused({"playbook": ["Playbook not found for project."]})
        if not project["allow_override"] and (entry["scm_branch"] or entry["ask_scm_branch_on_launch"]):
            raise Refused({"scm_branch": ["Project does not allow overriding branch."]})
        # A job template has the organization of its project.
        entry["organization"] = project["organization"]

    def _check_schedules(self, entry: Document, _old: Document | None) -> None:
        rules.require_valid_rule(entry["rrule"])
        self._require_prompted(entry)

    def _check_workflow_job_template_nodes(self, entry: Document, _old: Document | None) -> None:
        if entry["unified_job_template"] is not None:
            self._require_prompted(entry)

    def _require_prompted(self, entry: Document) -> None:
        found = self.referred("UnifiedJobTemplate", entry["unified_job_template"])
        assert found
        rules.require_prompted(entry, found[1])

    def _type_of(self, credential: int) -> Document:
        return self.objects["credential_types"][self.objects["credentials"][credential]["credential_type"]]

    def playbooks(self, project: Document) -> list[str]:
        """Return the playbooks that AWX finds in a project. A project with an unknown address has none."""
        folder = self.repositories.get(project["scm_url"])
        return list(_playbooks(folder)) if folder else []

    def set_survey(self, endpoint: str, number: int, survey: Any) -> None:
        entry = self.find(endpoint, number)
        surveys.require_valid(survey)
        entry["survey_spec"] = survey
        self.journal.append(("survey", endpoint, entry["name"]))

    def approve(self, node: int, data: Document) -> Document:
        """Make a step of a workflow one that waits for an approval."""
        entry = self.find("workflow_job_template_nodes", node)
        entry["unified_job_template"] = self.create("workflow_approval_templates", data)["id"]
        return self.objects["workflow_approval_templates"][entry["unified_job_template"]]


UNIQUE_FIELDS = rules.UNIQUE


def _playbooks(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.y*ml")):
        name = path.relative_to(folder).as_posix()
        if not name.startswith((".", "tests/")) and rules.is_playbook(name, path.read_text(encoding="utf-8")):
            yield name
