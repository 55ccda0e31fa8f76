"""Puts English text into a language, by the folder of that language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from importlib import resources
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, read_po
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bench import plain_yaml
from bench.errors import BenchError
from bench.languages.words import Message

RULES, TRANSLATIONS = "rules.yaml", "messages.po"
"""The files of a language's folder; the second may be absent, as in English."""
GROUP = "bptt_bench.languages"
"""The entry points by which a package brings a language: its name, and the package that is its folder."""
TAGS = ("zero", "one", "two", "few", "many", "other")
"""Unicode's names of plurals, in the order that gettext numbers a language's own."""
_HAN = r"\u4e00-\u9fff"
_BORDER = re.compile(rf"(?<=[{_HAN}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[{_HAN}])")
"""The border between a Chinese character and a letter or digit."""


class Rules(BaseModel):
    """The typographic rules of a language: the file rules.yaml of its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """The language's name in the language itself."""
    locale: str
    """The Unicode locale whose plurals and lists hold, as 'zh_Hans_CN'."""
    between_sentences: str = " "
    between_clauses: str = "; "
    between_items: str = ", "
    """Separator between the items of a list that has no final "and"."""
    colon: str = ": "
    stop: str = "."
    spaced: bool = False
    """True if a space separates Chinese characters from letters and digits."""
    width: float = Field(default=1.0, gt=0)
    """The width of an average character of a figure's text, in units of an English one."""
    fonts: tuple[str, ...] = ()
    """Font families that can set the language, best first; none if every font can."""
    font_package: str = ""
    """The Debian package that has one of them."""

    @field_validator("locale")
    @classmethod
    def _known(cls, locale: str) -> str:
        try:
            Locale.parse(locale)
        except (UnknownLocaleError, ValueError) as error:
            raise ValueError(
                f"'{locale}' is not a locale of the Unicode repository (a valid one is zh_Hans_CN)"
            ) from error
        return locale


class Language:
    """One language: call it with English text, and with the values that fill the text's braces.

    Text that has no translation stays English. Raises BenchError where the folder is not one of a language.
    """

    def __init__(self, code: str, folder: Traversable) -> None:
        self.code = code
        self.rules = _rules(folder, code)
        self._catalog = _catalog(folder, code)

    def __call__(self, text: str | Message, /, **values: Any) -> str:
        """The text in this language, filled.

        Raises KeyError if a brace is not filled: a gap in a sentence is never shown.
        """
        if isinstance(text, Message):
            return self(text.text, **text.values | values)
        filled = {name: self(value) if isinstance(value, Message) else value for name, value in values.items()}
        return self._set(self.translation(text).format(**filled))

    def name(self, title: str) -> str:
        """A title that comes with results, and may hold braces of its own: translated where that is possible."""
        return self._set(self.translation(title))

    def counted(self, one: str, many: str, n: int, **values: Any) -> str:
        """The form of a text that belongs to a number: counted("{n} seed", "{n} seeds", 3) is "3 seeds"."""
        message = self._catalog.get(one)
        forms = message.string if message and isinstance(message.string, tuple) else ()
        form = (one if n == 1 else many) if not any(forms) else forms[min(self._plural(n), len(forms) - 1)]
        return self._set(form.format(n=n, **values))

    def has(self, text: str, context: str | None = None) -> bool:
        """Return True if the text has a translation or, in English, needs none."""
        return self.code == "en" or bool((message := self._catalog.get(text, context)) and message.string)

    def messages(self) -> list[Any]:
        """All that is translated, as Babel's messages."""
        return list(self._catalog)

    def translation(self, text: str, context: str | None = None) -> str:
        """The text in this language with its braces open.

        context: tells apart what is spelled alike in English, such as our own words and those of the source's table.
        """
        message = self._catalog.get(text, context)
        found = message.string if message and not message.fuzzy else None
        return (found if isinstance(found, str) else found[0] if found else None) or text

    def all_of(self, items: Sequence[str]) -> str:
        """A list as a sentence has it: 'a, b and c'."""
        return self._set(format_list(list(items), locale=self.rules.locale)) if items else ""

    def joined(self, *sentences: str) -> str:
        """Whole sentences, one after the other; those that are empty are left out."""
        return self.rules.between_sentences.join(filter(None, sentences))

    def of(self, by_language: dict[str, str]) -> str:
        """The words for this language among those that somebody else gave; else the English, else any; else ''."""
        return by_language.get(self.code) or by_language.get("en") or next(iter(by_language.values()), "")

    @property
    def tag(self) -> str:
        """The language's tag in HTML (BCP 47), such as zh-CN."""
        locale = Locale.parse(self.rules.locale)
        return "-".join(filter(None, [locale.language, locale.territory if locale.language != "en" else None]))

    @cached_property
    def _plural(self) -> Callable[[int], int]:
        """Return the index of the message's form for a number, in gettext's order."""
        plurals = Locale.parse(self.rules.locale).plural_form
        tags: list[str] = [
            tag for tag in ("zero", "one", "two", "few", "many", "other") if tag in {*plurals.tags, "other"}
        ]
        return lambda n: tags.index(plurals(n))

    def _set(self, text: str) -> str:
        return _BORDER.sub(" ", text) if self.rules.spaced else text


def language_names() -> list[str]:
    """The codes of the languages that are installed: English, then the others by name."""
    built_in = [entry.name for entry in _built_in().iterdir() if entry.joinpath(RULES).is_file()]
    found = {*built_in, *(entry.name for entry in entry_points(group=GROUP))}
    return sorted(found, key=lambda code: (code != "en", code))


@cache
def language(code: str) -> Language:
    """A language by its code, or by the path of its folder ('./fr'). Raises BenchError if there is none."""
    if "/" in code:
        return Language(Path(code).name, Path(code))
    folder = _built_in() / code
    if code.isidentifier() and folder.joinpath(RULES).is_file():
        return Language(code, folder)
    for entry in entry_points(group=GROUP, name=code):
        return Language(code, resources.files(entry.value))
    raise BenchError(
        f"Unknown language '{code}': choose from {', '.join(language_names())}, or give the path of a folder with a "
        "language."
    )


def _built_in() -> Traversable:
    return resources.files("bench.languages")


def _rules(folder: Traversable, code: str) -> Rules:
    try:
        text = folder.joinpath(RULES).read_text(encoding="utf-8")
    except OSError:
        raise BenchError(f"{folder} is not a language: it has no {RULES}.") from None
    try:
        return Rules.model_validate(plain_yaml.load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise BenchError(f"{RULES} of the language '{code}'{line}: this is not valid YAML.") from None
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or RULES
        raise BenchError(f"{RULES} of the language '{code}': {place}: {fault['msg']}.") from None


def _catalog(folder: Traversable, code: str) -> Catalog:
    file = folder.joinpath(TRANSLATIONS)
    if not file.is_file():
        return Catalog()
    try:
        with file.open("rb") as opened:
            return read_po(opened, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        raise BenchError(f"{TRANSLATIONS} of the language '{code}' cannot be read: {error}.") from None
