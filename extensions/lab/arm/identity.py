# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud metadata, OpenID configuration and tokens, which a client requests before it calls Resource Manager."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from urllib.parse import parse_qs

from . import assertions
from .messages import Answer, Call, Json
from .records import guid
from .state import AzureState

OpenHandler = Callable[[AzureState, Call, bytes], Answer]


def metadata(state: AzureState, call: Call, _raw: bytes) -> Answer:
    """Answer GET /metadata/endpoints: one object since 2022-09-01, a list before, a small object in 2015-01-01.

    Shapes: the published document of the public cloud as azure-cli (`azure.cli.core.cloud`) and go-azure-sdk
    (`metaDataFrom2022API`) read it. Addresses point here, suffixes stay those of the cloud.
    """
    version = call.api_version
    if version == "2015-01-01":
        return Answer(
            200,
            {
                "galleryEndpoint": f"{call.base_url}/gallery",
                "graphEndpoint": f"{call.base_url}/graph",
                "portalEndpoint": f"{call.base_url}/portal",
                "authentication": {"loginEndpoint": call.base_url, "audiences": list(state.cloud.audiences)},
            },
        )
    if version in {"2018-05-01", "2019-05-01", "2019-10-01"}:
        return Answer(200, [_cloud(state, call.base_url)])
    if version in {"2022-09-01", "2023-01-01", "2023-11-01"}:
        return Answer(200, _cloud(state, call.base_url))
    return Answer(
        400,
        {
            "error": {
                "code": "InvalidApiVersionParameter",
                "message": f"The api-version '{version}' is invalid. The supported versions are "
                "'2023-11-01,2023-01-01,2022-09-01,2019-10-01,2019-05-01,2018-05-01,2015-01-01'.",
            }
        },
    )


def _cloud(state: AzureState, base: str) -> Json:
    return {
        "portal": f"{base}/portal",
        "authentication": {
            "loginEndpoint": base,
            "audiences": list(state.cloud.audiences),
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "media": f"{base}/media",
        "graphAudience": f"{base}/graph",
        "graph": f"{base}/graph",
        "name": "SiteRecoveryLab",
        "suffixes": {
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "acrLoginServer": "azurecr.io",
            "sqlServerHostname": "database.windows.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
            "keyVaultDns": "vault.azure.net",
            "storage": state.cloud.storage,
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "storageSyncEndpointSuffix": "afs.azure.net",
            "mhsmDns": "managedhsm.azure.net",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "mariadbServerEndpoint": "mariadb.database.azure.com",
            "synapseAnalytics": "dev.azuresynapse.net",
            "attestationEndpoint": "attest.azure.net",
        },
        "batch": f"{base}/batch",
        "resourceManager": f"{base}/",
        "vmImageAliasDoc": f"{base}/aliases.json",
        "activeDirectoryDataLake": f"{base}/datalake",
        "sqlManagement": f"{base}/sql",
        "microsoftGraphResourceId": f"{base}/graph/",
        "appInsightsResourceId": f"{base}/insights",
        "appInsightsTelemetryChannelResourceId": f"{base}/insights/track",
        "attestationResourceId": f"{base}/attest",
        "synapseAnalyticsResourceId": f"{base}/synapse",
        "logAnalyticsResourceId": f"{base}/loganalytics",
        "ossrDbmsResourceId": f"{base}/ossrdbms",
    }


def openid(state: AzureState, call: Call, _raw: bytes) -> Answer:
    """Answer with the tenant's OpenID configuration in both generations (documented: OpenID Connect)."""
    tenant = call["tenant"]
    if not _known_tenant(state, tenant):
        return _unknown_tenant(tenant)
    v2 = "/v2.0/" in call.path
    base = f"{call.base_url}/{tenant}"
    oauth = f"{base}/oauth2/v2.0" if v2 else f"{base}/oauth2"
    return Answer(
        200,
        {
            "token_endpoint": f"{oauth}/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys" if v2 else f"{call.base_url}/common/discovery/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{base}/v2.0" if v2 else f"{base}/",
            "authorization_endpoint": f"{oauth}/authorize",
            "device_authorization_endpoint": f"{oauth}/devicecode",
            "end_session_endpoint": f"{oauth}/logout",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
        },
    )


def token(state: AzureState, call: Call, raw: bytes) -> Answer:
    """Answer the client-credentials grant in both generations, with the errors of the identity platform."""
    state.context.journal.count("azure.token")
    form = {name: values[0] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}
    tenant, login = call["tenant"], state.context.login
    if not _known_tenant(state, tenant):
        return _unknown_tenant(tenant)
    refusal = _refuse_form(form) or _refuse_scope(state, call, form)
    if refusal is not None:
        return refusal
    client = form.get("client_id", "")
    if client.casefold() != login.client_id.casefold():
        return _refused(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the "
            "application has not been installed by the administrator of the tenant or consented to by any user in the "
            "tenant. You may have sent your authentication request to the wrong tenant.",
        )
    if form.get("client_assertion"):
        return _asserted(state, call, form) or _grant(state, v2="/v2.0/" in call.path, form=form)
    if not hmac.compare_digest(form.get("client_secret", "").encode(), login.secret.encode()):
        return _refused(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client}'.",
        )
    return _grant(state, v2="/v2.0/" in call.path, form=form)


