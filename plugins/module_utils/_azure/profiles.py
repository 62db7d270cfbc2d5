# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: files in ~/.azure that hold values of a login: profiles, and what the Azure CLI keeps of its own."""

from __future__ import annotations

import configparser
import json
import os
import stat
from collections.abc import Mapping

from .._model.common.errors import InvalidInput

#: The file of profiles, as azure.azcollection has it: an INI file with one section for each.
CREDENTIALS = "~/.azure/credentials"
DEFAULT = "default"


def profile(name: str | None) -> tuple[dict[str, str], str | None]:
    """The values of a profile, and what to warn of. Only a profile that was not named may be absent."""
    path = os.path.expanduser(CREDENTIALS)
    # Values are taken as they stand: a secret may hold a percent sign.
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
            mode = os.fstat(file.fileno()).st_mode
    except OSError as error:
        if name is None and isinstance(error, FileNotFoundError):
            return {}, None
        raise _refused(f"'{path}' can't be read ({error.strerror})", "check the file") from error
    except (configparser.Error, UnicodeDecodeError):
        # Not as the cause: its text quotes lines of the file.
        raise _refused(f"'{path}' is no INI file", "write one [section] for each profile") from None
    section = name or DEFAULT
    if not parser.has_section(section):
        if name is None:
            return {}, None
        known = ", ".join(sorted(parser.sections())) or "none"
        raise _refused(f"'{path}' has no profile '{name}'", f"it has: {known}")
    return dict(parser.items(section)), _warning(path, mode)


def cli_subscription(environment: Mapping[str, str]) -> str:
    """The subscription that the Azure CLI works with, or nothing."""
    folder = environment.get("AZURE_CONFIG_DIR") or os.path.expanduser("~/.azure")
    try:
        with open(os.path.join(folder, "azureProfile.json"), encoding="utf-8-sig") as file:
            known = json.load(file)["subscriptions"]
        return next((str(entry["id"]) for entry in known if entry.get("isDefault")), "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Somebody else's file: whatever is wrong with it, the option says it better.
        return ""


def _refused(rule: str, fix: str) -> InvalidInput:
    return InvalidInput("profile", rule, fix)


def _warning(path: str, mode: int) -> str | None:
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        return f"{path} holds secrets and can be read by others; run chmod 600 on it"
    return None
