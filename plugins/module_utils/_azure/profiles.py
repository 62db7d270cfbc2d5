# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: files in ~/.azure with values of a login: the profiles, and the state of the Azure CLI."""

from __future__ import annotations

import configparser
import json
import os
import stat
from collections.abc import Mapping

from .._model.common.errors import InvalidInput

#: The profile file of azure.azcollection: an INI file with one section for each profile.
CREDENTIALS = "~/.azure/credentials"
DEFAULT = "default"


def profile(name: str | None) -> tuple[dict[str, str], str | None]:
    """Return the values of a profile and a warning. Only the default profile can be absent. Raises InvalidInput."""
    path = os.path.expanduser(CREDENTIALS)
    # No interpolation: a secret can contain a percent sign.
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_file(file)
            mode = os.fstat(file.fileno()).st_mode
    except OSError as error:
        if name is None and isinstance(error, FileNotFoundError):
            return {}, None
        raise _refused(f"'{path}' is not readable ({error.strerror})", "check the file") from error
    except (configparser.Error, UnicodeDecodeError):
        # Suppress the cause, because its text quotes lines of the file.
        raise _refused(f"'{path}' is not an INI file", "write one [section] for each profile") from None
    section = name or DEFAULT
    if not parser.has_section(section):
        if name is None:
            return {}, None
        known = ", ".join(sorted(parser.sections())) or "none"
        raise _refused(f"'{path}' has no profile '{name}'", f"use one of: {known}")
    return dict(parser.items(section)), _warning(path, mode)


def cli_subscription(environment: Mapping[str, str]) -> str:
    """Return the default subscription of the Azure CLI, or an empty text."""
    folder = environment.get("AZURE_CONFIG_DIR") or os.path.expanduser("~/.azure")
    try:
        with open(os.path.join(folder, "azureProfile.json"), encoding="utf-8-sig") as file:
            known = json.load(file)["subscriptions"]
        return next((str(entry["id"]) for entry in known if entry.get("isDefault")), "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # The file belongs to the CLI. The missing option will be reported, which is clearer than details of the file.
        return ""


def _refused(rule: str, fix: str) -> InvalidInput:
    return InvalidInput("profile", rule, fix)


def _warning(path: str, mode: int) -> str | None:
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        return f"{path} contains secrets and is readable by other users; run chmod 600 on it"
    return None
