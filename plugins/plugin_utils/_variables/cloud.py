# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: facts of a run about Azure that need no call: the cloud of the login, and the names of the accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...module_utils._azure.login import cloud_of
from ...module_utils._model.common.errors import InvalidInput
from ...module_utils._module import LOGIN_OPTIONS
from .conversion import NOT_GIVEN, Conversion
from .resolution import Resolution
from .specs import option_of

_PREFIX = "azure_target_"
_ACCOUNTS = "azure_target_storage_accounts"


def cloud_environment(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> str:
    """Return the cloud of the login that the raw variables of `azure_target` describe.

    An invalid login has no cloud. The checks of the target report it.
    """
    raw = {option: variables[_PREFIX + option] for option in LOGIN_OPTIONS if _PREFIX + option in variables}
    resolution = Resolution(variables, template)
    given = {option: resolution.resolve(_PREFIX + option, value) for option, value in raw.items()}
    # Applies the defaults of the modules, which can come from the environment.
    validated = ArgumentSpecValidator(LOGIN_OPTIONS).validate({name: value for name, value in given.items() if value})
    try:
        return cloud_of(validated.validated_parameters)
    except InvalidInput:
        return ""


def storage_account_names(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> list[str]:
    """Return the names of the storage accounts in the raw variables of `azure_target`.

    An invalid list has no names. The checks of the target report it.
    """
    resolution, conversion = Resolution(variables, template), Conversion()
    given = resolution.resolve(_ACCOUNTS, variables.get(_ACCOUNTS))
    accounts = conversion.convert(_ACCOUNTS, given, option_of(_ACCOUNTS))
    if accounts is NOT_GIVEN or conversion.problems or resolution.problems:
        return []
    return [account["name"] for account in accounts]
