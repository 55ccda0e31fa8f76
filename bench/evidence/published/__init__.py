"""Published results as data, one file each: what a paper reports, what we run instead, and whether the two agree."""

from bench.evidence.published.book import find_result, published_results
from bench.evidence.published.compare import Compared, Outcome, compare_all
from bench.evidence.published.model import ARM, Block, Number, Published, Statement, is_published

__all__ = [
    "ARM",
    "Block",
    "Compared",
    "Number",
    "Outcome",
    "Published",
    "Statement",
    "compare_all",
    "find_result",
    "is_published",
    "published_results",
]
