# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: names that begin as those of this collection do, and that nothing in it knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

from ...module_utils._model.common.errors import InvalidInput
from .conversion import nearest
from .specs import ROOT, options_of, sources

#: The prefix of the playbooks' variables is common: an inventory may have variables of its own with it.
_SHARED = "site"
#: How alike a name must be to count as a misspelt one, where its prefix doesn't say that it is meant for a role.
_ALIKE = 0.9
_ALIKE_SHARED = 0.8
#: How alike the name must be that is suggested for one that is refused in any case.
_SIMILAR = 0.6
_ENDED = ("vmm_server_encryption", "vmm_server_data_encryption")


def unknown_names(names: Iterable[str], roles: Iterable[str]) -> Iterator[InvalidInput]:
    """Yield a problem for each variable that looks like one of these roles and is none.

    A name with a role's prefix must be known. A name that only resembles a known one (another prefix such as
    `vmm_servers_`, capitals, the prefix `site_`) is refused when it is almost the same.
    """
    roles = list(roles)
    known = {name for source in sources() for name in options_of(source)}
    strangers = sorted(name for name in set(names) - known if not name.startswith("_"))
    for name in strangers:
        owner = next((role for role in roles if name.startswith(f"{role}_")), None)
        if owner is None or owner == _SHARED:
            cutoff = _ALIKE_SHARED if owner else _ALIKE
            near = nearest(name, _resembled(name, roles), cutoff)
            if near and name not in facts():
                yield _refusal(name, near)
        elif name.startswith(_ENDED):
            yield InvalidInput(
                name,
                "must not be set: data encryption of Site Recovery for VMM ended on 2022-04-30 (P7)",
                "remove the variable, and keep old certificates for machines that were encrypted with them",
            )
        elif name not in facts():
            yield _refusal(name, _nearest(name, owner))


def _refusal(name: str, near: str | None) -> InvalidInput:
    fix = f"did you mean {near}?" if near else "remove it, or rename it if it is a variable of your own"
    return InvalidInput(name, "is not a variable of this collection", fix)


def _nearest(name: str, role: str) -> str | None:
    """Return the known name that is most alike, of this role or, when it is almost the same, of another one.

    Prefixes are left aside: they would make all names of a role look alike.
    """
    bare = name.removeprefix(f"{role}_")
    others = [source for source in sources() if source != role]
    for candidates, cutoff in (([role], _SIMILAR), (others, _ALIKE)):
        names = {option.removeprefix(f"{source}_"): option for source in candidates for option in options_of(source)}
        near = nearest(bare, names, cutoff)
        if near:
            return names[near]
    return None


def _resembled(name: str, roles: Iterable[str]) -> list[str]:
    """Return the known names of the roles that a name may have been meant for."""
    letters = name.lower().replace("_", "")
    return [known for role in roles if letters.startswith(role.replace("_", "")) for known in options_of(role)]


@cache
def facts() -> frozenset[str]:
    """Return the names that roles and playbooks set by themselves, and those of modules, which results often get."""
    files = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/**/*.yml")]
    modules = (path.stem for path in ROOT.glob("plugins/modules/*.py"))
    return frozenset((*modules, *(name for file in files for name in _set_by(file))))


def _set_by(file: Path) -> Iterator[str]:
    yield from _names_in(yaml_load(file.read_text(encoding="utf-8")))


def _names_in(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _names_in(item)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in ("set_fact", "ansible.builtin.set_fact", "vars") and isinstance(value, dict):
                yield from value
            elif key == "register":
                yield value
            yield from _names_in(value)
