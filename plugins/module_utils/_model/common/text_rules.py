# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: rules that texts, host names and folders of every option follow."""

from __future__ import annotations

import re

from .errors import InvalidInput
from .shown_text import has_controls

_LABEL = r"\w([\w-]{0,61}\w)?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
# Matched in full: `$` would accept a final line break.
_DRIVE_PATH = re.compile(r"[A-Za-z]:(\\[^<>:\"/|?*\\\x00-\x1f]+)+")
# "Naming Files, Paths, and Namespaces": the names of devices, with any extension, and final periods and blanks, which
# Windows removes. A longer path leaves no room for the names below it (MAX_PATH).
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9\u00b9\u00b2\u00b3]|LPT[0-9\u00b9\u00b2\u00b3])(\..*)?", re.IGNORECASE)
_LONGEST_FOLDER = 180


def is_host_name(text: str) -> bool:
    """Tell whether a text can be the name of a host, or its IPv4 address."""
    return _HOST_NAME.fullmatch(text) is not None


def require_plain(option: str, text: str | None) -> None:
    """Raise InvalidInput for a text with control characters, line breaks included."""
    if text and has_controls(text):
        raise InvalidInput(
            option, "must not contain line breaks or other control characters", "remove them from the value"
        )


def require_password(option: str, text: str | None) -> None:
    """Raise InvalidInput for a password with control characters, such as the line break that an input ended with."""
    if text and text != text.rstrip("\r\n"):
        raise InvalidInput(
            option,
            "must not end with a line break",
            "encrypt the value without it (printf instead of echo), or add the filter trim",
        )
    require_plain(option, text)


def is_drive_path(text: str) -> bool:
    """Tell whether a text is a full path on a drive, in which Windows takes every name as it is written."""
    if len(text) > _LONGEST_FOLDER or not _DRIVE_PATH.fullmatch(text):
        return False
    return all(not name.endswith((".", " ")) and not _DEVICE.fullmatch(name) for name in text.split("\\")[1:])
