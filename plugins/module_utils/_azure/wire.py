# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: documents as the service writes them, whatever generation of the SDK carries them.

Older generations drop fields that their models don't know and flatten what the service nests, newer ones do neither.
Reading the answer itself and sending the finished body makes both behave alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Document = dict[str, Any]


def raw(response: Any, _model: Any, _headers: Any) -> Document:
    """Give it to a call as `cls`: the call returns the answer's JSON object. Raises DecodeError when it is none."""
    return document(response.http_response)


def document(answer: Any) -> Document:
    """The JSON object of a successful answer. Raises DecodeError: somebody else than Azure gave it."""
    from azure.core.exceptions import DecodeError

    try:
        found = content(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DecodeError("the answer is no JSON document", response=answer)
    return found


def content(response: Any) -> Any:
    """The JSON of an answer, whatever class the SDK wraps it in. Raises ValueError when it is none."""
    # Older generations' responses have no json().
    return json.loads(response.text())


def documents(models: Iterable[Any]) -> list[Document]:
    """The items of a list call, all pages read."""
    return [_document(model) for model in models]


def payload(document: Mapping[str, Any]) -> Any:
    """A request body that every generation passes on unchanged (typed Any: the SDKs declare it in different words)."""
    return json.dumps(document).encode()


def _document(model: Any) -> Document:
    # The older generation's as_dict has Python's names; its serialize has the service's.
    if hasattr(model, "serialize"):
        return dict(model.serialize(keep_readonly=True))
    return dict(model.as_dict())
