# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: unknown variables whose names resemble those of this collection."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

from ...module_utils._model.common.errors import InvalidInput
from .conversion import nearest
from .specs import ROOT, options_of, sources

#: The prefix of the playbooks' variables is common, so users can have their own variables with it.
_SHARED = "site"
#: Minimum similarity of a misspelled name that does not have the prefix of a role.
_ALIKE = 0.9
_ALIKE_SHARED = 0.8
#: Minimum similarity of the name that is suggested for an unknown name with the prefix of a role.
_SIMILAR = 0.6
#: The keywords of tasks that record results, and those that set variables.
_RECORDING = ("set_fact", "ansible.builtin.set_fact", "register")
_SETTING = (*_RECORDING, "vars")
#: The results that the playbooks set for a workflow; docs/job_templates.yml describes them.
RESULTS = ("site_status", "site_problems", "site_left", "site_vault_id", "site_symptoms", "site_drill_runs")
#: The beginnings of variables that were removed with the data encryption.
RETIRED = ("vmm_server_encryption", "vmm_server_data_encryption")


def unknown_names(names: Iterable[str], roles: Iterable[str]) -> Iterator[InvalidInput]:
    """Yield a problem for each unknown variable that resembles one of these roles.

    A name with a role's prefix must be known. A name that only resembles a known one (another prefix such as
    `vmm_servers_`, capitals, the prefix `site_`) is refused when it is very similar.
    """
    roles = list(roles)
    known = {name for source in sources() for name in options_of(source)}
    unknown = sorted(name for name in set(names) - known if not name.startswith("_"))
    for name in unknown:
        owner = next((role for role in roles if name.startswith(f"{role}_")), None)
        if owner is None or owner == _SHARED:
            cutoff = _ALIKE_SHARED if owner else _ALIKE
            near = nearest(name, _candidates(name, roles), cutoff)
            if near and name not in facts():
                yield _refusal(name, near)
        elif name.startswith(RETIRED):
            yield InvalidInput(
                name,
                "must not be set: data encryption of Site Recovery for VMM ended on 2022-04-30 (P7)",
                "remove the variable, and keep old certificates for machines that were encrypted with them",
            )
        elif name not in facts():
            yield _refusal(name, _nearest(name, owner))


def replaced_results(extra: Iterable[str]) -> Iterator[InvalidInput]:
    """Yield a problem for each extra variable that would replace a result of the run. It outranks all others."""
    for name in sorted(set(extra) & recorded()):
        yield InvalidInput(
            name, "must not be an extra variable: it would replace what the run itself records", "remove it"
        )


def _refusal(name: str, near: str | None) -> InvalidInput:
    fix = f"did you mean {near}?" if near else "remove it, or rename it if it is your own variable"
    return InvalidInput(name, "must be a variable of this collection", fix)


def _nearest(name: str, role: str) -> str | None:
    """Return the most similar name of this role or, if it is very similar, of another role.

    The comparison ignores prefixes, because they would make all names of a role similar.
    """
    for option, specification in options_of(role).items():
        if name.removeprefix(f"{option}_") in (specification.get("options") or {}):
            return f"{option}.{name.removeprefix(f'{option}_')}"
    bare = name.removeprefix(f"{role}_")
    others = [source for source in sources() if source != role]
    for candidates, cutoff in (([role], _SIMILAR), (others, _ALIKE)):
        names = {option.removeprefix(f"{source}_"): option for source in candidates for option in options_of(source)}
        near = nearest(bare, names, cutoff)
        if near:
            return names[near]
    return None


def _candidates(name: str, roles: Iterable[str]) -> list[str]:
    """Return the known names that a misspelled name can stand for."""
    letters = name.lower().replace("_", "")
    return [known for role in roles if letters.startswith(role.replace("_", "")) for known in options_of(role)]


@cache
def facts() -> frozenset[str]:
    """Return the names that roles and playbooks set, and the names of modules, under which users register results.

    A workflow passes the results of one playbook to the next as extra variables.
    """
    modules = (path.stem for path in ROOT.glob("plugins/modules/*.py"))
    return frozenset((*modules, *RESULTS, *(name for part in _contents() for name in _names_in(part, _SETTING))))


@cache
def recorded() -> frozenset[str]:
    """Return the names under which roles and playbooks record results."""
    return frozenset(name for part in _contents() for name in _names_in(part, _RECORDING))


def read_files() -> None:
    """Read all specifications, roles and playbooks, so that later calls in this process and its children need not."""
    for source in sources():
        options_of(source)
    facts()
    recorded()


@cache
def _contents() -> tuple[Any, ...]:
    files = (*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/**/*.yml"))
    return tuple(yaml_load(file.read_text(encoding="utf-8")) for file in files)


def _names_in(part: Any, keywords: Collection[str]) -> Iterator[str]:
    """Yield the variables that keywords such as `register` and `vars` set."""
    if isinstance(part, list):
        for item in part:
            yield from _names_in(item, keywords)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in keywords:
                yield from value if isinstance(value, dict) else (str(value),)
            yield from _names_in(value, keywords)
