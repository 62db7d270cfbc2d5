# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How VMM servers register with a vault of the simulated Azure, and how they publish their clouds there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..context import CloudFacts, RegistrationRefused, VmmServerFacts
from .job_engine import start_job
from .jobs import JobTarget
from .records import Fabric, Vault, fabric_name
from .state_core import StateCore


class Registrations(StateCore):
    """The calls of the Windows side."""

    def register_vmm_server(self, thumbprint: str, vault_number: str, server: VmmServerFacts) -> None:
        """Register a server that presents the certificate of a vault key, as `DRConfigurator.exe /r` does.

        Fabric, provider and clouds that are already published appear after the delay that the tutorial names.
        The code of the Provider is not public: the reasons of a refusal and their codes are inferred.
        """
        with self.lock:
            self.settle()
            vault = self._admit(thumbprint, vault_number)
            self._refuse_second_vault(vault, server)
            now = self.context.clock.now()
            known = self.fabric_of(vault, server.vmm_id)
            self.context.journal.write(
                "azure", vault.id, "register server", server=server.friendly_name, again=known is not None
            )
            if known is not None:
                known.server, known.connected = server, True
                self._register(vault, server, 0.0, None)
                return
            fabric = Fabric(fabric_name(vault, server.vmm_id), server, now)
            fabric.coming = {cloud.id.lower(): cloud for cloud in server.clouds}
            vault.fabrics[fabric.name] = fabric

            def appear(_done: bool) -> None:
                fabric.visible = True
                # inferred: the list of Providers may show a server later than the list of servers does.
                fabric.hidden_reads = self.context.lag.reads
                fabric.containers.update(fabric.coming)
                fabric.coming = {}

            self._register(vault, server, self.context.delays.fabric_appears, appear)

    def publish_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None:
        """Receive clouds from VMM: they appear as protection containers, but not before their server does."""
        with self.lock:
            self.settle()
            found = self._find(vmm_id)
            if found is None:
                raise RegistrationRefused("ServerNotRegistered", f"No vault knows the VMM server with id {vmm_id}.")
            vault, fabric = found
            new = {cloud.id.lower(): cloud for cloud in clouds if cloud.id.lower() not in fabric.containers}
            if not new:
                return
            names = sorted(cloud.name for cloud in new.values())
            self.context.journal.write(
                "azure", vault.id, "publish clouds", server=fabric.server.friendly_name, clouds=names
            )

            def appear() -> None:
                if fabric.visible:
                    fabric.containers.update(new)
                else:
                    fabric.coming.update(new)

            self.later(self.context.delays.cloud_appears, appear)

    def withdraw_clouds(self, vmm_id: str, clouds: Iterable[CloudFacts]) -> None:
        """Remove clouds that VMM no longer publishes.

        Inferred: their protection containers disappear as late as they appear.
        """
        with self.lock:
            self.settle()
            found = self._find(vmm_id)
            if found is None:
                return
            vault, fabric = found
            gone = [cloud for cloud in clouds if cloud.id.lower() in fabric.containers]
            if not gone:
                return
            names = sorted(cloud.name for cloud in gone)
            self.context.journal.write(
                "azure", vault.id, "withdraw clouds", server=fabric.server.friendly_name, clouds=names
            )

            def leave() -> None:
                for cloud in gone:
                    fabric.containers.pop(cloud.id.lower(), None)

            self.later(self.context.delays.cloud_appears, leave)

    def unregister(self, vmm_id: str) -> None:
        """Remove a server from its vault at once (for tests)."""
        with self.lock:
            found = self._find(vmm_id)
            if found is not None:
                vault, fabric = found
                del vault.fabrics[fabric.name]

    def set_connected(self, vmm_id: str, connected: bool) -> None:
        """Stop the heartbeat of a server's Provider, or start it again (for tests)."""
        with self.lock:
            found = self._find(vmm_id)
            if found is not None:
                fabric = found[1]
                fabric.connected = connected
                fabric.last_heartbeat = None if connected else self.context.clock.now()

    def _register(
        self, vault: Vault, server: VmmServerFacts, seconds: float, finish: Callable[[bool], None] | None
    ) -> None:
        address = f"{vault.site_id}/replicationFabrics/{fabric_name(vault, server.vmm_id)}"
        target = JobTarget("Server", server.vmm_id, server.friendly_name, address)
        start_job(self, vault, "RegisterDra", target, finish=finish, seconds=seconds, queued=0.0)

    def _admit(self, thumbprint: str, vault_number: str) -> Vault:
        certificate = self.certificates.get(thumbprint.upper())
        if certificate is None:
            raise RegistrationRefused("UnknownCertificate", "The certificate of the vault credentials is not known.")
        vault = self.vaults.get(certificate.vault)
        if vault is None:
            raise RegistrationRefused("VaultNotFound", "The vault of the credentials does not exist any more.")
        if str(vault.number) != str(vault_number).strip():
            raise RegistrationRefused("ForeignCertificate", "The certificate was issued by another vault.")
        if certificate.expires <= self.context.clock.now():
            raise RegistrationRefused("CertificateExpired", "The vault credentials have expired.")
        return vault

    def _refuse_second_vault(self, vault: Vault, server: VmmServerFacts) -> None:
        found = self._find(server.vmm_id)
        if found is not None and found[0] is not vault:
            raise RegistrationRefused(
                "ServerRegisteredInAnotherVault",
                f"The server is already registered in the vault '{found[0].document['name']}'.",
            )

    @staticmethod
    def fabric_of(vault: Vault, vmm_id: str) -> Fabric | None:
        return vault.fabrics.get(fabric_name(vault, vmm_id))

    def _find(self, vmm_id: str) -> tuple[Vault, Fabric] | None:
        for vault in self.vaults.values():
            fabric = self.fabric_of(vault, vmm_id)
            if fabric is not None:
                return vault, fabric
        return None
