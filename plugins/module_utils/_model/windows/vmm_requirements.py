# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: requirements on a VMM server: VMM, its cluster, the Provider and the registration."""

from __future__ import annotations

from dataclasses import replace

from ..common.check import Check
from ..common.names import same_login, same_name
from ..common.provider_releases import MOST_ROLLUPS, next_step, too_far
from ..common.provider_support import by_table
from ..common.versions import numbers
from . import proxy as proxies
from .host_facts import RUNNING, describe_system_proxy
from .operations import is_clustered, provider_setup
from .proxy import CUSTOM, DIRECT, SYSTEM, Proxy, ProxyFacts
from .removal import CLEANUP_SCRIPT
from .requirement_context import Context
from .vmm_facts import UNREGISTERED, RegistrationFacts, VmmFacts
from .vmm_jobs import IGNORE, WAIT, describe_jobs

#: The step of the setup guide for each way to connect.
MODE_STEPS = {DIRECT: "P6a", SYSTEM: "P6b", CUSTOM: "P6c"}
_OLDEST_VMM = (3, 2, 7510)
#: Releases of VMM by the first numbers of the version.
_VMM_RELEASES: dict[tuple[int, ...], str] = {
    (3, 2): "2012 R2",
    (4, 0): "2016",
    (10, 19): "2019",
    (10, 22): "2022",
    (10, 25): "2025",
}


def vmm(context: Context) -> Check:
    """Check that the machine is a VMM server."""
    if context.machine.vmm is not None:
        return Check.passed("vmm", "S1", "this machine is a VMM server")
    return Check.failed(
        "vmm", "S1", "this machine is not a VMM server", "use the VMM server itself; its console is not enough"
    )


def vmm_version(context: Context) -> Check | None:
    """Check the release of VMM."""
    facts = context.machine.vmm
    if facts is None:
        return None
    if not facts.product_version:
        return Check.failed(
            "vmm-version", "S1", "the registry does not have VMM's version", "repair the installation of VMM"
        )
    version = numbers(facts.product_version)
    if version < _OLDEST_VMM:
        return Check.failed(
            "vmm-version",
            "S1",
            f"VMM {facts.product_version} is older than 2012 R2, which the Provider requires",
            "upgrade VMM",
        )
    release = _VMM_RELEASES.get(version[:2])
    if release is None:
        return Check.warning(
            "vmm-version",
            "S1",
            f"VMM {facts.product_version} is not a release that this collection knows",
            "look it up in the support matrix",
        )
    return Check.passed("vmm-version", "S1", f"VMM {release} ({facts.product_version})")


def vmm_id(context: Context) -> Check | None:
    """Check that the registry has the id of the VMM server."""
    facts = context.machine.vmm
    if facts is None:
        return None
    if facts.vmm_id:
        return Check.passed("vmm-id", "S1", f"the id of the VMM server is {facts.vmm_id}")
    return Check.failed(
        "vmm-id",
        "S1",
        "VmmID is blank in VMM's registry key, so registration would fail",
        "restore it from VMM's database as KB3139299 describes",
    )


def vmm_service(context: Context) -> Check | None:
    """Check that the VMM service runs, which a registration and the work on clouds need."""
    facts = context.machine.vmm
    if facts is None:
        return None
    if facts.service == RUNNING:
        return Check.passed("vmm-service", "S1", "the VMM service is running")
    if not facts.active:
        return Check.passed("vmm-service", "S1", f"the VMM service runs on node {facts.elsewhere}")
    message = f"the VMM service (SCVMMService) is {facts.service or 'missing'}, so clouds and jobs cannot be read"
    if context.expected.planned:
        return Check.warning("vmm-service", "S1", message, "start it")
    return Check.failed("vmm-service", "S1", message, "start it, then run again")


def vmm_answers(context: Context) -> Check | None:
    """Check that VMM answers on a machine where its service runs."""
    facts = context.machine.vmm
    if facts is None or facts.service != RUNNING or not facts.active:
        return None
    if facts.connection_error is None:
        return Check.passed("vmm-answers", "S2", "VMM answers")
    if not facts.may_connect:
        return Check.failed(
            "vmm-answers",
            "S2",
            f"the connecting user is not a VMM administrator ({facts.connection_error})",
            "add the user to the role Administrator of VMM",
        )
    return Check.failed(
        "vmm-answers",
        "S2",
        f"the VMM service runs, but {facts.connection_error}",
        "check VMM's event log, its console port and the name of its cluster role",
    )


