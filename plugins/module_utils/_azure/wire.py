# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: documents in the form of the service, independent of the generation of the SDK.

Older generations drop fields that their models do not know and flatten nested objects; newer generations do neither.
Both behave alike when the raw answer is read and the complete body is sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Document = dict[str, Any]


def raw(response: Any, _model: Any, _headers: Any) -> Document:
    """Return the JSON object of an answer. Pass this function to a call as `cls`. Raises DecodeError without one."""
    return document(response.http_response)


def document(answer: Any) -> Document:
    """Return the JSON object of a successful answer. Raises DecodeError for an answer that is not from Azure."""
    from azure.core.exceptions import DecodeError

    try:
        found = content(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DecodeError("the answer is not a JSON document", response=answer)
    return found


def content(response: Any) -> Any:
    """Return the JSON of an answer of any SDK generation. Raises ValueError without JSON."""
    # Responses of older generations have no json().
    return json.loads(response.text())


def documents(models: Iterable[Any]) -> list[Document]:
    """Return the items of a list call, from all pages."""
    return [_document(model) for model in models]


def payload(document: Mapping[str, Any]) -> Any:
    """Return a request body that every SDK generation sends unchanged. Their declared types differ, so it is Any."""
    return json.dumps(document).encode()


def _document(model: Any) -> Document:
    # In older generations, as_dict uses Python names, while serialize uses the names of the service.
    if hasattr(model, "serialize"):
        return dict(model.serialize(keep_readonly=True))
    return dict(model.as_dict())
