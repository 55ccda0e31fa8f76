"""A language is a folder: its rules and its translations of the English that stands beside what it describes."""

from bench.languages.language import Language, language, language_names
from bench.languages.words import Message, words

__all__ = ["Language", "Message", "language", "language_names", "words"]