def vmm_jobs(context: Context) -> Check | None:
    """Check that no job runs that an operation would interrupt."""
    facts = context.machine.vmm
    if facts is None:
        return None
    if not facts.active:
        return Check.passed("vmm-jobs", "P1", "VMM jobs run on the node that owns the cluster role")
    if facts.connection_error is not None:
        return Check.unknown("vmm-jobs", "P1", "running jobs cannot be counted, because VMM does not answer")
    if facts.running_jobs is None:
        return Check.unknown("vmm-jobs", "P1", "running jobs cannot be counted while the VMM service does not run")
    if not facts.running_jobs:
        return Check.passed("vmm-jobs", "P1", "no VMM job is running")
    jobs, choice = describe_jobs(facts.running_jobs), context.expected.running_jobs
    if "interrupt_jobs" not in context.operations:
        return Check.passed("vmm-jobs", "P1", f"{jobs}, and no operation stops the VMM service")
    message = f"{jobs}, which a stop of the VMM service would interrupt"
    if choice == WAIT:
        return Check.warning("vmm-jobs", "P1", message, "the run waits for their end before it stops the service")
    if choice == IGNORE:
        return Check.warning("vmm-jobs", "P1", message, "the run stops the service nevertheless")
    return Check.failed(
        "vmm-jobs", "P1", message, "wait until no job runs, then run again, or set O(running_jobs) to wait or ignore"
    )


def provider(context: Context) -> Check:
    """Check the installed Provider. An earlier step of a run may still install it."""
    facts, planned = context.machine.provider, context.expected.planned
    fix = "install the Provider first (siterecovery.hyperv.provider)"
    if facts is None:
        message = "the Site Recovery Provider is not installed"
        return Check.passed("provider", "P1", message) if planned else Check.failed("provider", "P1", message, fix)
    if not facts.complete:
        message = "the Site Recovery Provider is installed incompletely"
        if planned:
            return Check.warning("provider", "P1", message, "the module provider installs it again")
        return Check.failed("provider", "P1", message, fix)
    status, reason = by_table(facts.version)
    if status in ("supported", "unknown"):
        return Check.passed("provider", "P1", f"Provider {facts.version}")
    return Check.warning("provider", "P1", f"Provider {facts.version} is outdated: {reason}", "upgrade it")


def provider_upgrade(context: Context) -> Check | None:
    """Check that an upgrade is supported: Microsoft supports upgrades over four update rollups (N-4)."""
    facts, version = context.machine.provider, context.expected.version
    if facts is None or facts.version is None or version is None:
        return None
    if provider_setup(facts, version) is None:
        return Check.passed("provider-upgrade", "P1", f"Provider {facts.version} needs no upgrade")
    if not too_far(facts.version, version):
        return Check.passed("provider-upgrade", "P1", f"Provider {facts.version} can be upgraded directly to {version}")
    return unsupported_upgrade(
        Check.failed(
            "provider-upgrade",
            "P1",
            f"version {version} is more than {MOST_ROLLUPS} update rollups newer than the installed {facts.version},"
            " which is not a supported upgrade",
            f"upgrade to {next_step(facts.version)} first",
        ),
        context,
    )


def unsupported_upgrade(refusal: Check, context: Context) -> Check:
    """Return the refusal of an upgrade that Microsoft does not support, or a warning if the user allows it."""
    if context.expected.unsupported_upgrade:
        return Check.warning(
            refusal.id,
            refusal.step,
            f"{refusal.message}; O(allow_unsupported_upgrade) allows it, so Microsoft may not help if it fails",
        )
    return replace(refusal, fix=f"{refusal.fix}, or set O(allow_unsupported_upgrade)")


def provider_folder(context: Context) -> Check | None:
    """Check a requested folder. The setup of the Provider has no option for it and always installs next to VMM."""
    facts, provider_facts, requested = context.machine.vmm, context.machine.provider, context.expected.install_path
    if facts is None or requested is None:
        return None
    if provider_facts is not None and provider_facts.configurator_path is not None:
        actual = provider_facts.configurator_path.rpartition("\\")[0]
    elif facts.install_path is not None:
        actual = facts.install_path.rstrip("\\") + "\\bin"
    else:
        return None
    if actual.casefold() == requested.casefold():
        return Check.passed("provider-folder", "P3", f"the folder of the Provider is {actual}")
    return Check.failed(
        "provider-folder",
        "P3",
        f"setup always installs the Provider next to VMM, in {actual}, and not in {requested}",
        f"remove O(install_path), or set it to {actual}",
    )


