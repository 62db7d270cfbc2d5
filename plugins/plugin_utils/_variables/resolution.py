# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: evaluation of the templates in variables, one by one, so that every mistake is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from jinja2 import Environment, TemplateSyntaxError
from jinja2.meta import find_undeclared_variables

from ...module_utils._model.common.errors import InvalidInput
from .conversion import PLAIN, plain

_LONGEST_REASON = 200


class Resolution:
    """Evaluates variables of one host, and collects a problem for each value that cannot be evaluated."""

    def __init__(self, variables: Mapping[str, Any], template: Callable[[Any], Any]) -> None:
        self._variables = variables
        self._template = template
        self.problems: list[InvalidInput] = []
        #: Clear text of values that were encrypted inline.
        self.decrypted: set[str] = set()

    def resolve(self, path: str, raw: Any) -> Any:
        """Return the evaluated value in plain types. A value that cannot be evaluated becomes None and a problem."""
        if isinstance(raw, Mapping):
            return {name: self.resolve(f"{path}.{name}", item) for name, item in raw.items()}
        if isinstance(raw, (list, tuple)):
            return [self.resolve(f"{path}[{number}]", item) for number, item in enumerate(raw)]
        try:
            value = plain(self._template(raw))
        except AnsibleUndefinedVariable as error:
            self._refuse_undefined(path, raw, error)
        except AnsibleError as error:
            if not isinstance(raw, PLAIN):
                self._refuse(path, "cannot be decrypted", "provide the vault password that it was encrypted with")
            else:
                self._refuse(path, f"cannot be evaluated ({_reason(error)})", "correct the expression")
        else:
            if not isinstance(raw, PLAIN):
                self.decrypted.add(str(value))
            return value
        return None

    def _refuse(self, path: str, rule: str, fix: str) -> None:
        self.problems.append(InvalidInput(path, rule, fix))

    def _refuse_undefined(self, path: str, raw: Any, error: AnsibleError) -> None:
        names = sorted(set(self._undefined(raw, set())))
        rule = f"uses {', '.join(names)}, which is not defined" if names else f"cannot be evaluated ({_reason(error)})"
        self._refuse(path, rule, "define it, or correct the name")

    def _undefined(self, raw: Any, seen: set[str]) -> Iterator[str]:
        """Yield the undefined names that a template uses, directly or through other variables."""
        if isinstance(raw, Mapping):
            raw = list(raw.values())
        if isinstance(raw, (list, tuple)):
            for item in raw:
                yield from self._undefined(item, seen)
        if not isinstance(raw, str):
            return
        for name in _names_used(raw) - seen:
            seen.add(name)
            if name in self._variables:
                yield from self._undefined(self._variables[name], seen)
            elif name not in _PROVIDED:
                yield name


#: Names that Ansible adds to the variables when it evaluates a template.
_PROVIDED = frozenset(("lookup", "query", "q", "now", "undef", "omit", "vars", "range", "dict", "lipsum", "namespace"))


def _names_used(text: str) -> set[str]:
    try:
        return set(find_undeclared_variables(Environment().parse(text)))
    except TemplateSyntaxError:
        return set()


def _reason(error: AnsibleError) -> str:
    """Return the beginning of Ansible's message, in one line."""
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
