# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: find the objects of AWX whose references exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Options = Mapping[str, Any]
Objects = Mapping[str, Sequence[Options]]

#: The endpoint of the object that an option names.
REFERENCES = {
    "organization": "organizations",
    "credential_type": "credential_types",
    "credential": "credentials",
    "credentials": "credentials",
    "execution_environment": "execution_environments",
    "default_environment": "execution_environments",
    "project": "projects",
    "source_project": "projects",
    "inventory": "inventories",
    "notification_templates_error": "notification_templates",
    "notification_templates_approvals": "notification_templates",
    "unified_job_template": "job_templates",
    "workflow_job_template": "workflow_job_templates",
    "success_nodes": "workflow_job_template_nodes",
    "failure_nodes": "workflow_job_template_nodes",
}
#: The references that identify an object. A removal needs only these.
IDENTIFYING = {
    "credentials": ("organization", "credential_type"),
    "inventory_sources": ("organization", "inventory"),
    "schedules": ("organization", "unified_job_template"),
}


def ready_objects(objects: Objects, existing: Objects, *, removal: bool) -> dict[str, list[Options]]:
    """Return the objects whose references exist already, or are not among the objects.

    A module of awx.awx fails for a reference that does not exist. In check mode, nothing creates the references, so
    the other objects are known to be missing. For a removal, only the options that identify an object count.
    """
    missing = {(kind, _name(entry)) for kind, entries in objects.items() for entry in entries} - {
        (kind, _name(entry)) for kind, entries in existing.items() for entry in entries
    }
    return {
        kind: [entry for entry in entries if not missing.intersection(_references(kind, entry, removal=removal))]
        for kind, entries in objects.items()
    }


def _name(entry: Options) -> str:
    return str(entry.get("name") or entry.get("identifier"))


def _references(kind: str, entry: Options, *, removal: bool) -> Iterator[tuple[str, str]]:
    identifying = IDENTIFYING.get(kind, ("organization",))
    for option, value in entry.items():
        if option not in REFERENCES or (removal and option not in identifying):
            continue
        for name in value if isinstance(value, list) else [value]:
            yield REFERENCES[option], str(name)