def cluster(context: Context) -> Check | None:
    """Check that the service of a highly available VMM can be stopped and started through its cluster."""
    facts = context.machine.vmm
    if facts is None or not facts.ha_name:
        return None
    role = f"VMM is highly available (cluster role {facts.ha_name})"
    if not is_clustered(facts):
        problem, fix = _cluster_problem(facts)
        return Check.failed(
            "cluster", "P1", f"{role}, and its service cannot be managed through the cluster: {problem}", fix
        )
    observed = facts.cluster
    if observed is not None and observed.down:
        verb = "is" if len(observed.down) == 1 else "are"
        return Check.warning(
            "cluster",
            "P1",
            f"{role}, and {', '.join(observed.down)} {verb} down",
            "install the same Provider there before the role moves to that node",
        )
    owner = f", owned by {observed.owner_node}" if observed is not None else ""
    return Check.passed("cluster", "P1", f"{role}{owner}")


def _cluster_problem(facts: VmmFacts) -> tuple[str, str]:
    """Return why the cluster cannot be used, and the fix."""
    observed = facts.cluster
    if observed is None:
        return "this machine has no cluster service", "use a node of the cluster"
    if observed.service != RUNNING:
        return f"the cluster service of this node is {observed.service}", "start ClusSvc, then run again"
    if observed.nodes is None:
        return "the cluster cmdlets are missing", "add the Windows feature RSAT-Clustering-PowerShell, then run again"
    return (
        "there is not exactly one cluster resource that runs SCVMMService",
        "check the cluster roles in Failover Cluster Manager",
    )


def active_node(context: Context) -> Check | None:
    """Check that this node owns the cluster role. Registration and clouds are managed there only."""
    facts = context.machine.vmm
    if facts is None or facts.cluster is None:
        return None
    if facts.active:
        return Check.passed(
            "active-node", "P4", f"node {facts.cluster.node} does the work of cluster role {facts.ha_name}"
        )
    return Check.failed(
        "active-node",
        "P4",
        f"registration and clouds of a highly available VMM are managed on the node that owns its cluster role"
        f" {facts.ha_name}, which is {facts.elsewhere} and not {facts.cluster.node}",
        "run there, or move the role here first (Move-ClusterGroup)",
    )


def vault(context: Context) -> Check | None:
    """Check that the server is not registered in another vault, which is never changed."""
    facts, desired = context.machine.registration, context.expected.vault
    if facts is None:
        return None
    if facts.vault_name is None:
        return Check.passed("vault", "P5", "the server is not registered in a vault")
    if desired is None or same_name(facts.vault_name, desired.name):
        return Check.passed("vault", "P5", f"the server is registered in vault {facts.vault_name}")
    return Check.failed(
        "vault",
        "P5",
        f"the server is registered in vault {facts.vault_name}, not in {desired.name}; a VMM server belongs to one"
        " vault",
        f"unregister it from {facts.vault_name} first, or use that vault",
    )


def data_encryption(context: Context) -> Check | None:
    """Check that the registration does not use the retired data encryption. A change could make data unreadable."""
    facts = context.machine.registration
    if facts is None:
        return None
    if not facts.encryption:
        return Check.passed("data-encryption", "P7", "the registration does not use the retired data encryption")
    return Check.failed(
        "data-encryption",
        "P7",
        "the registration uses data encryption (EncryptionEnabled), which was retired on 2022-04-30; encrypted machines"
        " cannot fail over, and a change could make their data unreadable",
        "stop their protection, use a policy without encryption, unregister the server, then run again",
    )


def proxy(context: Context) -> Check | None:
    """Report how the Provider is going to connect."""
    machine, mode = context.machine, context.expected.mode
    if machine.registration is None:
        return None
    step, desired = MODE_STEPS[mode], context.expected.proxy
    observed = machine.host.system_proxy if machine.host else None
    uses_proxy = observed is not None and observed.used
    described = describe_system_proxy(observed)
    if mode == CUSTOM:
        requested = proxies.describe(desired.facts if desired else None)
        return Check.passed("proxy", step, f"requested: {requested}")
    if mode == SYSTEM:
        message = f"{described} (not verified on a live system)"
        if uses_proxy:
            return Check.passed("proxy", step, message)
        return Check.warning("proxy", step, message, "check the proxy settings of that account")
    if uses_proxy:
        return Check.warning(
            "proxy",
            step,
            f"direct connection, but {described}",
            "set O(proxy.mode) to system or custom if it is needed",
        )
    return Check.passed("proxy", step, f"direct connection; {described}")


