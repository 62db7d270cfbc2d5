# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory of the Hyper-V hosts that System Center VMM manages."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vmm
short_description: Read Hyper-V hosts and groups from System Center VMM
version_added: 0.1.0
author:
  - siterecovery.hyperv contributors (@siterecovery)
description:
  - Reads clouds, host groups, clusters and hosts of one or more VMM servers. One remote execution per server reads
    everything, however many hosts there are.
  - Uses the Windows connection of the inventory (C(winrm), C(psrp) or C(ssh)), with Kerberos, NTLM or Basic. A server
    that an earlier inventory source lists keeps all of its variables, including those in C(group_vars) and
    C(host_vars).
  - Controllers that cannot connect to VMM read export files instead. The module
    M(siterecovery.hyperv.vmm_fabric_info) writes them.
  - Every host gets the dictionary C(vmm_host) with the keys C(fqdn), C(id), C(vmm_servers), C(host_group) (path),
    C(cluster), C(state), C(communication_state), C(maintenance), C(vmm_agent_version), C(operating_system), C(clouds),
    C(synchronized_clouds), C(protected), C(covered) and C(uncovered_reason).
  - Every host of a chosen cloud is in O(hosts_group), and every VMM server in O(servers_group). More groups are those
    of O(group_by), and C(vmm_maintenance), C(vmm_not_protected) and C(vmm_not_covered).
  - A host is protected if it serves a chosen cloud whose metadata VMM sends to the vault. It is covered if
    the playbooks install the Recovery Services agent on it, see O(agents). V(null) means that the data does not tell.
  - Hosts of other virtualization platforms are left out.
notes:
  - The name of the configuration file must end in C(vmm.yml) or C(vmm.yaml).
  - Inventory sources are read in alphabetical order within a folder, and in the order of C(-i) otherwise. Sources that
    describe VMM servers must come first.
  - Ansible continues without the hosts of a source that fails. Set C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true) to
    stop instead. AWX does so by itself.
  - An inventory update of AWX does not pass extra variables or machine credentials to plugins. Use a credential type
    that sets the environment variables of O(vmm_servers), O(username) and O(password).
  - A group name has the letters, digits and underscores of the name in VMM, in lower case. If two names in VMM lead to
    one group name, those that lost characters get a hash as suffix. C(vmm_host) keeps the names that VMM has.
  - The connection C(ssh) was not tested.
