# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the states of operations and resources of Resource Manager in which nothing is pending anymore."""

from __future__ import annotations

_SUCCEEDED = "succeeded"
_FAILED = "failed"
#: Both spellings are in use; the SDK knows only the first one.
_CANCELED = ("canceled", "cancelled")


def is_failed(state: str) -> bool:
    """Tell whether an operation failed."""
    return state.casefold() == _FAILED


def is_canceled(state: str) -> bool:
    """Tell whether an operation was canceled, in any spelling."""
    return state.casefold() in _CANCELED


def is_broken(state: str) -> bool:
    """Tell whether the last write of a resource failed or was canceled, so that the resource may not work."""
    return is_failed(state) or is_canceled(state)


def is_final(state: str) -> bool:
    """Tell whether nothing is pending. A resource without a state has no operation; an unknown state is pending."""
    return not state or state.casefold() == _SUCCEEDED or is_broken(state)


def is_hidden_from_sdk(state: str) -> bool:
    """Tell whether an operation ended in a state on which the SDK polls without end."""
    return state.casefold() in _CANCELED[1:]
