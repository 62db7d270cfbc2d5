# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DRConfigurator.exe: registers a VMM server (/r) or changes the Provider's proxy (/configure).

Parameters are documented (Azure documentation, "site-recovery-vmm-to-azure-classic" and Hyper-V to Azure tutorial;
/configure from the DSC module xASR). Exit codes, the values in the registry and the refusals are inferred from
Microsoft's public configuration-server setup source (host/ASRSetup, host/configtool DRRegister).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ...context import CloudFacts, RegistrationRefused, VmmServerFacts, VmNetworkFacts, digest
from .. import layout
from ..machine import Machine
from ..state import StoreCertificate
from ..vmm import Registration, RunAsAccount, Vmm
from .commandline import Invocation
from .internet import ProxySettings, check_connectivity, check_form
from .key_file import VaultKey, read_key
from .outcome import BAD_COMMAND_LINE, OTHER_VAULT, SUCCESS, Refusal

_VALUED = (
    "/credentials",
    "/friendlyname",
    "/proxyaddress",
    "/proxyport",
    "/proxyusername",
    "/proxypassword",
    "/addbypassurls",
    "/logfilename",
)
_SIGN_IN = "login.microsoftonline.com"


@dataclass(frozen=True, slots=True)
class Options:
    """A parsed command line; the names of switches ignore case."""

    action: str
    values: dict[str, str]

    def get(self, name: str) -> str | None:
        return self.values.get(name) or None


def parse(words: list[str]) -> Options:
    """Parse a command line. Raises Refusal for undocumented switches, such as the retired one for data encryption."""
    action = ""
    values: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name = word.lower()
        if name in {"/r", "/configure"} and not action:
            action = name
        elif name in _VALUED:
            value = next(rest, None)
            if value is None:
                raise Refusal(f"The parameter {word} has no value.", BAD_COMMAND_LINE)
            values[name] = value
        else:
            raise Refusal(f"The parameter {word} is not known.", BAD_COMMAND_LINE)
    if not action:
        raise Refusal("The action is missing: use /r or /configure.", BAD_COMMAND_LINE)
    return Options(action, values)


def run(machine: Machine, invocation: Invocation) -> int:
    try:
        options = parse(invocation.arguments)
        lines = _register(machine, options, invocation) if options.action == "/r" else _configure(machine, options)
        code = SUCCESS
        if machine.fault_at("DRConfigurator.exe leaves VMM stopped") is not None:
            # inferred: registration stops VMM and can fail to start it again (resource FailedToStartVmmService of the
            # public setup source).
            machine.take_down(layout.VMM_SERVICE)
            raise Refusal("The Virtual Machine Manager service could not be started.", key="FailedToStartVmmService")
    except Refusal as refusal:
        lines, code = [str(refusal)], refusal.exit_code
    machine.log_lines(layout.SETUP_LOGS, "DRASetupWizard", [f"DRConfigurator.exe: {line}" for line in lines])
    return code


# ---- registration ----


def _register(machine: Machine, options: Options, invocation: Invocation) -> list[str]:
    path, name = options.get("/credentials"), options.get("/friendlyname")
    if path is None or name is None:
        raise Refusal("/Credentials and /FriendlyName are needed to register.", BAD_COMMAND_LINE)
    vmm = _vmm(machine)
    if not path.lower().endswith(".vaultcredentials"):
        raise Refusal("The registration key file must have the extension .VaultCredentials.")
    file = machine.files.find(path)
    if file is None or file.content is None:
        raise Refusal(f"The registration key file {path} was not found.")
    key = read_key(file.content, machine.now())
    _refuse_other_vault(machine, vmm, key)
    settings = _proxy_settings(options)
    if settings is not None:
        check_form(settings)
    # Recorded: azure-docs issue 30342 shows the addresses of the key in the program's requests.
    for host in (urlsplit(address).hostname or _SIGN_IN for address in (key.aad_authority, key.management_endpoint)):
        check_connectivity(machine, host, settings)
    machine.sleep(machine.context.delays.provider_register)
    _ask_vault(machine, vmm, key, name, invocation.file.version or "")
    _write_proxy(machine, vmm, settings, options.values.get("/addbypassurls"), default=True)
    _write_registration(machine, vmm, key, name)
    return [f"The server {name} was registered in the vault {key.vault_name}."]


def _vmm(machine: Machine) -> Vmm:
    vmm = machine.vmm
    if machine.cluster is not None and not machine.cluster.owns(machine):
        # Inferred: the text; that setup refuses it is in its public resources.
        raise Refusal(
            "The server cannot be registered from a secondary node of the cluster. Register it on the active node.",
            key="ScvmmNoRegistrationOnSecondaryNode",
        )
    if vmm is None or not machine.is_running(layout.VMM_SERVICE):
        raise Refusal("The Virtual Machine Manager service does not run on this server.")
    # Inferred: as setup of the Provider does.
    if machine.remote_database and not machine.has_network_credentials:
        raise Refusal("Login failed for user 'NT AUTHORITY\\ANONYMOUS LOGON'.")
    if machine.registry.text(layout.VMM_SETUP_KEY, "VmmID") is None:
        # Documented in KB3139299: registration ends with an internal error when VmmID is blank.
        raise Refusal(
            "Internal error: the installation is incomplete, the id of the VMM server is missing.",
            key="DraIdEmptyError",
        )
    return vmm


