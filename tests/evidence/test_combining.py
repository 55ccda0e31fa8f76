"""Parts make a claim: what holds in part, what fails, what is open."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import pytest

from bench.evidence.claims import Claim, Part, source_claims
from bench.evidence.combining import Whole, combined, decided, of_claim
from bench.evidence.questions import HOLDS, Verdict
from bench.evidence.verdicts import PartVerdict


def asked(name: str, **changes: Any) -> Part:
    return source_claims()[3].parts[0].model_copy(update={"id": name, "label": name, **changes})


def made(*verdicts: Verdict, **changes: Any) -> list[PartVerdict]:
    """Parts p0, p1 … with these verdicts; p grows with the number."""
    blank = dict.fromkeys(PartVerdict.__dataclass_fields__)
    p = {"not run": None, "undecided": 0.3}
    return [
        PartVerdict(
            **{
                **blank,
                "asked": asked(f"p{i}", **changes),
                "verdict": v,
                "p": p.get(v, 0.01) and p.get(v, 0.01) + i / 1000,
            }  # type: ignore[arg-type]
        )
        for i, v in enumerate(verdicts)
    ]


S, W, E, C, D, U, N = (
    "supported", "weakly supported", "practically equal", "contradicted", "weakly contradicted", "undecided", "not run",
)  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "verdicts", "verdict", "part"),
    [
        ("all", (S, S), S, "p1"),  # the weakest link
        ("all", (S, W, S), W, "p1"),
        ("all", (S, S, S, C), "in part", "p3"),  # one that fails among four is no contradiction
        ("all", (S, E, E, D), "in part", "p1"),  # and what is refuted is not equal
        ("all", (S, U, C), "in part", "p2"),
        ("all", (S, U), U, "p1"),
        ("all", (U, N), U, "p0"),
        ("all", (S, N), U, "p0"),  # told by what was run
        ("all", (C, U), U, "p1"),
        ("all", (C, C), C, "p0"),  # the best proved
        ("all", (E, C), C, "p1"),
        ("all", (E, E), E, "p0"),
        ("all", (N, N), N, "p0"),
        ("any", (C, S, U), S, "p1"),
        ("any", (C, W, S), S, "p2"),
        ("any", (C, U), U, "p1"),
        ("any", (C, N), U, "p0"),
        ("any", (C, E), E, "p1"),
        ("any", (C, C), C, "p0"),
    ],
)
def test_the_verdict_and_the_part_that_tells_of_it(
    rule: Any, verdicts: tuple[Verdict, ...], verdict: Verdict, part: str
) -> None:
    found = decided([Whole(p.verdict, p) for p in made(*verdicts)], rule)
    assert (found.verdict, found.part.part) == (verdict, part)


@pytest.mark.parametrize("rule", ["all", "any"])
def test_every_mixture_has_a_verdict_that_is_fair(rule: Any) -> None:
    """Whatever is refuted is not equal, whatever holds somewhere is not contradicted; and order does not matter."""
    for several in itertools.combinations_with_replacement([v for v in get_args(Verdict) if v != "in part"], 3):
        whole = combined(several, rule)
        assert all(combined(order, rule) == whole for order in itertools.permutations(several))
        if set(several) & HOLDS:
            assert whole not in (C, D, E, N)
        if rule == "all" and set(several) & {C, D}:
            assert whole not in (S, W, E)
        if whole in HOLDS and rule == "all":
            assert set(several) <= HOLDS


def test_groups_are_combined_first_and_counted_as_one_each() -> None:
    claim = source_claims()[28]
    assert claim.within == "any"
    own = Claim.model_validate({**claim.model_dump(), "parts": [p.model_dump() for p in claim.parts]})
    one = made(S, C, group="optimisers")
    other = made(E, C, group="activations")
    whole, made_of = of_claim(own, [*one, *other])
    assert made_of == (S, E)
    assert whole.verdict == "in part"
    assert of_claim(own, [*one, *made(U, C, group="activations")])[0].verdict == U


def test_a_part_beside_has_no_say() -> None:
    beside = made(C, beside=True)
    whole, made_of = of_claim(source_claims()[3], [*made(S), *beside])
    assert (whole.verdict, made_of) == (S, (S,))