def proxy_reset(context: Context) -> Check | None:
    """Check that a custom proxy can be removed: the server is registered again, under a name that Azure confirms."""
    facts, expected = _registered(context), context.expected
    if facts is None or facts.proxy is None or expected.proxy is None or expected.mode == CUSTOM:
        return None
    step = MODE_STEPS[expected.mode]
    message = (
        f"the Provider uses {proxies.describe(facts.proxy)}, and returns to {expected.mode} only when the server is"
        " registered again under a name that Azure confirms"
    )
    if expected.azure_confirms:
        return Check.passed("proxy-reset", step, message)
    if expected.azure_open:
        return Check.unknown("proxy-reset", step, message)
    return Check.failed("proxy-reset", step, message, "set O(azure_registration), or keep the custom proxy")


def proxy_login(context: Context) -> Check | None:
    """Check that a change keeps the stored login of the Provider's proxy."""
    facts, desired = _registered(context), context.expected.proxy
    if facts is None or facts.proxy is None or desired is None:
        return None
    return login_check(facts.proxy, desired, "P6e")


def login_check(stored: ProxyFacts | None, desired: Proxy, step: str) -> Check | None:
    """Return the check of a stored proxy login that a change would remove."""
    if stored is None or not stored.username:
        return None
    if not proxies.loses_login(stored, desired):
        return Check.passed("proxy-login", step, proxies.describe_login(stored.username, desired))
    return Check.failed(
        "proxy-login",
        step,
        f"the stored proxy uses the login {stored.username}, whose password cannot be read back",
        "set O(proxy.username) and O(proxy.password)",
    )


def run_as_account(context: Context) -> Check | None:
    """Check that storing the login of a proxy does not replace the login of an account of an administrator."""
    facts, desired = context.machine.registration, context.expected.proxy
    if facts is None or facts.run_as_user is None or desired is None or not desired.username:
        return None
    stored = facts.proxy.username if facts.vault_name is not None and facts.proxy is not None else None
    if any(login and same_login(facts.run_as_user, login) for login in (desired.username, stored)):
        return Check.passed("run-as-account", "P6e", f"the Run As account {facts.run_as_account} is the Provider's")
    message = f"VMM has a Run As account {facts.run_as_account} with the login {facts.run_as_user}"
    if context.expected.always_password:
        return Check.warning("run-as-account", "P6e", f"{message}, which registration replaces")
    return Check.failed(
        "run-as-account",
        "P6e",
        f"{message}, whose password would be lost: registration stores the login of the proxy in that account",
        "rename that account in VMM, or set O(update_password) to always to replace its login",
    )


def stale_registration(context: Context) -> Check | None:
    """Check that a stale registration can be removed. Cluster checkpoints would restore its registry keys."""
    facts = context.machine.vmm
    reason = why_keys_return(facts)
    if reason is None or "clean_up" not in context.operations:
        return None
    return Check.failed(
        "stale-registration",
        "P4",
        reason,
        f"set O(remove_stale_registration) to false and use {CLEANUP_SCRIPT}",
    )


def why_keys_return(facts: VmmFacts | None) -> str | None:
    """Return why registry keys of a registration cannot be removed, or None if they can."""
    if facts is None or not facts.ha_name:
        return None
    return (
        f"VMM is highly available (cluster role {facts.ha_name}), and its cluster checkpoints would restore the"
        " registry keys of the stale registration"
    )


def vm_networks(context: Context) -> Check | None:
    """Check that a VM network can be mapped."""
    networks = context.machine.vmm.networks if context.machine.vmm else None
    if networks is None:
        return None
    linked = [name for name, logical in networks.items() if logical]
    if linked:
        return Check.passed("vm-networks", "S2", f"VM networks on a logical network: {', '.join(linked)}")
    return Check.warning(
        "vm-networks",
        "S2",
        "no VM network is bound to a logical network, so no network can be mapped",
        "create a VM network on a logical network",
    )


def _registered(context: Context) -> RegistrationFacts | None:
    """Return the registration of a server whose proxy can be changed: one that is not going to be registered first."""
    facts = context.machine.registration or UNREGISTERED
    return None if facts.vault_name is None or "register" in context.operations else facts
