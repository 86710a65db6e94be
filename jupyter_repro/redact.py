"""What of an address or a query may be written down: never a credential, nor what might be one.

Names of parameters stay, and values that only say what was asked for: words, numbers, dates, file names. Whatever else
a value is, a key, a signature, a token, a mixture that can't be told from one, is `***`. Standard library only.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

HIDDEN = "***"
_LONGEST = 80  # characters of a value
_SECRET_WORDS = frozenset(
    "pass pwd pw pin otp sid key keys sig auth session cookie nonce hash hmac jwt sas salt login user username uid "
    "account identified expires amz goog".split()
)
_SECRET_NAMES = re.compile(
    r"passw|passphrase|secret|token|apikey|accesskey|signature|credential|authori[sz]|^code$", re.IGNORECASE
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_NAME = re.compile(r"[A-Za-z_$][\w.\-\[\]$:]{0,40}")
# A word, a number, or a few letters beside a few digits (Q3, v2, 4K): keys mix more.
_PART = re.compile(r"[^\W\d_]{0,24}|\d{1,12}|[^\W\d_]{1,3}\d{1,4}|\d{1,4}[^\W\d_]{1,3}")
_SEPARATOR = re.compile(r"[\s,.:;/+%*~_?!()\[\]-]+")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d(?::?\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?")
# What services' keys look like wherever they stand.
_KEY = re.compile(
    r"(?:AKIA|ASIA)[A-Z0-9]{12,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{8,}|hf_\w{16,}"
    r"|sk-[\w-]{16,}|sk_(?:live|test)_\w{8,}|AIza[\w-]{20,}|(?:bot)?\d{6,}:[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"
)
_HOST = re.compile(r"(?:[\w.-]*|\[[\w.:%]+\])(?::\d*)?")
_USERINFO = re.compile(r"(?<=://)[^/?#]*@")
_SECRET_FOLDERS = frozenset(
    "token tokens key keys apikey api_key api-key secret secrets password auth webhooks".split()
)
_QUOTED = re.compile(
    r"[A-Za-z][\w+.-]{0,20}://[^\s'\"<>)\x1b]{1,4000}|/[^\s'\"<>)?\x1b]{0,2000}\?[^\s'\"<>)=\x1b]{1,200}=[^\s'\"<>)\x1b]{0,4000}"
)
_PATH_PARAMETER = re.compile(r";([\w.-]+)=[^;/]*")
_SQL = re.compile(
    r"""--[^\n]*|/\*.*?\*/                                 # comments
    |(?P<dollar>\$(?P<tag>\w*)\$).*?(?:\$(?P=tag)\$|\Z)    # PostgreSQL's other quotes
    |(?P<text>'(?:[^'\\]|''|\\.)*(?:'|\Z))
    |(?P<quoted>"(?:[^"]|"")*(?:"|\Z))""",
    re.VERBOSE | re.DOTALL,
)
_SECRET_STATEMENT = re.compile(
    r"\b(?:create|alter|set|attach|use|grant|connect)\b.*?\b(?:secret|user|role|login|password|identified|token)\b",
    re.IGNORECASE | re.DOTALL,
)
# What a literal is compared with or given to.
_LAST_NAME = re.compile(r"([\w.$]+)[\"`\]]?(?:[:!<>]?=>?|<>|[,(\s]|\b(?:in|like|is|to|by)\b)*\Z", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether what goes by this name is kept secret, whatever it looks like."""
    return bool(_SECRET_NAMES.search(name)) or any(word.lower() in _SECRET_WORDS for word in _WORDS.findall(name))


def is_harmless(value: str, name: str = "") -> bool:
    """Whether a value under this name can be written down."""
    if is_secret_name(name) or len(value) > _LONGEST:
        return False
    return _STAMP.fullmatch(value) is not None or all(_PART.fullmatch(part) for part in _SEPARATOR.split(value))


def redact_url(url: str) -> str:
    """Without user, password and fragment, and with the values of its query as far as they are harmless."""
    text = _USERINFO.sub("", _printable(url).partition("#")[0])
    before, mark, query = text.partition("?")
    scheme, separator, rest = before.rpartition("://")
    host, slash, path = rest.partition("/")
    if _HOST.fullmatch(host) is None:  # a password that wasn't quoted may reach into the path
        return f"{scheme}{separator}{HIDDEN}"
    return f"{scheme}{separator}{host}{slash}{_path(path)}{mark}{_query(query)}"


def redact_text(text: str) -> str:
    """What an error says, which may quote the address that was asked for."""
    return _QUOTED.sub(lambda match: redact_url(match[0]) if {"?", "@"} & set(match[0]) else match[0], text)


def redact_database(url: str) -> str:
    """The address of a database: as `redact_url`, for any scheme, also one that isn't written as a URL."""
    return redact_url(url) if "://" in url else HIDDEN


def redact_sql(statement: str) -> str:
    """Without comments; a literal stays where it is harmless."""
    secretive = _SECRET_STATEMENT.search(statement) is not None

    def replace(match: re.Match[str]) -> str:
        if match["quoted"] is not None:
            inner = match["quoted"].strip('"')
            return match["quoted"] if _NAME.fullmatch(inner) and not _KEY.search(inner) else f'"{_literal(inner, "")}"'
        if match["text"] is None:
            return f"'{HIDDEN}'" if match["dollar"] else " "
        name = _LAST_NAME.search(statement, max(0, match.start() - 100), match.start())
        inner = match["text"].strip("'")
        return f"'{HIDDEN if secretive else _literal(inner, name[1] if name else '')}'"

    return " ".join(_SQL.sub(replace, _printable(statement)).split())


def _literal(value: str, name: str) -> str:
    if "://" in value and not is_secret_name(name):
        return redact_url(value)
    return value if is_harmless(value, name) else HIDDEN


def _path(path: str) -> str:
    parts, before = [], ""
    for part in _PATH_PARAMETER.sub(rf";\1={HIDDEN}", path).split("/"):
        hidden = before.lower() in _SECRET_FOLDERS and part
        parts.append(HIDDEN if hidden else _KEY.sub(HIDDEN, part))
        before = part
    return "/".join(parts)


def _query(query: str) -> str:
    return "&".join(_parameter(part) for part in query.split("&")) if query else ""


def _parameter(part: str) -> str:
    name, equals, value = part.partition("=")
    plain = unquote(name), unquote(value.replace("+", " "))
    shown = name if is_harmless(plain[0]) else HIDDEN  # a bare value stands where a name would
    return f"{shown}{equals}{value if is_harmless(plain[1], plain[0]) else HIDDEN}" if equals else shown


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char.isspace() else quote(char, errors="replace") for char in text)
