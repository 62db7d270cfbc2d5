# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: secrets must be text. Ansible converts any other value to text, which is then another secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import InvalidInput

RULE = "must be text"
FIX = "put it in quotes"
# A list of types, because text that is encrypted inline has a type of its own in ansible-core before 2.19.
_OTHER = (Mapping, list, tuple, bool, int, float)


def is_other_than_text(value: Any) -> bool:
    """Tell whether YAML read the value as something else than text: `007` as a number, `[x]` as a list."""
    return isinstance(value, _OTHER)


def require_text(spec: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any], prefix: str = "") -> None:
    """Raise InvalidInput for a secret that is not text, without its value.

    `given` are the options before Ansible converts them. The spec marks secrets with `no_log`.
    """
    for name, rule in spec.items():
        value = given.get(name)
        if isinstance(value, Mapping) and "options" in rule:
            require_text(rule["options"], value, f"{prefix}{name}.")
        elif rule.get("no_log") and is_other_than_text(value):
            raise InvalidInput(f"{prefix}{name}", RULE, FIX)
