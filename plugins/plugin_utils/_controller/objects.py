# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: turn the data and the settings of the playbook awx into the options of the modules of awx.awx."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Options = dict[str, Any]
Entries = Mapping[str, Mapping[str, Any]]

#: Prompts of every job template. Variables come only from the survey, which AWX validates.
_PROMPTS = ("limit", "verbosity", "diff_mode")


def controller_objects(data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, list[Options]]:
    """Return the options of each object by the plural of its module, in the order in which AWX needs them."""
    return _Site(data, settings).objects()


@dataclass(frozen=True)
class _Site:
    data: Mapping[str, Any]
    settings: Mapping[str, Any]

    def objects(self) -> dict[str, list[Options]]:
        return {
            "organizations": [{"name": self.organization}],
            "credential_types": self._credential_types(),
            "credentials": self._credentials(),
            "execution_environments": [self._execution_environment()],
            "notification_templates": self._notification_templates(),
            "projects": [self._project(key) for key in self.data["projects"]],
            "inventories": [self._inventory()],
            "inventory_sources": [self._inventory_source()],
            "job_templates": [self._template(key) for key in self.data["templates"]],
            "workflow_job_templates": [self._workflow()],
            "workflow_job_template_nodes": [
                each for node in self.data["workflow"]["nodes"] for each in self._node(node)
            ],
            "schedules": [self._schedule(key) for key in self.data["schedules"]],
        }

    @property
    def organization(self) -> str:
        return str(self.settings["organization"])

    def _name(self, entry: Mapping[str, Any]) -> str:
        return f"{self.settings['prefix']} {entry['title']}"

    def _named(self, entry: Mapping[str, Any]) -> Options:
        return {"name": self._name(entry), "description": entry["description"], "organization": self.organization}

    def _chosen(self, keys: Iterable[str]) -> list[str]:
        return [key for key in keys if key in self.settings["logins"]]

    def _created(self) -> list[str]:
        """Return the keys of the credentials that have no existing replacement."""
        return [key for key in self._chosen(self.data["credentials"]) if not self.settings["credentials"].get(key)]

    def _credential_types(self) -> list[Options]:
        used = {self.data["credentials"][key]["type"] for key in self._created()}
        return [
            {
                "name": self._name(entry),
                **{name: entry[name] for name in ("description", "kind", "inputs")},
                "injectors": _injectors(entry["injectors"]),
            }
            for key, entry in self.data["credential_types"].items()
            if key in used
        ]

    def _credentials(self) -> list[Options]:
        types: Entries = self.data["credential_types"]
        found = []
        for key in self._created():
            entry = self.data["credentials"][key]
            kind = entry["type"]
            found.append({**self._named(entry), "credential_type": self._name(types[kind]) if kind in types else kind})
        return found

    def _credential(self, key: str) -> str:
        return str(self.settings["credentials"].get(key) or self._name(self.data["credentials"][key]))

    def _environment(self) -> str:
        return self._name(self.data["execution_environment"])

    def _execution_environment(self) -> Options:
        options = {
            **self._named(self.data["execution_environment"]),
            "image": self.settings["image"],
            "pull": self.settings["pull"],
        }
        return _with(options, credential=self.settings["registry_credential"])

    def _mail(self) -> list[str]:
        return [self._name(self.data["mail"])] if self.settings["mail"] else []

    def _notifications(self) -> list[str]:
        return [*self._mail(), *self.settings["notification_templates"]]

    def _notification_templates(self) -> list[Options]:
        if not self.settings["mail"]:
            return []
        # AWX adds defaults for what is missing, so the next run would see a difference.
        configuration = {"username": "", "password": "", "use_ssl": False, "timeout": 30, **self.settings["mail"]}
        return [
            {
                **self._named(self.data["mail"]),
                "notification_type": "email",
                "notification_configuration": configuration,
            }
        ]

    def _project(self, key: str) -> Options:
        options = {
            **self._named(self.data["projects"][key]),
            "scm_type": "git",
            "scm_url": self.settings[f"{key}_url"],
            "scm_branch": self.settings[f"{key}_branch"],
            "scm_clean": True,
            "default_environment": self._environment(),
            "notification_templates_error": self._notifications(),
        }
        return _with(options, credential=self.settings["scm_credential"])

    def _machines(self) -> str:
        return self._name(self.data["inventory"])

    def _inventory(self) -> Options:
        return self._named(self.data["inventory"])

    def _inventory_source(self) -> Options:
        options = {
            "name": f"{self.settings['prefix']} {self.data['inventory']['source']}",
            "inventory": self._machines(),
            "organization": self.organization,
            "source": "scm",
            "source_project": self._name(self.data["projects"]["inventory"]),
            "source_path": self.settings["inventory_path"],
            "execution_environment": self._environment(),
            # Hosts that VMM no longer has leave the inventory. Only a source that was read completely gets this far.
            "overwrite": True,
            "overwrite_vars": True,
            "update_on_launch": True,
            "update_cache_timeout": 300,
            "notification_templates_error": self._notifications(),
        }
        login = self._credential("vmm_inventory") if self._chosen(["vmm_inventory"]) else None
        return _with(options, credential=login)

    def _template(self, key: str) -> Options:
        entry = self.data["templates"][key]
        options = {
            **self._named(entry),
            "project": self._name(self.data["projects"]["playbooks"]),
            "playbook": entry["playbook"],
            "inventory": self._machines(),
            "execution_environment": self._environment(),
            "credentials": [self._credential(login) for login in self._chosen(entry["credentials"])],
            "instance_groups": self.settings["instance_groups"],
            "forks": self.settings["forks"],
            "job_type": "run",
            "job_slice_count": self.settings["slices"] if entry.get("sliced") else 1,
            # A second run would wait for the locks of the first one, or find it half done.
            "allow_simultaneous": False,
            "ask_job_type_on_launch": True,
            **{f"ask_{prompt}_on_launch": True for prompt in _PROMPTS},
            "ask_variables_on_launch": False,
            "extra_vars": entry.get("extra_vars", {}),
            "survey_enabled": bool(entry["survey"]),
            "notification_templates_error": self._notifications(),
        }
        return _with(options, survey_spec=self._survey(entry))

    def _survey(self, entry: Mapping[str, Any]) -> Options | None:
        """Return the survey of a template. Every question is optional and has a default, as AWX keeps them."""
        if not entry["survey"]:
            return None
        defaults = entry.get("defaults", {})
        questions = [
            {
                "required": False,
                "default": "",
                "variable": name,
                **self.data["questions"][name],
                **({"default": defaults[name]} if name in defaults else {}),
            }
            for name in entry["survey"]
        ]
        return {"name": self._name(entry), "description": entry["description"], "spec": questions}

    def _workflow(self) -> Options:
        entry = self.data["workflow"]
        options = {
            **self._named(entry),
            "inventory": self._machines(),
            "allow_simultaneous": False,
            "ask_limit_on_launch": True,
            "survey_enabled": bool(entry["survey"]),
            "notification_templates_error": self._notifications(),
            "notification_templates_approvals": self._notifications(),
        }
        return _with(options, survey_spec=self._survey(entry))

    def _node(self, node: Mapping[str, Any]) -> Iterator[Options]:
        """Yield the step. For an approval awx.awx looks for the next steps at a wrong address, so they follow."""
        step = {
            "identifier": node["step"],
            "workflow_job_template": self._name(self.data["workflow"]),
            "organization": self.organization,
        }
        links = {"success_nodes": node.get("success", []), "failure_nodes": node.get("failure", [])}
        if node.get("approval"):
            timeout = self.settings["approval_timeout"]
            name = f"{self.settings['prefix']} {node['step']}"
            yield {**step, "approval_node": {"name": name, "description": "", "timeout": timeout}}
            yield {**step, **links}
            return
        template = self._name(self.data["templates"][node["template"]])
        yield {**step, **links, "unified_job_template": template, "lookup_organization": self.organization}

    def _schedule(self, key: str) -> Options:
        entry = self.data["schedules"][key]
        options = {
            **self._named(entry),
            "unified_job_template": self._name(self.data["templates"][entry["template"]]),
            "rrule": self.settings[f"{key}_rule"],
            "enabled": bool(self.settings["schedules_enabled"] and self.settings.get(entry.get("switch"), True)),
        }
        return _with(options, job_type=entry.get("job_type"))


def _with(options: Options, **more: Any) -> Options:
    """Return the options with those that have a value: an option that is not written is not changed."""
    return {**options, **{name: value for name, value in more.items() if value}}


def _injectors(injectors: Entries) -> Options:
    """Return the injectors with the templates that AWX fills. Here they would be templates of Ansible."""
    return {
        kind: {(f"template.{name}" if kind == "file" else name): f"{{{{ {field} }}}}" for name, field in each.items()}
        for kind, each in injectors.items()
    }
