"""The templates, and what they do to text: everything that goes into HTML is escaped. Loads no chart library."""

from __future__ import annotations

import base64
import gzip
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

TEMPLATES: Final = Path(__file__).parent / "templates"
#: The space between a number and its unit, where no line may end.
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:[KMGT]i)?B\b|[nµm]?s\b|GB/s|%)")


@cache
def environment() -> Environment:
    """Return the templates with their filters; everything that goes into HTML is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"md": _markdown_text, "code": _with_code, "drawn": Markup}
    made.globals["file"] = _file
    return made


def packed(text: str) -> str:
    """Return a text as the address of its own compressed copy: a link that needs neither network nor script."""
    return f"data:application/gzip;base64,{base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()}"


def _file(name: str) -> Markup:
    """Return a style or script of ours as it stands."""
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704  a file of this folder


def _with_code(sentence: str) -> Markup:
    """Return a sentence for the page, what stands between backticks as code."""
    kept = _UNIT.sub("&nbsp;", escape(sentence))
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", kept))  # noqa: S704  escaped before


def _markdown_text(text: object) -> str:
    """Return text for a cell or line of Markdown: no pipe ends a cell, no tag or emphasis starts."""
    plain = str(text).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace("*", "\\*")
