# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: validation of the variables of one host. It reports all mistakes in templates, types, names and rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.parameters import remove_values

from ...module_utils._model.common.check import Check
from ...module_utils._model.common.errors import InvalidInput
from .consents import given_consents, wrong_consents
from .conversion import NOT_GIVEN, Conversion, missing
from .names import replaced_results, unknown_names
from .resolution import Resolution
from .rules import broken_rules
from .specs import Option, Options, option_of, options_of, secret_texts, without_secrets
from .steps import step_of

CHECK = "variables"
_PLAYBOOKS = "site"
#: The consents of the playbooks name this vault.
_VAULT_NAME = "azure_target_vault_name"
#: Shorter secrets are part of many words. Hiding them would make messages unreadable.
_SHORTEST_HIDDEN = 4


@dataclass(frozen=True, slots=True)
class Validation:
    """The failed checks of the variables, and their values in the specified types, without secrets."""

    checks: tuple[Check, ...]
    values: Mapping[str, Any]


def validate(
    roles: Collection[str],
    variables: Mapping[str, Any],
    template: Callable[[Any], Any],
    provided_later: Collection[str] = (),
    extra: Collection[str] = (),
) -> Validation:
    """Validate the raw variables of a host for these roles; `site` stands for the playbooks' own.

    `template` evaluates a raw value. Variables in `provided_later` may be missing or use undefined variables.
    `extra` are the names of the extra variables of the run.
    """
    validator = _Validator(variables, template, provided_later)
    for role in roles:
        validator.add(role)
    validator.problems.extend(unknown_names(variables, roles))
    validator.problems.extend(replaced_results(extra))
    return Validation(tuple(validator.checks()), validator.visible)


class _Validator:
    """Validates the variables of one host role by role, and collects the problems."""

    def __init__(
        self, variables: Mapping[str, Any], template: Callable[[Any], Any], provided_later: Collection[str]
    ) -> None:
        self._variables = variables
        self._template = template
        self._later = provided_later
        self._secrets: set[str] = set()
        self._encrypted: set[str] = set()
        self.problems: list[InvalidInput] = []
        self.visible: dict[str, Any] = {}

    def add(self, role: str) -> None:
        """Validate the variables of one role."""
        options = options_of(role)
        values = {name: self._value(name, option) for name, option in options.items()}
        given = {name: value for name, value in values.items() if value is not NOT_GIVEN}
        # A value of the wrong type does not count as missing.
        reported = {problem.option for problem in self.problems}
        self.problems.extend(problem for problem in broken_rules(role, given) if problem.option not in reported)
        if role == _PLAYBOOKS and given_consents(given):
            vault = self._value(_VAULT_NAME, option_of(_VAULT_NAME))
            # A vault without a name is a problem of its own.
            self.problems.extend(wrong_consents(given, vault) if vault is not NOT_GIVEN else ())
        self._note_secrets(given, options)
        defaults = {name: option["default"] for name, option in options.items() if "default" in option}
        shown = {name: without_secrets(name, value, options[name]) for name, value in {**defaults, **given}.items()}
        # A value that was encrypted inline is a secret, whatever its option is.
        self.visible.update(
            (name, value)
            for name, value in shown.items()
            if value is not None and not self._encrypted.intersection(_texts(value))
        )

    def _value(self, name: str, option: Option) -> Any:
        resolution = Resolution(self._variables, self._template)
        raw = resolution.resolve(name, self._variables[name]) if name in self._variables else None
        self._encrypted |= resolution.decrypted
        if resolution.problems:
            if name not in self._later:
                self.problems.extend(resolution.problems)
            return NOT_GIVEN
        conversion = Conversion()
        value = conversion.convert(name, raw, option)
        self.problems.extend(conversion.problems)
        if value is NOT_GIVEN and option.get("required") and not conversion.problems and name not in self._later:
            self.problems.append(missing(name, "set it in the inventory or with -e"))
        return value

    def _note_secrets(self, given: Mapping[str, Any], options: Options) -> None:
        for name, value in given.items():
            self._secrets.update(secret_texts(name, value, options[name]))

    def checks(self) -> Iterable[Check]:
        """Return the problems as checks without duplicates and secrets."""
        hidden = {text for text in self._secrets | self._encrypted if len(text) >= _SHORTEST_HIDDEN}
        found: dict[str, Check] = {}
        for problem in self.problems:
            message, fix = (remove_values(text, hidden) for text in (problem.problem, problem.fix))
            check = Check.failed(CHECK, step_of(problem.option), message, fix)
            found.setdefault(problem.message, check)
        return found.values()


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)]
