# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that hands variables of roles on to modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ansible.errors import AnsibleFilterError
from jinja2 import Undefined

from ..plugin_utils._variables.conversion import NOT_GIVEN, Conversion, is_blank, plain
from ..plugin_utils._variables.specs import option_of

Function = TypeVar("Function", bound=Callable[..., Any])


def _accept_undefined(function: Function) -> Function:
    """Let ansible-core 2.19 and newer hand over undefined values, which older ones do anyway."""
    function.accept_args_markers = True  # type: ignore[attr-defined]
    return function


def _is_failure(value: Undefined) -> bool:
    """Tell whether ansible-core 2.19 and newer handed over a failure, such as that of a decryption, to be passed on."""
    return type(value).__name__.endswith("ExceptionMarker")


@_accept_undefined
def given(value: Any, default: Any, variable: str = "") -> Any:
    """Return the value, or the default for one that is undefined, null or empty text, as surveys leave it.

    With the name of a variable, the value is converted to the type that the role's specification gives it, the options
    inside it included. Raises AnsibleFilterError for a value that has another type and for an unknown variable.
    """
    if isinstance(value, Undefined):
        return value if _is_failure(value) else default
    if is_blank(value):
        return default
    if not variable:
        return value
    try:
        option = option_of(variable)
    except KeyError:
        raise AnsibleFilterError(f"given: no role has a variable {variable}") from None
    conversion = Conversion()
    converted = conversion.convert(variable, plain(value), option)
    if conversion.problems:
        raise AnsibleFilterError(conversion.problems[0].message)
    return default if converted is NOT_GIVEN else converted


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"given": given}