def _refuse_other_vault(machine: Machine, vmm: Vmm, key: VaultKey) -> None:
    """Refuse a second vault (KB3093574). A server may register again in the same vault."""
    name = machine.registry.text(layout.REGISTRATION_KEY, "ResourceName") or machine.registry.text(
        layout.ADAPTER_KEY + r"\Registration", "ResourceName"
    )
    if name is None:
        return
    same_name = name.lower() == key.vault_name.lower()
    same_id = vmm.registration is None or vmm.registration.vault_id.lower() == key.vault_id.lower()
    if not (same_name and same_id):
        raise Refusal(f"The server is already registered in the vault {name}.", OTHER_VAULT, key="ReRegistrationError")


def _ask_vault(machine: Machine, vmm: Vmm, key: VaultKey, name: str, version: str) -> None:
    clouds = tuple(CloudFacts(cloud.id, cloud.name) for cloud in vmm.clouds if cloud.published)
    # Documented: a VM network without a logical network is not listed.
    networks = tuple(
        VmNetworkFacts(each.id, each.name, subnets=each.subnets) for each in vmm.networks if each.logical_network
    )
    facts = VmmServerFacts(vmm.vmm_id, machine.fqdn, name, version, vmm.version, clouds, networks)
    try:
        machine.context.azure.register_vmm_server(key.thumbprint, key.resource_id, facts)
    except RegistrationRefused as exc:
        raise Refusal(f"The vault refused the registration: {exc.code}: {exc.message}") from exc


def _write_registration(machine: Machine, vmm: Vmm, key: VaultKey, name: str) -> None:
    endpoint = urlsplit(key.management_endpoint).hostname or ""
    pod, _dot, rest = endpoint.partition(".")
    geo = rest.split(".", 1)[0] or key.location
    control = f"https://{pod.split('-', 1)[0] or 'pod01'}-{{}}.{geo}.hypervrecoverymanager.windowsazure.com/"
    machine.set_value(layout.REGISTRATION_KEY, "ResourceName", key.vault_name)
    machine.set_value(layout.REGISTRATION_KEY, "SRSUri", control.format("srs1"))
    machine.set_value(layout.REGISTRATION_KEY, "AADAuthority", key.aad_authority)
    machine.set_value(layout.REGISTRATION_KEY, "IdmgmtSVCEndpoint", key.management_endpoint)
    machine.set_value(layout.REGISTRATION_KEY, "ProtectionServiceSVCEndpoint", control.format("prot1"))
    machine.set_value(layout.REGISTRATION_KEY, "TelemetryServiceSVCEndpoint", control.format("telem1"))
    vmm.registration = Registration(key.vault_id, name, key.thumbprint)
    fresh = StoreCertificate(key.thumbprint, key.subject, layout.CERTIFICATE_NAME, key.not_after)
    machine.certificates = [
        *(known for known in machine.certificates if not known.friendly_name.startswith(layout.CERTIFICATE_NAME)),
        fresh,
    ]
    machine.note("certificate.add", store="LocalMachine\\My", friendly_name=fresh.friendly_name)


# ---- proxy ----


def _proxy_settings(options: Options) -> ProxySettings | None:
    address = options.get("/proxyaddress")
    if address is None:
        if any(options.get(name) for name in ("/proxyport", "/proxyusername", "/proxypassword")):
            raise Refusal("/proxyAddress is missing.", BAD_COMMAND_LINE)
        return None
    port = options.get("/proxyport") or ""
    if not port.isdigit():
        raise Refusal("/proxyport is missing or not a number.", BAD_COMMAND_LINE)
    return ProxySettings(address, int(port), options.get("/proxyusername"), options.get("/proxypassword"))


def _configure(machine: Machine, options: Options) -> list[str]:
    """Change the proxy. Inferred: it also tests the connection, as setup does on its proxy page."""
    # Inferred: an empty list clears the stored one.
    settings, bypass = _proxy_settings(options), options.values.get("/addbypassurls")
    if settings is None and bypass is None:
        raise Refusal("/configure needs proxy parameters or /AddBypassUrls.", BAD_COMMAND_LINE)
    vmm = _vmm(machine)
    if settings is not None:
        check_form(settings)
        check_connectivity(machine, _SIGN_IN, settings)
    _write_proxy(machine, vmm, settings, bypass, default=False)
    return ["The proxy settings were changed."]


def _write_proxy(
    machine: Machine, vmm: Vmm, settings: ProxySettings | None, bypass: str | None, *, default: bool
) -> None:
    """Write ProxySettings in the registry, and VMM's Run As account for the login (documented)."""
    key = layout.PROXY_KEY
    if settings is not None:
        machine.set_value(key, "BypassDefault", 0)
        machine.set_value(key, "ProxyAddress", settings.address)
        machine.set_value(key, "ProxyPort", str(settings.port))
        machine.set_value(key, "ProxyUserName", settings.username or "")
        machine.set_value(key, "ProxyPassword", f"encrypted:{digest(settings.password)}" if settings.password else "")
        if settings.username is not None and settings.password is not None:
            _keep_login(machine, vmm, settings.username, settings.password)
    elif default:
        machine.remove_key(key)
        machine.set_value(key, "BypassDefault", 1)
    if bypass is not None:
        machine.set_value(key, "ProxyBypassUrls", bypass)


def _keep_login(machine: Machine, vmm: Vmm, username: str, password: str) -> None:
    known = vmm.run_as_account(layout.PROXY_ACCOUNT)
    if known is not None:
        machine.set_run_as(known.name, username, password)
        return
    account = RunAsAccount(f"{vmm.vmm_id[:-4]}d0a1", layout.PROXY_ACCOUNT, username, digest(password))
    vmm.run_as.append(account)
    machine.note("vmm.run_as", account=account.name, username=username, password=account.password_digest)