requirements:
  - ansible.windows 2.4.0 or newer on the controller
  - the Python library of the connection, such as pywinrm or pypsrp
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description:
      - Name of the plugin.
    type: str
    required: true
    choices: [siterecovery.hyperv.vmm]
  vmm_servers:
    description:
      - VMM servers to read. An entry is a name, or a dictionary with the keys C(name) and C(variables).
      - A name is a group or a host of an earlier inventory source, otherwise the address of a server.
      - The C(variables) are connection variables of that server, such as C(ansible_host). They override all others.
      - List every node of a highly available VMM, or the name of its cluster role. A passive node is skipped if the
        active node is listed too.
      - By default, the hosts of O(servers_group) in earlier inventory sources.
    type: list
    elements: raw
    env:
      - name: SITERECOVERY_VMM_SERVERS
  username:
    description:
      - User for all VMM servers. It overrides C(ansible_user) of earlier inventory sources.
    type: str
    env:
      - name: SITERECOVERY_VMM_USERNAME
  password:
    description:
      - Password of O(username). It overrides C(ansible_password) of earlier inventory sources.
    type: str
    env:
      - name: SITERECOVERY_VMM_PASSWORD
  connection_variables:
    description:
      - Connection variables for all VMM servers, such as C(ansible_connection) and C(ansible_psrp_auth). They override
        O(username), O(password) and the variables of earlier inventory sources.
      - C(ansible_connection) is V(winrm) unless a source sets it.
    type: dict
    default: {}
  export_files:
    description:
      - Export files to read instead of VMM servers. A relative path starts at the folder of the configuration file.
    type: list
    elements: str
    default: []
    env:
      - name: SITERECOVERY_VMM_EXPORT_FILES
  vmm_clouds:
    description:
      - Names of the VMM clouds whose hosts to add. By default, or with V(all), the hosts of every cloud.
    type: list
    elements: str
    default: []
  host_groups:
    description:
      - Names or paths of host groups, such as C(All Hosts\Datacenter 1). Only hosts in or below them are added.
    type: list
    elements: str
    default: []
  include_hosts_without_cloud:
    description:
      - Whether to add Hyper-V hosts that do not serve a chosen cloud. They are not in O(hosts_group).
    type: bool
    default: false
  hostnames:
    description:
      - Whether inventory names are full names or first labels. Hosts that share a first label get full names.
      - A host that an earlier inventory source has under its full name, its first label or its C(ansible_host) keeps
        its name.
    type: str
    choices: [fqdn, short]
    default: fqdn
  hosts_group:
    description:
      - Group of the Hyper-V hosts of the chosen clouds. An empty string omits it.
    type: str
    default: hyperv_hosts
  servers_group:
    description:
      - Group of the VMM servers, including all nodes of a highly available VMM. An empty string omits the servers.
    type: str
    default: vmm_servers
  group_by:
    description:
      - Kinds of groups to create. Groups of V(host_groups) form the tree that VMM shows.
    type: list
    elements: str
    choices: [clouds, host_groups, clusters, states, agent_versions]
    default: [clouds, host_groups, clusters, states, agent_versions]
  group_prefixes:
    description:
      - Beginnings of group names by the kind of group. The defaults are C(vmm_cloud_), C(vmm_host_group_),
        C(vmm_cluster_), C(vmm_state_) and C(vmm_agent_).
    type: dict
    default: {}
  agents:
    description:
      - Versions of the Recovery Services agent by host name, from a report for example. A host without a version is
        not covered. The value is a dictionary or a template of one.
      - Without it, a host is covered if an earlier inventory source has it in O(hosts_group). If no source has hosts
        in that group, coverage is V(null).
    type: raw
"""

EXAMPLES = r"""
# inventory/10-hosts.yml has the group vmm_servers, inventory/group_vars/windows.yml its connection variables.
# inventory/20-vmm.yml needs nothing else:
plugin: siterecovery.hyperv.vmm

---
# Two VMM servers, one of them highly available. The environment holds user and password.
plugin: siterecovery.hyperv.vmm
vmm_servers:
  - vmm01.example.com
  - vmm02.example.com
  - name: vmm03.branch.example.com
    variables:
      ansible_user: "{{ lookup('ansible.builtin.env', 'BRANCH_USER') }}"
      ansible_password: "{{ lookup('ansible.builtin.env', 'BRANCH_PASSWORD') }}"
connection_variables:
  ansible_connection: psrp
  ansible_psrp_auth: kerberos
vmm_clouds: [Gold, Silver]
hostnames: short

---
# Export files of a site that the controller cannot connect to, with groups and variables of your own.
plugin: siterecovery.hyperv.vmm
export_files:
  - exports/vmm01.json
compose:
  ansible_host: vmm_host.fqdn
keyed_groups:
  - key: vmm_host.operating_system
    prefix: os
groups:
  ready: vmm_host.state == 'OK' and not vmm_host.maintenance
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.helpers import get_group_vars
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources

from ..module_utils._model.common.errors import InvalidInput, SiteRecoveryError
from ..module_utils._model.windows.fabric import Fabric, FabricObservation, FabricServer, require_active_nodes
from ..module_utils._model.windows.fabric_hosts import Coverage, Scope
from ..module_utils._model.windows.fabric_inventory import FabricInventory, InventoryHost, Naming, build_inventory
from ..module_utils._model.windows.fabric_names import KnownHosts
from ..plugin_utils._remote_task import RemoteTask

try:
    from ansible.template import trust_as_template
except ImportError:  # until ansible-core 2.18

    def trust_as_template(value: str) -> str:  # type: ignore[misc,unused-ignore]
        """Return the text: every text that is not marked as unsafe is a template there."""
        return value


