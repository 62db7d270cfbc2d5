# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: translates exceptions of the SDK into our errors, with code, message, request id and a remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from .._model.azure.denials import explain
from .._model.azure.operation_states import is_canceled, is_failed
from .._model.azure.remedies import ADVICE, is_authorization
from .._model.common.controller_proxy import proxy_fix
from .._model.common.errors import AccessDenied, RemoteFailure, SiteRecoveryError, Unreachable
from . import origins
from .pipeline import NotRegistered
from .transport import Outage, broken_reason, seconds_of
from .wire import content

Answer = TypeVar("Answer")

_NOT_AZURE = "check cloud_environment, and that no proxy answers in place of Azure"
_UNKNOWN_TENANT = "Unable to get authority configuration"
_AADSTS = re.compile(r"AADSTS\d+")
_SIGN_IN_FIXES = {
    "AADSTS7000215": "the client secret is wrong: give the value of the secret (not its id)",
    "AADSTS7000222": "the client secret has expired: create a new one",
    "AADSTS700016": "the application is unknown in this tenant: check client_id and tenant",
    "AADSTS90002": "the tenant is unknown: check tenant",
    "AADSTS7000112": "the application is disabled in this tenant: enable it there",
    "AADSTS700027": "the directory does not accept the certificate: add it to the application, or renew it there",
    "AADSTS50013": "the token in oidc_token_file_path is not signed by its issuer: check where it comes from",
    "AADSTS700024": "the token in oidc_token_file_path is expired or not valid yet: have its issuer write a new one",
    "AADSTS700211": "no federated credential of the application has the token's issuer: add it, or check client_id",
    "AADSTS700212": "no federated credential of the application has the token's audience: correct one of the two",
    "AADSTS700213": "no federated credential of the application has the token's subject: correct one of the two",
    "AADSTS700082": "the session of the Azure CLI has expired: run 'az login' again",
    "AADSTS50173": "the session of the Azure CLI was revoked: run 'az login' again",
    "AADSTS53003": "a Conditional Access policy blocks the sign-in: ask the directory's administrator",
    "InvalidAuthenticationTokenTenant": "the login is for another tenant than the subscription: set its tenant",
    "ExpiredAuthenticationToken": "the token has expired: check this machine's clock, then run again",
}
# Refusals of the identity library itself, which have no code.
_UNAVAILABLE = {
    "CLI not found": "the Azure CLI (az) is not on the path: install it on this machine, or use another method",
    "az login": "the Azure CLI is not signed in: run 'az login' as the user of this task",
    "Failed to invoke the Azure CLI": "the Azure CLI did not answer in time: try 'az account get-access-token'",
    "Identity not found": "the machine has no such managed identity: assign it, or check client_id",
    "has been assigned to this resource": "the machine has no such managed identity: assign it, or check client_id",
    "no response from the IMDS": "this machine has no instance metadata service: use another sign-in method",
}
# A 404 about the address or the login, and not about the requested resource.
_NOT_ABSENCE = ("SubscriptionNotFound", "OperationNotFound", "TenantNotFound", "EndpointNotFound")
# The codes of Resource Manager and the services for an absent resource. Any other code does not mean absence.
_ABSENCE = re.compile(r"\w*NotFound|\w*DoesNotExist|\w*EntityMissing")
_NO_ROUTE = ("no http resource was found", "no route ")
# Headers in every answer of Resource Manager, but not in those of other hosts.
_OF_AZURE = ("x-ms-request-id", "x-ms-correlation-request-id", "x-ms-failure-cause")
# The exceptions of the SDK for an answer with an unexpected shape.
_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Absent:
    """A valid 404. It tells whether the resource group is missing, or the resource in it."""

    group_missing: bool


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Translate exceptions of the SDK into ours. `action` completes the sentence 'could not ...'."""
    from azure.core.exceptions import AzureError, DeserializationError, HttpResponseError

    try:
        yield
    except NotRegistered as error:
        raise translate(HttpResponseError(response=error.answer), action) from error
    except AzureError as error:
        raise translate(error, action) from error
    except DeserializationError:
        # Older generations parse the answer themselves, and their error may quote its content.
        raise _no_document(action) from None
    except _SHAPE as error:
        # The SDK relies on the shape of answers. Only calls of the SDK are made here.
        raise _no_document(action) from error


def read(action: str, call: Callable[[], Answer], unknown: Collection[str] = ()) -> Answer | Absent:
    """Make a call that reads. Only a 404 of the service counts as absence; every other error is raised.

    `unknown` are codes of a 404 that contradict what this run read. They are raised as well.
    """
    from azure.core.exceptions import ResourceNotFoundError

    with translated(action):
        try:
            return call()
        except ResourceNotFoundError as error:
            if not _says_absent(error) or _code(error) in unknown:
                raise
            return Absent(group_missing=_code(error) == "ResourceGroupNotFound")


def translate(error: Exception, action: str) -> SiteRecoveryError:
    """Return our error for an exception of the SDK."""
    from azure.core.exceptions import ClientAuthenticationError, DecodeError

    outage = getattr(error, "siterecovery_outage", None)
    if outage is not None:
        return _sign_in_outage(outage, action)
    if _is_broken(error) or _directory_unreachable(error):
        fix = proxy_fix(str(error)) or "check network, proxy and ca_bundle, then run again"
        return Unreachable(f"could not {action}: no answer from Azure ({_short(broken_reason(error))}); {fix}")
    # The SDK raises the parent class for a token that ends during an operation.
    if isinstance(error, ClientAuthenticationError) or getattr(error, "status_code", None) == HTTPStatus.UNAUTHORIZED:
        return _sign_in_refused(error, action)
    if isinstance(error, DecodeError):
        return _no_document(action, request_id=request_id(error))
    code, message = _code(error), _message(error)
    status, pause = getattr(error, "status_code", None), _pause(error)
    details: dict[str, Any] = {
        "code": code,
        "status": status,
        "retry_after": pause,
        "request_id": request_id(error),
    }
    denial = explain(_nested(error) | {"code": code, "message": _whole_message(error)}, forbidden=status == 403)
    if denial is not None:
        kind = AccessDenied if denial.access else RemoteFailure
        named = "" if is_authorization(denial.code, _whole_message(error)) else f"{denial.code}: "
        text = f"could not {action}: {named}{denial.reason}{reference(error)}; {denial.advice}"
        return kind(text, **{**details, "code": denial.code})
    if _ended_as(error, is_canceled):
        return canceled(action, request_id(error), code)
    if code is None and _ended_as(error, is_failed):
        return RemoteFailure(
            f"could not {action}: Failed: the operation failed in Azure without a reason{reference(error)};"
            " check the activity log for the cause, then run again",
            **{**details, "code": "Failed"},
        )
    advice = _recommended_action(error) or ADVICE.get(code or "") or _advice(code, status, pause)
    text = f"could not {action}: {code or (f'HTTP {status}' if status else 'error')}: {message}".rstrip(".")
    text += _detail(error, message)
    return RemoteFailure(f"{text}{reference(error)}; {advice.rstrip('.')}", **details)


def _says_absent(error: Any) -> bool:
    """Tell whether a 404 is the service's statement that the resource is absent.

    Other hosts also answer with 404, and so does Azure for a wrong address.
    """
    code, headers = _code(error), getattr(error.response, "headers", None) or {}
    return (
        error.status_code == 404
        and code is not None
        and code not in _NOT_ABSENCE
        and _ABSENCE.fullmatch(code) is not None
        and any(headers.get(name) for name in _OF_AZURE)
        and not _message(error).casefold().startswith(_NO_ROUTE)
    )


def canceled(action: str, request: str | None, code: str | None = None) -> RemoteFailure:
    """Return the error of an operation that was canceled."""
    shown = f" (request {request})" if request else ""
    return RemoteFailure(
        f"could not {action}: {code or 'Canceled'}: the operation was canceled in Azure{shown};"
        " check the activity log for the cause, then run again to restart it",
        code=code or "Canceled",
        request_id=request,
    )


def _ended_as(error: Any, described: Callable[[str], bool]) -> bool:
    """Tell whether an operation ended in a state. Its document has a status and often no error."""
    status = _body(error).get("status")
    return isinstance(status, str) and described(status)


def reference(error: Any) -> str:
    """Return the request id, which Azure support asks for, as part of a message."""
    found = request_id(error)
    return f" (request {found})" if found else ""


def _no_document(action: str, **details: Any) -> RemoteFailure:
    return RemoteFailure(f"could not {action}: the answer is not a document of the service; {_NOT_AZURE}", **details)


def _advice(code: str | None, status: int | None, pause: int | None) -> str:
    # The pause of a document with status 200 is that of a poll.
    if pause and (status is None or status >= HTTPStatus.BAD_REQUEST):
        return f"wait {pause} s, then run again"
    if status is not None and (status in (408, 429) or status >= 500):
        return "run again in a few minutes, and contact Azure support with the request id if it persists"
    if code:
        return "correct the cause in the message, then run again"
    return _NOT_AZURE if status else "run again, and report a bug if it persists"


def _is_broken(error: BaseException) -> bool:
    """Tell whether a connection failed, or ended within an answer."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        IncompleteReadError,
        ServiceRequestError,
        ServiceResponseError,
    )

    if isinstance(error, (ServiceRequestError, ServiceResponseError, IncompleteReadError)):
        return True
    # The SDK raises the parent class for some broken connections.
    if isinstance(error, ClientAuthenticationError) or not isinstance(error, HttpResponseError):
        return False
    return error.response is None and isinstance(error.inner_exception, OSError)


