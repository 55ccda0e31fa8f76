"""YAML as plain data: texts, numbers, lists and mappings, each written out, and nothing that grows or runs."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

MOST_DEEP = 20
LARGEST = 2**63 - 1
KINDS = ("null", "bool", "int", "float")
"""Types that an unquoted text may have; dates and merge keys remain text."""


class Refused(yaml.MarkedYAMLError):
    """Valid YAML that is not plain data; `problem` says what is not, and what would be."""


def load(text: str) -> Any:
    """The one document in `text`; raises yaml.YAMLError.

    Refused are aliases (ten lines of them can stand for more than fits into memory), tags, keys that come twice, whole
    numbers beyond 64 bits and nesting deeper than MOST_DEEP.
    """
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def load_own(text: str) -> Any:
    """A file of the program's own, which needs no such care: where libyaml is there, it takes a tenth of the time."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


class _Loader(yaml.SafeLoader):
    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise Refused(problem="anchors and aliases are not supported: write out the value", problem_mark=mark)
        if event.tag:
            raise Refused(problem=f"the tag '{event.tag}' is not supported: write only the value", problem_mark=mark)
        if self.depth >= MOST_DEEP:
            raise Refused(problem=f"it is nested deeper than {MOST_DEEP}", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, ScalarNode) and key.value in seen:
                raise Refused(problem=f"the key '{key.value}' appears twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)

    def construct_whole_number(self, node: ScalarNode) -> int:
        try:
            value = self.construct_yaml_int(node)
        except ValueError:  # more digits than Python reads
            value = LARGEST + 1
        if abs(value) > LARGEST:
            raise Refused(problem="a whole number exceeds 64 bits", problem_mark=node.start_mark)
        return value


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] in KINDS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_whole_number)
