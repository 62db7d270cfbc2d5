# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: evaluates the templates in variables one by one, so that every mistake is found and named."""

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
    """Evaluates variables of one host, and collects what can't be evaluated as problems."""

    def __init__(self, variables: Mapping[str, Any], template: Callable[[Any], Any]) -> None:
        self._variables = variables
        self._template = template
        self.problems: list[InvalidInput] = []
        #: What was encrypted by itself, in clear.
        self.decrypted: set[str] = set()

    def resolve(self, path: str, raw: Any) -> Any:
        """Return the raw value without templates, in plain types. What can't be evaluated is None and a problem."""
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
                self._refuse(path, "can't be decrypted", "give the vault password that it was encrypted with")
            else:
                self._refuse(path, f"can't be evaluated ({_reason(error)})", "correct the expression")
        else:
            if not isinstance(raw, PLAIN):
                self.decrypted.add(str(value))
            return value
        return None

    def _refuse(self, path: str, rule: str, fix: str) -> None:
        self.problems.append(InvalidInput(path, rule, fix))

    def _refuse_undefined(self, path: str, raw: Any, error: AnsibleError) -> None:
        names = sorted(set(self._undefined(raw, set())))
        reason = f"uses {', '.join(names)}, which is not defined" if names else f"can't be evaluated ({_reason(error)})"
        self._refuse(path, reason, "define it, or correct the name")

    def _undefined(self, raw: Any, seen: set[str]) -> Iterator[str]:
        """Yield the names that a template needs and no variable has, those behind other variables included."""
        if isinstance(raw, Mapping):
            raw = list(raw.values())
        if isinstance(raw, (list, tuple)):
            for item in raw:
                yield from self._undefined(item, seen)
        if not isinstance(raw, str):
            return
        for name in _needs(raw) - seen:
            seen.add(name)
            if name in self._variables:
                yield from self._undefined(self._variables[name], seen)
            elif name not in _PROVIDED:
                yield name


#: What Ansible itself puts beside the variables while it evaluates a template.
_PROVIDED = frozenset(("lookup", "query", "q", "now", "undef", "omit", "vars", "range", "dict", "lipsum", "namespace"))


def _needs(text: str) -> set[str]:
    try:
        return set(find_undeclared_variables(Environment().parse(text)))
    except TemplateSyntaxError:
        return set()


def _reason(error: AnsibleError) -> str:
    """Return the beginning of what Ansible says, in one line."""
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
