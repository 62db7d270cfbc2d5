# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of Windows and .NET, and the names of services, on German and Japanese machines.

The texts are inferred from the style of these releases. They only have to differ from English, as do the formats of
numbers and dates (see the culture in tests/lab/emulators/warm_driver.ps1). Logs stay English, because the installers of
Site Recovery log in English everywhere.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Final

ENGLISH: Final = "en-US"
# Pattern of the English text in this code -> its text in each other language. The first match applies.
_SENTENCES: Final[list[tuple[str, dict[str, str]]]] = [
    (
        r"Cannot find any service with service name '(?P<name>.*)'\.",
        {
            "de-DE": 'Es kann kein Dienst mit dem Dienstnamen "{name}" gefunden werden.',
            "ja-JP": "サービス名 '{name}' のサービスが見つかりません。",
        },
    ),
    (
        r"Service '(?P<shown>.*) \((?P<name>.*)\)' cannot be started due to the following error: .*",
        {
            "de-DE": 'Der Dienst "{shown} ({name})" kann aufgrund des folgenden Fehlers nicht gestartet werden: '
            "Der Dienst {name} auf dem Computer . kann nicht gestartet werden.",
            "ja-JP": "次のエラーのため、サービス '{shown} ({name})' を開始できません: "
            "コンピューター '.' でサービス {name} を開始できません。",
        },
    ),
    (
        r"Service '(?P<shown>.*) \((?P<name>.*)\)' cannot be stopped due to the following error: .*",
        {
            "de-DE": 'Der Dienst "{shown} ({name})" kann aufgrund des folgenden Fehlers nicht beendet werden: '
            "Der Dienst {name} auf dem Computer . kann nicht beendet werden.",
            "ja-JP": "次のエラーのため、サービス '{shown} ({name})' を停止できません: "
            "コンピューター '.' でサービス {name} を停止できません。",
        },
    ),
    (
        r"Cannot find path '(?P<name>.*)' because it does not exist\.",
        {
            "de-DE": 'Der Pfad "{name}" kann nicht gefunden werden, da er nicht vorhanden ist.',
            "ja-JP": "パス '{name}' が存在しないため検索できません。",
        },
    ),
    (
        r"Could not find file '(?P<name>.*)'\.",
        {
            "de-DE": 'Die Datei "{name}" konnte nicht gefunden werden.',
            "ja-JP": "ファイル '{name}' が見つかりませんでした。",
        },
    ),
    (
        r"Could not find a part of the path '(?P<name>.*)'\.",
        {
            "de-DE": 'Ein Teil des Pfades "{name}" konnte nicht gefunden werden.',
            "ja-JP": "パス '{name}' の一部が見つかりませんでした。",
        },
    ),
    (
        r"Access to the path '(?P<name>.*)' is denied\.",
        {
            "de-DE": 'Der Zugriff auf den Pfad "{name}" wurde verweigert.',
            "ja-JP": "パス '{name}' へのアクセスが拒否されました。",
        },
    ),
    (
        r"There is not enough space on the disk\.",
        {
            "de-DE": "Es steht nicht genug Speicherplatz auf dem Datenträger zur Verfügung.",
            "ja-JP": "ディスクに十分な空き領域がありません。",
        },
    ),
    (
        r"This command cannot be run due to the error: The system cannot find the file specified\.",
        {
            "de-DE": "Dieser Befehl kann aufgrund des folgenden Fehlers nicht ausgeführt werden: "
            "Das System kann die angegebene Datei nicht finden.",
            "ja-JP": "次のエラーのため、このコマンドを実行できません: 指定されたファイルが見つかりません。",
        },
    ),
    (
        r"The system cannot find the file specified\.",
        {
            "de-DE": "Das System kann die angegebene Datei nicht finden.",
            "ja-JP": "指定されたファイルが見つかりません。",
        },
    ),
    (
        r"The network path was not found\.",
        {"de-DE": "Der Netzwerkpfad wurde nicht gefunden.", "ja-JP": "ネットワーク パスが見つかりません。"},
    ),
    (
        r"Unable to connect to the remote server",
        {
            "de-DE": "Die Verbindung mit dem Remoteserver kann nicht hergestellt werden.",
            "ja-JP": "リモート サーバーに接続できません。",
        },
    ),
    (
        "Hyper-V Virtual Machine Management",
        {"de-DE": "Verwaltung virtueller Hyper-V-Computer", "ja-JP": "Hyper-V 仮想マシンの管理"},
    ),
    (
        "Microsoft Defender Antivirus Service",
        {"de-DE": "Microsoft Defender Antivirus-Dienst", "ja-JP": "Microsoft Defender ウイルス対策サービス"},
    ),
]
LANGUAGES: Final = (ENGLISH, *_SENTENCES[0][1])
# The language of the machine that the current thread stands for.
_spoken = threading.local()


@contextlib.contextmanager
def speaking(language: str) -> Iterator[None]:
    """Run this thread as on a machine of a language."""
    before = getattr(_spoken, "language", ENGLISH)
    _spoken.language = language
    try:
        yield
    finally:
        _spoken.language = before


def spoken(text: str, language: str | None = None) -> str:
    """Translate a text into the language of the machine; an unknown text stays English."""
    wanted = getattr(_spoken, "language", ENGLISH) if language is None else language
    if wanted == ENGLISH:
        return text
    for pattern, said in _SENTENCES:
        found = re.fullmatch(pattern, text)
        if found:
            return said[wanted].format_map(found.groupdict())
    return text