def _asserted(state: AzureState, call: Call, form: Mapping[str, str]) -> Answer | None:
    """Return the rejection of a signed assertion, or None when it proves the client."""
    base = f"{call.base_url}/{call['tenant']}"
    # documented: the audience is the token endpoint; the issuer of the tenant is also accepted.
    audiences = (f"{base}/oauth2/v2.0/token", f"{base}/oauth2/token", f"{base}/v2.0", f"{base}/")
    now = state.context.clock.now()
    try:
        assertions.check(state.application, form["client_id"], form["client_assertion"], audiences, now)
    except assertions.Refusal as refusal:
        return _refused(401, "invalid_client", refusal.code, refusal.text)
    return None


def _grant(state: AzureState, *, v2: bool, form: Mapping[str, str]) -> Answer:
    value = state.new_token()
    now = state.context.clock.now()
    life = int(state.token_life.total_seconds())
    answer: Json = {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": value}
    if not v2:  # documented: the first generation writes numbers as strings and repeats the resource.
        until = int(now.timestamp()) + life
        answer |= {
            "expires_in": str(life),
            "ext_expires_in": str(life),
            "expires_on": str(until),
            "not_before": str(int(now.timestamp())),
            "resource": form.get("resource", ""),
        }
    return Answer(200, answer)


def _known_tenant(state: AzureState, tenant: str) -> bool:
    return tenant.casefold() == state.context.login.tenant.casefold()


def _refuse_form(form: Mapping[str, str]) -> Answer | None:
    if "grant_type" not in form:
        return _refused(
            400,
            "invalid_request",
            900144,
            "The request body must contain the following parameter: 'grant_type'.",
        )
    if form["grant_type"] != "client_credentials":
        return _refused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    if form.get("client_assertion") and form.get("client_assertion_type") != assertions.KIND:
        return _refused(
            400,
            "invalid_request",
            900144,
            "The request body must contain the following parameter: 'client_assertion_type'.",
        )
    if not form.get("client_secret") and not form.get("client_assertion"):
        return _refused(
            401,
            "invalid_client",
            7000216,
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
        )
    return None


def _refuse_scope(state: AzureState, call: Call, form: Mapping[str, str]) -> Answer | None:
    v2 = "/v2.0/" in call.path
    wanted = form.get("scope" if v2 else "resource", "")
    if v2 and not wanted.endswith("/.default"):
        return _refused(
            400,
            "invalid_scope",
            1002012,
            f"The provided value for scope {wanted} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
        )
    resource = wanted.removesuffix("/.default").rstrip("/")
    if resource in {audience.rstrip("/") for audience in (*state.cloud.audiences, call.base_url)}:
        return None
    return _refused(
        400,
        "invalid_resource",
        500011,
        f"The resource principal named {resource} was not found in the tenant named {call['tenant']}.",
    )


def _unknown_tenant(tenant: str) -> Answer:
    return _refused(
        400,
        "invalid_tenant",
        90002,
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant.",
    )


def _refused(status: int, error: str, code: int, text: str) -> Answer:
    """Return an error of the identity platform (documented: authentication and authorization error codes)."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    trace, correlation = guid(), guid()
    return Answer(
        status,
        {
            "error": error,
            "error_description": f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} "
            f"Timestamp: {now}",
            "error_codes": [code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        },
    )


# Routes that do not need a token: method, pattern of the decoded path, handler.
OPEN_ROUTES: tuple[tuple[str, re.Pattern[str], OpenHandler], ...] = (
    ("GET", re.compile(r"/metadata/endpoints", re.IGNORECASE), metadata),
    ("GET", re.compile(r"/(?P<tenant>[^/]+)(/v2\.0)?/\.well-known/openid-configuration", re.IGNORECASE), openid),
    ("POST", re.compile(r"/(?P<tenant>[^/]+)/oauth2(/v2\.0)?/token", re.IGNORECASE), token),
)


def check_bearer(state: AzureState, header: str | None) -> Answer | None:
    """Return the rejection of a call without a valid token, or None.

    documented: codes and texts of Resource Manager's 401 answers; the challenge names the tenant's login address.
    """
    if header is None:
        text = "Authentication failed. The 'Authorization' header is missing."
        return _challenge(state, "AuthenticationFailed", text)
    kind, _space, value = header.partition(" ")
    if kind.casefold() != "bearer" or not value:
        return _challenge(
            state,
            "AuthenticationFailedInvalidHeader",
            "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        )
    expires = state.tokens.get(value)
    if expires is None:
        return _challenge(state, "InvalidAuthenticationToken", "The access token is invalid.", "invalid_token")
    now = state.context.clock.now()
    if expires <= now:
        return _challenge(
            state,
            "ExpiredAuthenticationToken",
            f"The access token expiry UTC time '{expires:%m/%d/%Y %I:%M:%S %p}' is earlier than current UTC time "
            f"'{now:%m/%d/%Y %I:%M:%S %p}'.",
            "invalid_token",
        )
    return None


def _challenge(state: AzureState, code: str, text: str, error: str | None = None) -> Answer:
    value = f'Bearer authorization_uri="https://login.microsoftonline.com/{state.context.login.tenant}"'
    if error:
        value += f', error="{error}", error_description="{text}"'
    headers = {"WWW-Authenticate": value, "x-ms-failure-cause": "gateway"}
    return Answer(401, {"error": {"code": code, "message": text}}, headers)
