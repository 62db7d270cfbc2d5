# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writable properties of API bodies, read from the models of the installed SDK.

Every writable property of a managed resource is an option of its module, or a list names it with the reason.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_NAME = re.compile(r"(?:_models\.)([A-Za-z0-9_]+)")


def writable(model: type) -> frozenset[str]:
    """Return the paths of the leaves that a client may send, such as `properties.networkAcls.ipRules[].value`."""
    return frozenset(_leaves(model, "", ()))


def unaccounted(model: type, options: Mapping[str, str], left_out: Mapping[str, str]) -> list[str]:
    """Report properties without an option or a reason, and keys of both lists that the model does not have.

    A key covers its path and all paths below it.
    """
    paths = writable(model)
    known = [*options, *left_out]
    missing = [f"neither list has {path}" for path in sorted(paths) if not any(_covers(key, path) for key in known)]
    stale = [f"the model has no {key}" for key in known if not any(_covers(key, path) for path in paths)]
    twice = [f"both lists have {key}" for key in options if key in left_out]
    return missing + stale + twice


def _covers(key: str, path: str) -> bool:
    return path == key or path.startswith((key + ".", key + "[]"))


def _leaves(model: type, prefix: str, above: tuple[type, ...]) -> Iterator[str]:
    for name, field in _fields(model):
        if getattr(field, "_visibility", None) == ["read"]:
            continue
        path = prefix + (field._rest_name_input or name)
        kind, many = _model_of(model, name)
        if kind is None or kind in above:
            yield path
        else:
            below = list(_leaves(kind, f"{path}{'[]' if many else ''}.", (*above, model)))
            # The service fills this map of objects. The client writes only its keys.
            yield from below or [path]


def _fields(model: type) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for base in model.__mro__:
        for name, field in vars(base).items():
            if type(field).__name__ == "_RestField" and name not in seen:
                seen.add(name)
                yield name, field


def _model_of(model: type, name: str) -> tuple[type | None, bool]:
    """Return the model that a field holds, or None for a plain value, and whether the field is a list."""
    for base in model.__mro__:
        if name in inspect.get_annotations(base):
            text = str(inspect.get_annotations(base)[name])
            models = vars(sys.modules[base.__module__])
            found = [models[word] for word in _NAME.findall(text) if _is_model(models.get(word))]
            return (found[0] if found else None), bool(re.search(r"\blist\b|\bList\b", text))
    return None, False


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and any(base.__name__ == "_MyMutableMapping" for base in kind.__mro__)
