"""More than 200 names nobody means well with, for tables and for columns."""

from __future__ import annotations

_SPEARS = (
    '"', '""', "'", "''", "`", "\\", "\\'", '\\"', ";", "--", "/*", "*/", "/* x */", "$$", "$x$", "$1", "?", ":x", "%s",
    "%", "%(x)s", "{table}", "{0}", "{}", '"; drop table canary; --', "'; drop table canary; --", "; drop table canary",
    ") drop table canary; --", '" text); drop table canary; --', "x text, y", "x uuid primary key) --",
    "E'\\x41'", 'U&"\\0041"', "a.b", "a.b.c", "public.canary", '"public"."canary"',
)  # fmt: skip
_WORDS = (
    "select", "table", "user", "null", "default", "pg_temp", "pg_catalog", "pg_toast", "information_schema", "pg_class",
    "ctid", "xmin", "xmax", "cmin", "tableoid", "oid", "glsync", "public", "canary", "CANARY", "Canary", "gl_mappings",
    "gl_sync_logs", "procrastinate_jobs", "current_user", "array", "row", "values", "excluded", "new", "old", "all",
    "constraint", "primary", "order", "glide_row_id", "id", "created_at", "updated_at", "deleted_at", "row_key",
)  # fmt: skip
_LOOKALIKES = (
    "сanary", "ｃanary", "cаnary", "canarу", "ca\u200bnary", "ca\u200cnary", "canary\u200d", "\ufeffcanary",
    "\u202eyranac", "canary\u0301", "caña", "can\u0303a", "ﬁle", "ıd", "ＩＤ", "ſelect", "canary\u00a0", "\u2003canary",
    "ca\u00adnary", "😀", "👩\u200d👩\u200d👧", "\ue000", "\U000e0041", "ʼ", "ʻ", "＂", "＇", "；", "﹣﹣", "Ａ；Ｂ",
    "ǅ", "ß", "𝐜𝐚𝐧𝐚𝐫𝐲", "\u0345", "ﷺ",
)  # fmt: skip
_CONTROLS = (
    "\x00",
    "a\x00b",
    "\x01",
    "\x07",
    "\x08",
    "a\tb",
    "a\nb",
    "a\rb",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\ud800",
    "a\udfff",
)
_LENGTHS = ("", " ", "  ", " a", "a ", "a b", "a" * 62, "a" * 63, "a" * 64, "a" * 65, "a" * 1000, "a" * 100_000,
            "ä" * 31, "ä" * 32, "ä" * 31 + "b", "ä" * 31 + "bc", "😀" * 15, "😀" * 16, "a" * 62 + "ä", "1", "1a", "-",
            "_", "a-b", "#", "&", "<b>", "=1+1", "@x", "~", "!", "a,b", "(a)", "[a]", "a:b")  # fmt: skip

_JOINED = tuple(f"a{spear}b" for spear in _SPEARS) + tuple(f"canary{spear}" for spear in _SPEARS)

NAMES = tuple(dict.fromkeys((*_SPEARS, *_JOINED, *_WORDS, *_LOOKALIKES, *_CONTROLS, *_LENGTHS)))
