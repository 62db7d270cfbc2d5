# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: requirements on the PowerShell sessions of a machine: language mode and execution policy.

An application control policy (App Control for Business, formerly WDAC, or AppLocker) gives every session the language
mode ConstrainedLanguage, in which scripts cannot call .NET. An execution policy of Group Policy outranks that of a
session. It does not stop the scripts of this collection, which are not files. It stops modules with files that it does
not allow (about_Language_Modes, about_Execution_Policies).
"""

from __future__ import annotations

from ..common.check import Check
from .host_facts import RUNNING
from .requirement_context import Context

FULL_LANGUAGE = "FullLanguage"
LANGUAGE_MODE = "language-mode"
#: Policies under which a module loads only if its files are signed by a trusted publisher, or not at all.
_STRICT = ("AllSigned", "Restricted")


def language_reason(mode: str) -> str:
    """Describe why no script can run in a language mode."""
    return (
        f"PowerShell runs in language mode {mode}, in which no script can call .NET; an application control policy"
        " (App Control for Business, WDAC or AppLocker) sets it"
    )


LANGUAGE_FIX = (
    "exempt the machine or the connecting account from the policy for the time of the setup; check it there with"
    " $ExecutionContext.SessionState.LanguageMode, which must be FullLanguage"
)


def language_mode(context: Context) -> Check | None:
    """Check that scripts can call .NET. Otherwise nothing else of the machine can be read."""
    mode = context.machine.language_mode
    if mode is None:
        return None
    if mode == FULL_LANGUAGE:
        return Check.passed(LANGUAGE_MODE, context.machine_step, "PowerShell runs in language mode FullLanguage")
    return Check.failed(LANGUAGE_MODE, context.machine_step, language_reason(mode), LANGUAGE_FIX)


def execution_policy(context: Context) -> Check | None:
    """Warn of an execution policy that can stop the modules of VMM and of the agent.

    A module that this observation has loaded proves that the policy allows it.
    """
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    policies = [
        f"{name} {policy}"
        for name, policy in (("MachinePolicy", host.machine_policy), ("UserPolicy", host.user_policy))
        if policy is not None
    ]
    # The policy of the machine outranks that of the user.
    effective = host.machine_policy or host.user_policy
    if effective not in _STRICT:
        shown = (
            f"the execution policy of Group Policy is {', '.join(policies)}"
            if policies
            else "no Group Policy sets an execution policy"
        )
        return Check.passed("execution-policy", step, f"{shown}; it allows PowerShell modules")
    described = f"a Group Policy sets the execution policy ({', '.join(policies)})"
    if _module_loaded(context):
        return Check.passed("execution-policy", step, f"{described}; the PowerShell module of the product loads")
    return Check.warning(
        "execution-policy",
        step,
        f"{described}, which can stop the PowerShell modules of VMM and of the agent",
        "set the policy to RemoteSigned, or trust the publisher of their files",
    )


#: Accounts to which every connecting user belongs: Everyone, Authenticated Users, Administrators.
_EVERY_USER = ("s-1-1-0", "s-1-5-11", "s-1-5-32-544")


def batch_logon(context: Context) -> Check | None:
    """Warn of a Group Policy that denies the logon as a batch job, with which setup runs as a scheduled task.

    The members of other groups are not known here, so a policy that names them proves nothing.
    """
    host, step = context.machine.host, context.machine_step
    if host is None:
        return None
    policy, right = host.batch_logon, "the right 'Log on as a batch job'"
    if policy is None or (policy.granted is None and policy.denied is None):
        return Check.unknown("batch-logon", step, f"no Group Policy shows whether it sets {right}", severity="info")
    own = (host.account.casefold(), *_EVERY_USER)
    if any(_account(each) in own for each in policy.denied or ()):
        return Check.warning(
            "batch-logon",
            step,
            f"a Group Policy denies {host.account} {right}, and setup runs as a scheduled task of this user",
            "exempt the user from the policy, or connect as another administrator",
        )
    denied = f"a Group Policy denies {right} to {', '.join(policy.denied)}" if policy.denied else ""
    granted = ""
    if policy.granted is not None and not any(_account(each) in own for each in policy.granted):
        granted = f"a Group Policy grants {right} only to {', '.join(policy.granted) or 'nobody'}"
    if not denied and not granted:
        return Check.passed("batch-logon", step, f"Group Policy leaves {host.account} {right}")
    return Check.unknown(
        "batch-logon",
        step,
        f"{'; '.join(filter(None, (denied, granted)))}; whether {host.account} is a member is not known",
        severity="info",
    )


def _account(entry: str) -> str:
    """Return an account of a policy in a comparable form. Policies write an asterisk before a SID."""
    return entry.removeprefix("*").casefold()


def _module_loaded(context: Context) -> bool:
    """Tell whether the product's own module was loaded on the machine."""
    vmm, agent = context.machine.vmm, context.machine.agent
    if vmm is not None:
        return vmm.clouds is not None
    return agent is not None and agent.service == RUNNING and agent.proxy_known


def unread(context: Context) -> Check | None:
    """Warn of readings that failed. Facts that depend on them are unknown."""
    found = context.machine.unread
    if not found:
        return None
    return Check.unknown(
        "unread",
        context.machine_step,
        "readings that failed, so the facts behind them are unknown: "
        + "; ".join(f"{each.name} ({each.reason})" for each in found),
        "check the value or the program on the machine",
        severity="warning",
    )
