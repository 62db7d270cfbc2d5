# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the clients of the SDK. They are created on first use and share one credential."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from . import clouds, imports, pipeline, transport
from .clouds import CloudEnvironment
from .login import AzureLogin
from .progress import Report, silent

if TYPE_CHECKING:
    from azure.mgmt.network import NetworkManagementClient
    from azure.mgmt.recoveryservices import RecoveryServicesClient
    from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient
    from azure.mgmt.resource.resources import ResourceManagementClient
    from azure.mgmt.storage import StorageManagementClient

Client = TypeVar("Client")

_READ_SECONDS = 90
_RETRIES = pipeline.RETRIES
_POLL_SECONDS = 5


class Azure:
    """One login to one subscription. It sends no request before the first call of a client."""

    def __init__(
        self,
        login: AzureLogin,
        seconds: float | None = None,
        accepted: pipeline.Accepted | None = None,
        report: Report = silent,
    ) -> None:
        """`seconds` limits the total time of repeated calls, before the last error is raised.

        `report` shows lines of progress to the person who waits.
        """
        self.login = login
        self._seconds = seconds
        self._accepted = accepted or pipeline.Accepted()
        self.report = report

    @property
    def written(self) -> bool:
        """Whether Azure has accepted a write of this run, even if the run failed afterwards."""
        return self._accepted.any

    @property
    def subscription_id(self) -> str:
        return self.login.subscription_id

    def of_subscription(self, subscription_id: str) -> Azure:
        """Return the same login to another subscription."""
        return Azure(replace(self.login, subscription_id=subscription_id), self._seconds, self._accepted, self.report)

    @cached_property
    def cloud(self) -> CloudEnvironment:
        return clouds.find(self.login.cloud_environment, self.login.ca_bundle, self._seconds)

    @cached_property
    def _credential(self) -> Any:
        return self.login.credential(self.cloud, self._seconds)

    @cached_property
    def recovery_services(self) -> RecoveryServicesClient:
        with imports.large():
            from azure.mgmt.recoveryservices import RecoveryServicesClient

            return self._client(RecoveryServicesClient)

    @cached_property
    def site_recovery(self) -> SiteRecoveryManagementClient:
        with imports.large():
            from azure.mgmt.recoveryservicessiterecovery import SiteRecoveryManagementClient

            return self._client(SiteRecoveryManagementClient)

    @cached_property
    def storage(self) -> StorageManagementClient:
        with imports.large():
            from azure.mgmt.storage import StorageManagementClient

            return self._client(StorageManagementClient)

    @cached_property
    def network(self) -> NetworkManagementClient:
        with imports.large():
            from azure.mgmt.network import NetworkManagementClient

            return self._client(NetworkManagementClient)

    @cached_property
    def resources(self) -> ResourceManagementClient:
        with imports.large():
            from azure.mgmt.resource.resources import ResourceManagementClient

            return self._client(ResourceManagementClient)

    def _client(self, kind: Callable[..., Client]) -> Client:
        # The scope follows from the cloud, not from base_url, so a private cloud needs both.
        return kind(
            self._credential,
            self.subscription_id,
            base_url=self.cloud.resource_manager,
            credential_scopes=[self.cloud.scope],
            polling_interval=_POLL_SECONDS,
            transport=transport.open_transport(self.login.ca_bundle, _READ_SECONDS),
            retry_policy=pipeline.retries(_RETRIES, pipeline.RETRY_BACKOFF_MAX, self._seconds),
            per_call_policies=[pipeline.only_documents()],
            per_retry_policies=[pipeline.no_registration(), pipeline.note_writes(self._accepted)],
            user_agent="siterecovery.hyperv",
        )
