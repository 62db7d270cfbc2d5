# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the front end of all Azure modules. It owns AnsibleModule; the layers below do not know Ansible."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule, _load_params, env_fallback, missing_required_lib

from ._azure.clients import Azure
from ._azure.login import FALLBACKS, AzureLogin
from ._azure.progress import report_to
from ._model.common.errors import SiteRecoveryError
from ._model.common.names import require_group_name, require_vault_name
from ._model.common.resource import ManagedResource, Outcome, converge, require_hidden
from ._model.common.secret_options import require_text
from ._model.common.shown_text import one_line
from ._model.common.waiting import require_timeout

# The login itself reads most of them from the environment too, because it needs to know the source of each value.
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
        "fallback": (env_fallback, [FALLBACKS["auth_source"]]),
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
    "ca_bundle": {"type": "path", "fallback": (env_fallback, [FALLBACKS["ca_bundle"]])},
}
Options = Mapping[str, Any]
# The package that provides each import, for the message about a missing one.
_PACKAGES = {
    "azure.identity": "azure-identity",
    "azure.mgmt.recoveryservices": "azure-mgmt-recoveryservices",
    "azure.mgmt.recoveryservicessiterecovery": "azure-mgmt-recoveryservicessiterecovery",
    "azure.mgmt.storage": "azure-mgmt-storage",
    "azure.mgmt.network": "azure-mgmt-network",
    "azure.mgmt.resource": "azure-mgmt-resource",
    "azure.core": "azure-core",
    "cryptography": "cryptography",
    # No package of Azure is installed. The package `azure` on the index is an obsolete one.
    "azure": "azure-identity",
}


def run_resource_module(
    *,
    result: str,
    options: dict[str, Any],
    build: Callable[[Options, Azure], ManagedResource[Any, Any]],
    build_local: Callable[[Options], ManagedResource[Any, Any] | None] | None = None,
    secret_option: str | None = None,
) -> None:
    """Run a changing module: build the resource from validated options, and bring it to its desired state.

    `build_local` builds a resource that needs no login, or returns None. `secret_option` is the option that requests a
    secret in the result.
    """
    module = _module(options)
    used: list[Azure] = []

    def work() -> None:
        _require_offline(module.params)
        if secret_option and module.params[secret_option]:
            # The action plugin checks this too, because a module cannot distinguish no_log from no_target_syslog.
            require_hidden(secret_option, no_log=module.no_log)
        resource = build_local(module.params) if build_local else None
        if resource is None:
            used.append(_azure(module))
            resource = build(module.params, used[0])
        outcome = converge(resource, check_mode=module.check_mode)
        _exit(module, result, outcome, resource.secret_results())

    report_errors(module, work, lambda: any(azure.written for azure in used))


def run_info(*, options: dict[str, Any], read: Callable[[Options, Azure], dict[str, Any]]) -> None:
    """Run an info module: `read` returns the result keys, and warnings as `warnings`."""
    module = _module(options)

    def work() -> None:
        _require_offline(module.params)
        found = read(module.params, _azure(module))
        for warning in found.pop("warnings", ()):
            module.warn(one_line(warning))
        module.exit_json(changed=False, **found)

    report_errors(module, work)


def _nothing_written() -> bool:
    return False


def report_errors(
    module: AnsibleModule, work: Callable[[], None], changed: Callable[[], bool] = _nothing_written
) -> None:
    """Run `work`. Our errors and a missing SDK end the module with one message.

    `changed` tells whether something was written before the error.
    """
    try:
        work()
    except SiteRecoveryError as error:
        module.fail_json(changed=changed(), **error.to_result())
    except ImportError as error:
        module.fail_json(msg=_missing(error), exception=traceback.format_exc())


def _module(options: dict[str, Any]) -> AnsibleModule:
    spec = {**LOGIN_OPTIONS, **options}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    # The module has converted its own parameters.
    report_errors(module, lambda: require_text(spec, _load_params()))
    return module


def _require_offline(options: Options) -> None:
    for option in ("resource_group", "target_resource_group"):
        if options.get(option) is not None:
            require_group_name(options[option], option)
    if options.get("vault_name") is not None:
        require_vault_name(options["vault_name"], "vault_name")
    require_timeout(options.get("wait_timeout", 0))


def _azure(module: AnsibleModule) -> Azure:
    login = AzureLogin.from_options(module.params)
    # Ansible masks the secrets among the options, but these may come from other sources.
    module.no_log_values.update(login.secrets)
    for warning in login.warnings:
        module.warn(warning)
    return Azure(login, module.params.get("wait_timeout"), report=report_to(os.environ))


def _missing(error: ImportError) -> str:
    return (
        f"{missing_required_lib(_package(error))}; to install it, run '{sys.executable} -m pip install -r"
        " requirements.txt' in the folder of the collection siterecovery.hyperv"
    )


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
