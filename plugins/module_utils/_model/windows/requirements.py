# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the table of requirements on a machine.

The preflight lists all of them. A plan requires those that block its operations. So both report the same requirement
with the same id and in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from ..common.check import Check, Severity, require
from . import cloud_requirements as clouds
from . import host_requirements as host
from . import hyperv_requirements as hyperv
from . import session_requirements as session
from . import vmm_requirements as vmm
from .expectation import HYPERV_HOST, VMM_SERVER, Expectation
from .facts import MachineFacts
from .operations import CHANGES, Operations
from .requirement_context import Context
from .trusted_roots import trusted_roots


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule about a machine.

    `blocks` has the operations that a failure blocks. `concerns` has those before which only the preflight fails. If
    neither is due, a failure has the severity `otherwise`.
    """

    id: str
    evaluate: Callable[[Context], Check | None]
    blocks: Operations = frozenset()
    otherwise: Severity = "warning"
    concerns: Operations = frozenset()

    def check(self, context: Context) -> Check | None:
        """Evaluate the rule. Return None if it does not apply to the machine."""
        check = self.evaluate(context)
        if check is None or not check.blocks or (self.blocks | self.concerns) & context.operations:
            return check
        return replace(check, severity=self.otherwise)


_INSTALL: Final[Operations] = frozenset(("install",))
_CHANGE: Final[Operations] = CHANGES - {"publish_clouds"}
_PROVIDER: Final[Operations] = frozenset(("manage_provider",))
_REGISTRATION: Final[Operations] = frozenset(("manage_registration",))
_CLOUDS: Final[Operations] = frozenset(("manage_clouds",))
_AGENT: Final[Operations] = frozenset(("manage_agent",))
_AGENT_PROXY: Final[Operations] = frozenset(("manage_agent_proxy",))
_MANAGE: Final = _PROVIDER | _REGISTRATION | _CLOUDS | _AGENT | _AGENT_PROXY

# The first row: without it nothing else is read.
_SESSION: Final = Requirement(session.LANGUAGE_MODE, session.language_mode, _MANAGE | frozenset(("remove",)))
_HOST: Final = (
    Requirement("elevated", host.elevated, _CHANGE),
    Requirement("os", host.operating_system, _INSTALL),
    Requirement("domain-controller", host.domain_controller),
    Requirement("antivirus", host.antivirus),
    Requirement("restart", host.pending_restart, _INSTALL),
    Requirement("dotnet", host.dotnet, _INSTALL),
    Requirement("powershell", host.powershell, _INSTALL),
    Requirement("visual-cpp", host.visual_cpp),
    Requirement("tls", host.tls, concerns=CHANGES),
    Requirement("trusted-roots", trusted_roots, frozenset(("install", "register"))),
    Requirement("execution-policy", session.execution_policy),
    Requirement("batch-logon", session.batch_logon),
    Requirement("unread", session.unread),
    Requirement("clock", host.clock, concerns=CHANGES),
)
_VMM_SERVER: Final = (
    _SESSION,
    Requirement("vmm", vmm.vmm, _PROVIDER | _REGISTRATION | _CLOUDS),
    Requirement("active-node", vmm.active_node, _REGISTRATION | _CLOUDS, otherwise="info"),
    Requirement("vmm-version", vmm.vmm_version, concerns=CHANGES),
    Requirement("vmm-id", vmm.vmm_id, concerns=frozenset(("register",))),
    Requirement("vmm-service", vmm.vmm_service, _CLOUDS | frozenset(("register",))),
    Requirement("vmm-answers", vmm.vmm_answers, _REGISTRATION | _CLOUDS | frozenset(("interrupt_jobs",))),
    Requirement("provider-folder", vmm.provider_folder, _PROVIDER),
    Requirement("cluster", vmm.cluster, frozenset(("install", "start_service", "change_proxy", "restart_service"))),
    *_HOST,
    Requirement("vault", vmm.vault, _REGISTRATION),
    Requirement("provider", vmm.provider, _REGISTRATION),
    Requirement("provider-upgrade", vmm.provider_upgrade, _INSTALL),
    Requirement("vmm-jobs", vmm.vmm_jobs, frozenset(("interrupt_jobs",))),
    Requirement("stale-registration", vmm.stale_registration, frozenset(("clean_up",))),
    Requirement(
        "data-encryption",
        vmm.data_encryption,
        frozenset(("register", "change_proxy", "restart_service", "clean_up", "remove_key")),
    ),
    Requirement("proxy", vmm.proxy),
    Requirement("proxy-reset", vmm.proxy_reset, frozenset(("change_proxy",))),
    Requirement("proxy-login", vmm.proxy_login, frozenset(("change_proxy",))),
    Requirement("run-as-account", vmm.run_as_account, frozenset(("register", "change_proxy"))),
    Requirement("vm-networks", vmm.vm_networks),
    Requirement("cloud-flag", clouds.cloud_flag, _CLOUDS),
    Requirement("cloud-ambiguous", clouds.cloud_ambiguous, _CLOUDS),
    Requirement("cloud-unknown", clouds.cloud_unknown, _CLOUDS),
    Requirement("cloud-flag-hidden", clouds.cloud_flag_hidden),
    Requirement("cloud-hosts", clouds.cloud_hosts),
    Requirement("cloud-host-state", clouds.cloud_host_state),
    Requirement("capability", clouds.capability),
)
_HYPERV_HOST: Final = (
    _SESSION,
    Requirement("backup", hyperv.backup, _AGENT | _AGENT_PROXY),
    Requirement("own-registration", hyperv.own_registration),
    Requirement("hyperv", hyperv.hyperv, concerns=CHANGES),
    Requirement("failover-cluster", hyperv.failover_cluster),
    Requirement("switch-names", hyperv.switch_names, concerns=CHANGES),
    Requirement("vms", hyperv.virtual_machines),
    *_HOST,
    Requirement("hotfix", hyperv.hotfix),
    Requirement("agent-folder", hyperv.agent_folder, _AGENT),
    Requirement("install-drive", hyperv.install_drive, _INSTALL),
    Requirement("cache", hyperv.cache, _INSTALL),
    Requirement("space", hyperv.space, concerns=_INSTALL),
    Requirement("agent", hyperv.agent, _AGENT_PROXY),
    Requirement("agent-service", hyperv.agent_service, frozenset(("start_service",))),
    Requirement("agent-upgrade", hyperv.agent_upgrade, _INSTALL),
    Requirement("agent-proxy", hyperv.agent_proxy, _AGENT_PROXY),
    Requirement("proxy-bypass", hyperv.proxy_bypass, _AGENT_PROXY),
    Requirement("proxy-login", hyperv.agent_proxy_login, frozenset(("change_proxy",))),
)
#: The requirements on each kind of machine, in the order in which plans report them.
REQUIREMENTS: Final = {VMM_SERVER: _VMM_SERVER, HYPERV_HOST: _HYPERV_HOST}


def required_ids(kind: str, operations: Operations) -> frozenset[str]:
    """Return the ids of the requirements that can block one of the operations."""
    return frozenset(row.id for row in REQUIREMENTS[kind] if row.blocks & operations)


def evaluate(context: Context, ids: Iterable[str] | None = None) -> tuple[Check, ...]:
    """Evaluate the requirements of the context's kind of machine, all of them or those with one of the ids."""
    wanted = None if ids is None else frozenset(ids)
    rows = [row for row in REQUIREMENTS[context.kind] if wanted is None or row.id in wanted]
    if context.machine.constrained:
        rows = [row for row in rows if row is _SESSION]
    return tuple(check for row in rows if (check := row.check(context)) is not None)


def require_for(kind: str, machine: MachineFacts, expected: Expectation, operations: Operations) -> None:
    """Raise Refused with the id of the first requirement that blocks one of the operations."""
    ids = required_ids(kind, operations)
    require(evaluate(Context(kind, machine, expected, operations), ids), ids)
