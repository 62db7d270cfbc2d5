# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: what the SDK raises, as our errors: the service's code, message and request id, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from .._model.errors import AccessDenied, RemoteFailure, SiteRecoveryError, Unreachable
from .pipeline import NotRegistered
from .wire import content

Answer = TypeVar("Answer")

_SOMEBODY_ELSE = "check cloud_environment, and that no proxy answers for Azure"
_UNKNOWN_TENANT = "Unable to get authority configuration"
_AADSTS = re.compile(r"AADSTS\d+")
_SIGN_IN_FIXES = {
    "AADSTS7000215": "the client secret is wrong: give the secret's value (not its id)",
    "AADSTS7000222": "the client secret has expired: make a new one",
    "AADSTS700016": "the application is not known in this tenant: check client_id and tenant",
    "AADSTS90002": "the tenant is not known: check tenant",
    "AADSTS7000112": "the application is disabled in this tenant: enable it there",
    "AADSTS700027": "the directory does not take the certificate: add it to the application, or renew it there",
    "AADSTS50013": "the token in oidc_token_file_path is not signed by its issuer: look where it comes from",
    "AADSTS700024": "the token in oidc_token_file_path is no longer valid (or not yet): let its issuer write a new one",
    "AADSTS700211": "no federated credential of the application has the token's issuer: add it, or check client_id",
    "AADSTS700212": "no federated credential of the application has the token's audience: correct one of the two",
    "AADSTS700213": "no federated credential of the application has the token's subject: correct one of the two",
    "AADSTS700082": "what the Azure CLI kept has expired: run 'az login' again",
    "AADSTS50173": "what the Azure CLI kept was revoked: run 'az login' again",
    "AADSTS53003": "a Conditional Access policy blocks the sign-in: ask the directory's administrator",
}
# The library's own refusals, which have no code.
_UNAVAILABLE = {
    "CLI not found": "the Azure CLI (az) is not on the path: install it where the task runs, or sign in another way",
    "az login": "nobody is signed in to the Azure CLI: run 'az login' as the user of this task",
    "Failed to invoke the Azure CLI": "the Azure CLI gave no answer in time: try 'az account get-access-token' by hand",
    "Identity not found": "the machine has no such managed identity: assign it, or check client_id",
    "has been assigned to this resource": "the machine has no such managed identity: assign it, or check client_id",
    "no response from the IMDS": "this machine has no service that gives managed identities: sign in another way",
}
# Least built-in role for what is refused (Site Recovery role-based access page; built-in roles).
_ROLES = (
    ("microsoft.recoveryservices/vaults/write", "Contributor on the resource group"),
    ("microsoft.recoveryservices/vaults/delete", "Contributor on the resource group"),
    ("microsoft.recoveryservices/register/", "Contributor on the subscription"),
    ("microsoft.recoveryservices/locations/deletedvaults/undelete/", "Contributor on the subscription"),
    ("microsoft.recoveryservices/locations/deletedvaults/", "Reader on the subscription"),
    ("microsoft.managedidentity/", "Managed Identity Operator on the identity"),
    ("microsoft.recoveryservices/vaults/certificates/", "Site Recovery Contributor on the vault"),
    ("microsoft.recoveryservices/vaults/extendedinformation/", "Site Recovery Contributor on the vault"),
    (
        "microsoft.recoveryservices/vaults/replication",
        "Site Recovery Contributor on the vault (Site Recovery Reader to read)",
    ),
    ("microsoft.recoveryservices/", "Site Recovery Reader on the vault"),
    ("microsoft.storage/", "Storage Account Contributor on the resource group"),
    ("microsoft.network/", "Network Contributor on the resource group"),
    ("microsoft.resources/subscriptions/resourcegroups/write", "Contributor on the subscription"),
    ("microsoft.resources/", "Reader on the subscription"),
)
_ACTION = re.compile(r"perform action '([^']+)'", re.IGNORECASE)
_SCOPE = re.compile(r"over scope '([^']+)'", re.IGNORECASE)
_CODE_FIXES = {
    "MissingSubscriptionRegistration": (
        "register the resource provider on the subscription (az provider register, or ask its owner)"
    ),
    "InvalidResourceLocation": "it exists already in another region: use that region or another name",
    "StorageAccountAlreadyTaken": "the name is taken by another customer: choose another name",
    "StorageAccountInAnotherResourceGroup": "the account exists in another resource group: name that group",
    "ResourceRequestsThrottled": "wait as long as the message says, then run again",
    "SubscriptionRequestsThrottled": "wait a minute, then run again",
    "SubscriptionNotFound": "check subscription_id, and that the login has a role on it",
}
# A 404 that is about the address or the login, not about the thing that was asked for.
_NOT_ABSENCE = (None, "SubscriptionNotFound", "InvalidResourceType", "InvalidResourceNamespace")


@dataclass(frozen=True, slots=True)
class Absent:
    """A clean 404, and which of the two kinds: the group, or the thing in it."""

    group_missing: bool


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turn the SDK's exceptions into ours. `action` completes the sentence 'could not ...'."""
    from azure.core.exceptions import AzureError, DeserializationError, HttpResponseError

    try:
        yield
    except NotRegistered as told:
        raise translate(HttpResponseError(response=told.answer), action) from told
    except AzureError as error:
        raise translate(error, action) from error
    except DeserializationError:
        # Older generations read the answer before we do; their error may quote what it holds.
        raise _no_document(action) from None


