# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the front end that all Azure modules share. It owns AnsibleModule; nothing below it knows Ansible."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ._azure.clients import Azure
from ._azure.login import Login
from ._model.common.errors import SiteRecoveryError
from ._model.common.names import require_group_name
from ._model.common.resource import ManagedResource, Outcome, converge, require_hidden
from ._model.common.waiting import require_timeout

# Most are read from the environment too, but by the login itself: it has to know which source a value comes from.
LOGIN_OPTIONS: dict[str, dict[str, Any]] = {
    "auth_source": {
        "type": "str",
        "default": "auto",
        "choices": [
            "auto",
            "client_secret",
            "certificate",
            "msi",
            "workload_identity",
            "cli",
            "env",
            "credential_file",
        ],
        "fallback": (env_fallback, ["ANSIBLE_AZURE_AUTH_SOURCE"]),
    },
    "profile": {"type": "str"},
    "subscription_id": {"type": "str"},
    "tenant": {"type": "str"},
    "client_id": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "x509_certificate_path": {"type": "path"},
    "x509_certificate_password": {"type": "str", "no_log": True},
    "thumbprint": {"type": "str"},
    "send_certificate_chain": {"type": "bool"},
    "oidc_token_file_path": {"type": "path", "no_log": False},
    "cloud_environment": {"type": "str"},
    "ca_bundle": {"type": "path", "fallback": (env_fallback, ["REQUESTS_CA_BUNDLE"])},
}
TAG_OPTIONS: dict[str, dict[str, Any]] = {
    "tags": {"type": "dict"},
    "append_tags": {"type": "bool", "default": True},
}
GROUP_OPTIONS: dict[str, dict[str, Any]] = {
    "resource_group": {"type": "str", "required": True},
    "create_resource_group": {"type": "bool", "default": False},
}
REGION_OPTIONS: dict[str, dict[str, Any]] = {
    "location": {"type": "str", "required": True},
    "vault_location": {"type": "str"},
    "allow_other_region": {"type": "bool", "default": False},
}
WAIT_OPTIONS: dict[str, dict[str, Any]] = {
    "wait_timeout": {"type": "int", "default": 1800},
}

Options = Mapping[str, Any]
# What the SDK is called on the package index, by the import that fails.
_PACKAGES = {
    "azure.identity": "azure-identity",
    "azure.mgmt.recoveryservices": "azure-mgmt-recoveryservices",
    "azure.mgmt.recoveryservicessiterecovery": "azure-mgmt-recoveryservicessiterecovery",
    "azure.mgmt.storage": "azure-mgmt-storage",
    "azure.mgmt.network": "azure-mgmt-network",
    "azure.mgmt.resource": "azure-mgmt-resource",
    "azure.core": "azure-core",
    "cryptography": "cryptography",
}


def run_resource_module(
    *,
    result: str,
    options: dict[str, Any],
    build: Callable[[Options, Azure], ManagedResource[Any, Any]],
    build_local: Callable[[Options], ManagedResource[Any, Any] | None] | None = None,
    revealing: str | None = None,
) -> None:
    """Run a changing module: `build` makes the noun from checked options, the lifecycle does the rest.

    `build_local` may make it without a login, for what is asked of this machine alone; it gives None otherwise.
    `revealing` is the option with which the result holds a secret.
    """
    module = _module(options)

    def work() -> None:
        _require_offline(module.params)
        if revealing and module.params[revealing]:
            # An action plugin in front judges it too: no_target_syslog looks the same from here.
            require_hidden(revealing, no_log=module.no_log)
        noun = build_local(module.params) if build_local else None
        if noun is None:
            noun = build(module.params, _azure(module))
        outcome = converge(noun, check_mode=module.check_mode)
        _exit(module, result, outcome, noun.secret_results())

    with_errors_shown(module, work)


def run_info(*, options: dict[str, Any], read: Callable[[Options, Azure], dict[str, Any]]) -> None:
    """Run a reading module: `read` returns the result's keys, and what to warn of as `warnings`."""
    module = _module(options)

    def work() -> None:
        _require_offline(module.params)
        found = read(module.params, _azure(module))
        for warning in found.pop("warnings", ()):
            module.warn(warning)
        module.exit_json(changed=False, **found)

    with_errors_shown(module, work)


def with_errors_shown(module: AnsibleModule, work: Callable[[], None]) -> None:
    """Do `work`; our errors and a missing SDK end the module with one clear message."""
    try:
        work()
    except SiteRecoveryError as error:
        module.fail_json(**error.to_result())
    except ImportError as error:
        module.fail_json(msg=missing_required_lib(_package(error)), exception=traceback.format_exc())


def _module(options: dict[str, Any]) -> AnsibleModule:
    return AnsibleModule(argument_spec={**LOGIN_OPTIONS, **options}, supports_check_mode=True)


def _require_offline(options: Options) -> None:
    for option in ("resource_group", "target_resource_group"):
        if options.get(option) is not None:
            require_group_name(options[option], option)
    require_timeout(options.get("wait_timeout", 0))


def _azure(module: AnsibleModule) -> Azure:
    login = Login.from_options(module.params)
    # Ansible knows the secrets among the options; these may have come from elsewhere.
    module.no_log_values.update(login.secrets)
    for warning in login.warnings:
        module.warn(warning)
    return Azure(login, module.params.get("wait_timeout"))


def _package(error: ImportError) -> str:
    name = error.name or ""
    return next(
        (package for module, package in _PACKAGES.items() if name == module or name.startswith(module + ".")),
        name or str(error),
    )


def _exit(module: AnsibleModule, result: str, outcome: Outcome, secret_results: Mapping[str, Any]) -> None:
    for warning in outcome.warnings:
        module.warn(warning)
    shown: dict[str, Any] = {"diff": {"before": outcome.before, "after": outcome.after}} if module._diff else {}
    module.exit_json(
        changed=outcome.changed,
        plan=outcome.plan.to_result(),
        evidence=[entry.to_result() for entry in outcome.evidence],
        **{result: outcome.after},
        **secret_results,
        **shown,
    )