def _directory_unreachable(error: Exception) -> bool:
    """Tell whether a sign-in failed without an answer, which the library also reports as a refusal."""
    from azure.core.exceptions import ClientAuthenticationError

    if not isinstance(error, ClientAuthenticationError) or _library_refusal(error):
        return False
    cause: BaseException | None = error
    while cause is not None:
        if _is_broken(cause):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _library_refusal(error: Exception) -> str | None:
    """Return the remedy for a refusal of the identity library itself."""
    return next((fix for text, fix in _UNAVAILABLE.items() if text in str(error)), None)


def _reason(error: Any) -> str:
    """Return the message of the directory or the Azure CLI. Unexpected output is dropped: it may contain a token."""
    message = _message(error)
    return "" if "Unexpected output" in message else f"{message.rstrip('.')}; "


def _sign_in_outage(outage: Outage, action: str) -> RemoteFailure:
    """Return the error for a failure of the sign-in service, which is not about the credentials."""
    reference = f" (request {outage.request_id})" if outage.request_id else ""
    details: dict[str, Any] = {"request_id": outage.request_id, "retry_after": outage.pause}
    answered = f"could not {action}: the sign-in service answered with HTTP {outage.status}"
    if not outage.readable and outage.status < 500 and outage.status not in (408, 429):
        # The next answer may be complete, so a wait continues.
        return Unreachable(
            f"{answered} and not with a JSON document{reference}; {_NOT_AZURE}, then run again", **details
        )
    again = f"wait {outage.pause} s" if outage.pause else "wait some minutes"
    return RemoteFailure(
        f"{answered}{reference}; {again}, then run again; the credentials were not checked",
        # The service reports some transient errors with another status.
        **{**details, "status": outage.status if outage.status in (408, 429) else max(outage.status, 500)},
    )