def read(action: str, call: Callable[[], Answer]) -> Answer | Absent:
    """One read. Only a 404 of the service counts as absence; every other error is raised."""
    from azure.core.exceptions import ResourceNotFoundError

    with translated(action):
        try:
            return call()
        except ResourceNotFoundError as error:
            code = _code(error)
            if error.status_code != 404 or code in _NOT_ABSENCE:
                raise
            return Absent(group_missing=code == "ResourceGroupNotFound")


def translate(error: Exception, action: str) -> SiteRecoveryError:
    """The error of our tree that says the same as the SDK's."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        DecodeError,
        ServiceRequestError,
        ServiceResponseError,
    )

    if isinstance(error, (ServiceRequestError, ServiceResponseError)) or _directory_lost(error):
        return Unreachable(
            f"could not {action}: no answer from Azure ({_short(error)});"
            " check network, proxy and ca_bundle, then run again"
        )
    if isinstance(error, ClientAuthenticationError):
        return _sign_in_refused(error, action)
    if isinstance(error, DecodeError):
        return _no_document(action, request_id=_request_id(error))
    code, message = _code(error), _message(error)
    status, pause = getattr(error, "status_code", None), _pause(error)
    details: dict[str, Any] = {
        "code": code,
        "status": status,
        "retry_after": pause,
        "request_id": _request_id(error),
    }
    if status == 403:
        return AccessDenied(f"could not {action}: {_missing_right(message)}", **details)
    advice = _recommended_action(error) or _CODE_FIXES.get(code or "") or _advice(code, status, pause)
    text = f"could not {action}: {code or (f'HTTP {status}' if status else 'error')}: {message}"
    return RemoteFailure(f"{text.rstrip('.')}; {advice.rstrip('.')}", **details)


def _no_document(action: str, **details: Any) -> RemoteFailure:
    return RemoteFailure(f"could not {action}: the answer is no document of the service; {_SOMEBODY_ELSE}", **details)


def _advice(code: str | None, status: int | None, pause: int | None) -> str:
    if pause:
        return f"wait {pause} s, then run again"
    if status is not None and (status in (408, 429) or status >= 500):
        return "run again in some minutes, and ask Azure's support with the request id if it stays"
    if code:
        return "correct what it names, then run again"
    return _SOMEBODY_ELSE if status else "run again, and report it if it stays"


def _directory_lost(error: Exception) -> bool:
    """Whether a sign-in failed because nobody answered: the library calls that a refusal too."""
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError

    if not isinstance(error, ClientAuthenticationError) or _own_words(error):
        return False
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (ServiceRequestError, ServiceResponseError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _own_words(error: Exception) -> str | None:
    """What to do about a refusal that the library itself spoke."""
    return next((fix for text, fix in _UNAVAILABLE.items() if text in str(error)), None)


def _reason(error: Any) -> str:
    """What the directory or the Azure CLI says themselves. Output that was not understood may hold a token."""
    words = _message(error)
    return "" if "Unexpected output" in words else f"{words.rstrip('.')}; "


def _sign_in_refused(error: Any, action: str) -> AccessDenied:
    found = _AADSTS.search(str(error))
    code = found.group(0) if found else _code(error)
    if code is None and _UNKNOWN_TENANT in str(error):
        # The library drops the directory's own words.
        code = "AADSTS90002"
    login = getattr(error, "siterecovery_login", None)
    check = login.method.check if login else "check that tenant exists, then client_id and secret"
    fix = _SIGN_IN_FIXES.get(code or "") or (not found and _own_words(error)) or f"{_reason(error)}{check}"
    chosen = f" (auth_source auto chose {login.method.name}; set it to choose another)" if login and login.found else ""
    return AccessDenied(
        f"could not {action}: sign-in refused{f' ({code})' if code else ''}: {fix}{chosen}",
        code=code,
        request_id=_request_id(error),
    )


def _missing_right(message: str) -> str:
    action, scope = _ACTION.search(message), _SCOPE.search(message)
    if action is None:
        return f"the login lacks a right: {message.rstrip('.')}; give it a role there, then run again"
    role = next(
        (role for prefix, role in _ROLES if action.group(1).lower().startswith(prefix)), "a role that has this action"
    )
    place = f" on {scope.group(1)}" if scope else ""
    return f"the login lacks {action.group(1)}{place}; give it the role {role}, then wait some minutes and run again"


def _body(error: Any) -> dict[str, Any]:
    response = getattr(error, "response", None)
    if response is None:
        return {}
    try:
        body = content(response)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _code(error: Any) -> str | None:
    inner = getattr(error, "error", None)
    code = getattr(inner, "code", None)
    if code:
        return str(code)
    body = _body(error)
    nested = body.get("error")
    found = (nested.get("code") if isinstance(nested, dict) else None) or body.get("ErrorCode") or body.get("code")
    return str(found) if found else None


def _message(error: Any) -> str:
    inner = getattr(error, "error", None)
    return _short(getattr(inner, "message", None) or getattr(error, "message", None) or error, 600)


def _recommended_action(error: Any) -> str:
    """Site Recovery puts causes and advice beside the message; the SDK's text drops them."""
    nested = _body(error).get("error")
    if not isinstance(nested, dict):
        return ""
    holders = [nested, *(detail for detail in nested.get("details") or [] if isinstance(detail, dict))]
    return next(
        (" ".join(str(holder["recommendedAction"]).split()) for holder in holders if holder.get("recommendedAction")),
        "",
    )


def _request_id(error: Any) -> str | None:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return headers.get("x-ms-request-id") if headers is not None else None


def _pause(error: Any) -> int | None:
    """The seconds that the service asks for before the next call."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("Retry-After") or "")
    return int(text) if text.isdigit() else None


def _short(text: Any, longest: int = 200) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."
