# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the specifications of variables in the metadata of roles and playbooks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import yaml_load

Option = Mapping[str, Any]
Options = Mapping[str, Option]

ROOT = Path(__file__).resolve().parents[3]
_SECRET = re.compile(r"(^|_)(password|secret)$")
#: Suboptions for which an empty text is a value: it removes the attached resource.
CLEARED_BY_EMPTY_TEXT = frozenset(
    (
        "network_security_group",
        "route_table",
        "nat_gateway",
        "ddos_protection_plan",
        "storage_account",
        "initial_replication_start",
        "availability_set",
    )
)


@cache
def sources() -> Mapping[str, Path]:
    """Return the files of specifications by name: every role, and all playbooks together as `site`.

    The name with an underscore is the prefix of the variables. A new role needs no entry here.
    """
    roles = {path.parents[1].name: path for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))}
    playbooks = {path.name.partition(".")[0]: path for path in sorted(ROOT.glob("playbooks/*.meta.yml"))}
    return {**roles, **playbooks}


@cache
def options_of(source: str) -> Options:
    """Return the options of all entry points of a role. An option is required if any entry point requires it."""
    entries = yaml_load(sources()[source].read_text(encoding="utf-8"))["argument_specs"].values()
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        for name, option in entry.get("options", {}).items():
            required = option.get("required") or found.get(name, {}).get("required")
            found[name] = {**option, **({"required": True} if required else {})}
    return found


def option_of(variable: str) -> Option:
    """Return the specification of one variable. Raises KeyError for an unknown variable."""
    source = next((name for name in sources() if variable.startswith(f"{name}_")), None)
    if source is None:
        raise KeyError(variable)
    return options_of(source)[variable]


def is_secret(name: str, option: Option) -> bool:
    """Tell whether the value of an option must not be shown.

    The specifications of roles cannot have `no_log`: ansible-core before 2.19 fails there for a value that was
    encrypted with `ansible-vault encrypt_string`.
    """
    return bool(_SECRET.search(name)) and not option.get("choices")


def secret_texts(name: str, value: Any, option: Option) -> Iterator[str]:
    """Yield the secrets inside a converted value."""
    if is_secret(name, option):
        if value:
            yield str(value)
        return
    inner: Options = option.get("options") or {}
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, Mapping):
            for part, item in entry.items():
                yield from secret_texts(part, item, inner.get(part, {}))


def without_secrets(name: str, value: Any, option: Option) -> Any:
    """Return a converted value without its secrets; None for a secret."""
    if is_secret(name, option):
        return None
    inner: Options = option.get("options") or {}
    if isinstance(value, list):
        return [without_secrets("", entry, {"options": inner}) for entry in value]
    if isinstance(value, Mapping):
        return {
            part: without_secrets(part, item, inner.get(part, {}))
            for part, item in value.items()
            if not is_secret(part, inner.get(part, {}))
        }
    return value