def _sign_in_refused(error: Any, action: str) -> AccessDenied:
    found = _AADSTS.search(str(error))
    code = found.group(0) if found else _code(error)
    if code is None and _UNKNOWN_TENANT in str(error):
        # The library drops the message of the directory.
        code = "AADSTS90002"
    login = getattr(error, "siterecovery_login", None)
    check = login.method.check if login else "check that tenant exists, then client_id and secret"
    fix = _SIGN_IN_FIXES.get(code or "") or (not found and _library_refusal(error)) or f"{_reason(error)}{check}"
    places = origins.describe(login.origins, login.method.options) if login else ""
    chosen = (
        f" (auth_source auto chose {login.method.name}; set it to choose another method)"
        if login and login.found
        else ""
    )
    return AccessDenied(
        f"could not {action}: sign-in refused{f' ({code})' if code else ''}{reference(error)}: {fix}{places}{chosen}",
        code=code,
        request_id=request_id(error),
    )


def _body(error: Any) -> dict[str, Any]:
    response = getattr(error, "response", None)
    if response is None:
        return {}
    try:
        body = content(response)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _nested(error: Any) -> dict[str, Any]:
    nested = _body(error).get("error")
    return nested if isinstance(nested, dict) else {}


def _code(error: Any) -> str | None:
    inner = getattr(error, "error", None)
    code = getattr(inner, "code", None)
    if code:
        return str(code)
    body = _body(error)
    found = _nested(error).get("code") or body.get("ErrorCode") or body.get("code")
    # Codes of Azure are texts. A number comes from another web framework.
    return found if isinstance(found, str) and found else None


def _message(error: Any) -> str:
    return _short(_whole_message(error), 600)


def _whole_message(error: Any) -> str:
    inner = getattr(error, "error", None)
    return str(getattr(inner, "message", None) or getattr(error, "message", None) or error)


def _detail(error: Any, message: str) -> str:
    """Return the first reason behind a general message, in parentheses. The SDK's message omits it."""
    details = [each for each in _nested(error).get("details") or [] if isinstance(each, dict)]
    for detail in details:
        code, reason = detail.get("code"), detail.get("message")
        if isinstance(reason, str) and reason.strip(" .") and _short(reason).strip(" .") not in message:
            return f" ({f'{code}: ' if isinstance(code, str) and code else ''}{_short(reason).rstrip('.')})"
    return ""


def _recommended_action(error: Any) -> str:
    """Return the recommended action, which Site Recovery sends separately and the SDK's message omits."""
    nested = _nested(error)
    holders = [nested, *(detail for detail in nested.get("details") or [] if isinstance(detail, dict))]
    return next(
        (" ".join(str(holder["recommendedAction"]).split()) for holder in holders if holder.get("recommendedAction")),
        "",
    )


def request_id(error: Any) -> str | None:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return headers.get("x-ms-request-id") if headers is not None else None


def _pause(error: Any) -> int | None:
    """Return the seconds that the service requests before the next call."""
    return seconds_of(getattr(getattr(error, "response", None), "headers", None) or {})


def _short(text: Any, longest: int = 200) -> str:
    line = " ".join(str(text).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."