_ACTION = "siterecovery.hyperv.vmm_fabric_info"
Variables = dict[str, Any]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    """Read VMM, then add its hosts and groups."""

    NAME = "siterecovery.hyperv.vmm"

    def verify_file(self, path: str) -> bool:
        """Tell whether a path is a configuration file of this plugin."""
        return bool(super().verify_file(path)) and path.endswith(("vmm.yml", "vmm.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add hosts and groups. Raises AnsibleParserError with one line."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        self.templar.available_variables = dict(self._vars or {})
        try:
            # Options are checked before anything is sent.
            scope, naming, agents = self._scope(), self._naming(), self._agents()
            fabrics = self._export_files(path) or self._cached_fabrics(path, cache)
            coverage = Coverage.from_options(agents, self._listed(naming))
            self._populate(build_inventory(fabrics, scope, naming, coverage, self._known_hosts()))
        except SiteRecoveryError as error:
            raise AnsibleParserError(error.message) from None

    # ---- options ----

    def _option(self, name: str) -> Any:
        """Return an option with its templates resolved."""
        try:
            return self.templar.template(self.get_option(name))
        except AnsibleError as error:
            raise InvalidInput(name, "must be a template that can be resolved", _line(error)) from None

    def _scope(self) -> Scope:
        clouds, groups = self._option("vmm_clouds"), self._option("host_groups")
        return Scope.from_options(clouds, groups, without_cloud=self._option("include_hosts_without_cloud"))

    def _naming(self) -> Naming:
        names = ("hostnames", "group_by", "group_prefixes", "hosts_group", "servers_group")
        return Naming.from_options(*(self._option(name) for name in names))

    def _agents(self) -> Mapping[str, Any] | None:
        agents = self._option("agents")
        if agents is not None and not isinstance(agents, Mapping):
            raise InvalidInput("agents", "must be a dictionary", "map host names to versions")
        return agents

    # ---- fabrics ----

    def _export_files(self, path: str) -> list[Fabric]:
        names = self._option("export_files")
        if names and self.get_option("vmm_servers"):
            raise InvalidInput("export_files", "must not be set together with vmm_servers", "remove one of them")
        return [_read_export(Path(path).parent / Path(name).expanduser()) for name in names]

    def _cached_fabrics(self, path: str, cache: bool) -> list[Fabric]:
        """Return the fabrics from the cache if it may be used and has them, otherwise from the VMM servers."""
        if not self.get_option("cache"):
            return _fabrics(self._read_documents())
        key = self.get_cache_key(path)
        if cache:
            try:
                return _fabrics(self._cache[key])
            except (KeyError, InvalidInput):
                # The entry is missing, too old or of another version of this collection.
                pass
        documents = self._read_documents()
        fabrics = _fabrics(documents)
        self._cache[key] = documents
        return fabrics

    def _read_documents(self) -> list[Any]:
        """Return one document per VMM. Raises SiteRecoveryError for the first server that cannot be read."""
        found = []
        for name, variables in self._servers():
            result = RemoteTask(name, variables, self.loader).run(_ACTION, {})
            found.append(FabricObservation(FabricServer.from_document(result["server"]), result["fabric"]))
        require_active_nodes(found)
        return [each.document for each in _one_per_vmm(found) if each.document is not None]

    # ---- servers and their variables ----

    def _servers(self) -> Iterator[tuple[str, Variables]]:
        """Return the VMM servers with their connection variables, each once."""
        own = self._credentials()
        common = {**own, **self._option("connection_variables")}
        found = {
            name: {**self._inventory_variables(name), **common, **variables}
            for entry in self._entries()
            for name, variables in self._expanded(entry)
        }
        if not found:
            raise InvalidInput(
                "vmm_servers",
                "must name at least one server",
                f"name one, or list a source with the group {self._option('servers_group')} before this one",
            )
        yield from found.items()

    def _entries(self) -> list[Any]:
        entries = self._option("vmm_servers")
        if entries is None:
            group = self._option("servers_group")
            return [group] if group in self.inventory.groups else []
        return list(entries)

    def _expanded(self, entry: Any) -> Iterator[tuple[str, Variables]]:
        """Return the servers of an entry: of a group all hosts."""
        described = entry if isinstance(entry, Mapping) else {"name": entry, "variables": {}}
        name, variables = described.get("name"), described.get("variables") or {}
        if not isinstance(name, str) or not name or not isinstance(variables, Mapping):
            raise InvalidInput(
                "vmm_servers",
                f"'{entry}' is not a name or a dictionary with a name",
                "use a name, or the keys name and variables",
            )
        group = self.inventory.groups.get(name)
        for host in [each.name for each in group.get_hosts()] if group is not None else [name]:
            yield str(host), dict(variables)

    def _credentials(self) -> Variables:
        values = {"ansible_user": self._option("username"), "ansible_password": self._option("password")}
        return {name: value for name, value in values.items() if value}

    def _inventory_variables(self, name: str) -> Variables:
        """Return the variables that earlier sources give a host, with extra variables on top."""
        host = self.inventory.get_host(name)
        variables: Variables = {}
        if host is not None:
            # Hosts join the group 'all' only after the last source was read.
            groups = [self.inventory.groups["all"], *host.get_groups()]
            groups = sorted(set(groups), key=lambda group: (group.depth, group.priority, group.name))
            for entities, own in ((groups, get_group_vars(groups)), ([host], host.get_vars())):
                files = get_vars_from_inventory_sources(self.loader, self.inventory.processed_sources, entities, "all")
                variables = combine_vars(variables, combine_vars(own, files))
        return dict(combine_vars(variables, self._vars or {}))

    # ---- the inventory ----

    def _known_hosts(self) -> KnownHosts:
        return KnownHosts(
            {
                name: [str(address)] if isinstance(address := host.vars.get("ansible_host"), str) else []
                for name, host in self.inventory.hosts.items()
            }
        )

    def _listed(self, naming: Naming) -> list[str]:
        group = self.inventory.groups.get(naming.hosts_group)
        return [] if group is None else [str(host.name) for host in group.get_hosts()]

    def _populate(self, content: FabricInventory) -> None:
        for warning in content.warnings:
            self.display.warning(warning)
        for child, parent in content.parents.items():
            self.inventory.add_group(child)
            self.inventory.add_group(parent)
            self.inventory.add_child(parent, child)
        for host in content.hosts:
            self._add(host)

    def _add(self, host: InventoryHost) -> None:
        self.inventory.add_host(host.name)
        if host.address is not None:
            self.inventory.set_variable(host.name, "ansible_host", _safe(host.address))
        for name, value in host.variables.items():
            self.inventory.set_variable(host.name, name, _safe(value))
        for group in host.groups:
            self.inventory.add_group(group)
            self.inventory.add_child(group, host.name)
        strict = self.get_option("strict")
        variables = self.inventory.get_host(host.name).get_vars()
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), {}, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, host.name, strict=strict)


def _read_export(path: Path) -> Fabric:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidInput("export_files", f"'{path}' cannot be read", str(reason)) from None
    return Fabric.from_json(text, f"export_files: {path.name}")


def _fabrics(documents: list[Any]) -> list[Fabric]:
    return [Fabric.from_document(document, "the answer of VMM") for document in documents]


def _one_per_vmm(found: list[FabricObservation]) -> list[FabricObservation]:
    """Return each VMM once: a cluster role and the node that runs it may both be listed."""
    kept: list[FabricObservation] = []
    for each in found:
        if each.document is None or not any(each.server.same_vmm(other.server) for other in kept if other.document):
            kept.append(each)
    return kept


def _safe(value: Any) -> Any:
    """Return a value in which no text is a template: names in VMM are data.

    ansible-inventory marks unsafe and untrusted texts in its output, and AWX does not read the mark. So a text without
    braces, which cannot be a template, is trusted, and only the others get the mark.
    """
    if isinstance(value, Mapping):
        return {name: _safe(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_safe(each) for each in value]
    if not isinstance(value, str):
        return value
    return wrap_var(value) if "{" in value or "}" in value else trust_as_template(value)


def _line(problem: object) -> str:
    return " ".join(to_text(problem).split())
