"""Verdicts on made-up stores: what is said of a claim, and that it is said the same way twice."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from bench.cli.console import to_json
from bench.errors import BenchError
from bench.evidence import wording
from bench.evidence.claims import source_claims
from bench.evidence.measuring.costs import Size
from bench.evidence.statistics import least_n
from bench.evidence.verdicts import OF_PARTS, ClaimVerdict, PartVerdict, Reason, as_record, judge
from bench.languages import language
from bench.testing.made_up import (
    CELLS,
    LAG,
    RULES,
    SmallStore,
    World,
    cost,
    probe,
    profile,
)  # fmt: skip

SEEDS = 30
"""Seeds that tell a difference of .35 of the budget from 0 among so many comparisons, and from the margin."""
ENGLISH, CHINESE = language("en"), language("zh")


def gates(seeds: int = SEEDS, lstm: int = 95, gru: int = 95, **arms: int) -> World:
    """Scores of LSTM, GRU and tanh (50) in a hundred, and the LSTM's in other arms; both gates relieve the gradient."""
    made = World()
    scores = {"tanh": 50, "lstm": lstm, "gru": gru}
    for arm, own in ({"main": lstm} | arms).items():
        for name, score in (scores | {"lstm": own}).items():
            for task, lag in CELLS:
                updates = [100 - score + (3 * seed + 5 * len(name)) % 4 for seed in range(seeds)]
                rows = made.train(name, seeds, arm, lag, task, updates=updates)
                for row in rows:
                    wobble = 0.001 * ((7 * row["seed"] + len(name)) % 5)
                    decay = {"tanh": -0.5}.get(name, -0.1) + wobble
                    made.store.probe_rows += [
                        probe(row, moment, quantity, decay=decay)
                        for moment in ("start", "end")
                        for quantity in (("h", "c") if name == "lstm" else ("h",))
                    ]
    return made


def judged(store: SmallStore) -> dict[str, ClaimVerdict]:
    return {verdict.claim: verdict for verdict in judge(store)}


def parts(verdict: ClaimVerdict) -> dict[str, PartVerdict]:
    return {part.part: part for part in verdict.parts}


@pytest.fixture(scope="module")
def found() -> dict[str, ClaimVerdict]:
    return judged(gates(orthogonal=20).finish())


def test_one_verdict_a_claim_in_the_sources_order(found: dict[str, ClaimVerdict]) -> None:
    assert list(found) == [f"S{i:02}" for i in range(1, 31)]
    assert [[p.part for p in v.parts] for v in found.values()] == [[p.id for p in t.parts] for t in source_claims()]


def test_a_claim_that_plainly_holds(found: dict[str, ClaimVerdict]) -> None:
    claim = found["S06"]
    assert claim.verdict == "supported"
    assert {part.verdict for part in claim.parts} == {"supported"}
    score = parts(claim)["score-lstm"]
    assert score.effect == pytest.approx(0.45, abs=0.01)
    assert score.margin < score.low < 0.45 < score.high
    assert (score.n, score.needed_n, score.direction, score.margin) == (SEEDS, None, "higher", 0.1)
    assert score.p is not None
    assert score.p < 0.05
    assert set(score.data["technique"]) == {"lstm", "tanh"}
    assert len(score.data) == len(score.runs) == 2 * SEEDS * len(CELLS)
    assert found["S04"].verdict == "supported"


def test_the_same_numbers_contradict_the_opposite_claim(found: dict[str, ClaimVerdict]) -> None:
    better = judged(gates(lstm=5, gru=5).finish())
    assert better["S04"].verdict == "contradicted"
    assert (better["S06"].verdict, better["S06"].holding, len(better["S06"].made_of)) == ("in part", 2, 4)
    assert parts(better["S06"])["gradient-gru"].verdict == "supported"
    assert parts(better["S06"])["score-gru"].verdict == "contradicted"


def test_no_difference_is_practically_equal() -> None:
    same = judged(gates(lstm=50, gru=50, seeds=75).finish())
    assert same["S04"].verdict == "practically equal"
    assert parts(same["S06"])["score-lstm"].verdict == "practically equal"
    assert same["S06"].verdict == "in part"  # gradients are relieved
    assert parts(same["S08"])["score"].verdict == "supported"  # which claims that they are equal
    few = judged(gates(lstm=50, gru=50, seeds=20).finish())
    assert parts(few["S06"])["score-lstm"].verdict == "undecided"


def test_a_difference_that_may_be_small_is_weakly_supported() -> None:
    some = judged(gates(lstm=80, gru=80).finish())
    part = parts(some["S06"])["score-lstm"]
    assert (part.verdict, some["S06"].verdict, some["S04"].verdict) == ("weakly supported",) * 3
    assert part.low > 0
    assert "after the correction it may be by less than 0.1" in wording.reason(part, ENGLISH)
    worse = judged(gates(lstm=20, gru=20).finish())
    assert parts(worse["S06"])["score-lstm"].verdict == "weakly contradicted"


def test_few_seeds_are_undecided_and_say_how_many_would_do() -> None:
    few = judged(gates(seeds=5).finish())
    part = parts(few["S06"])["score-lstm"]
    asked = len({p.question for t in source_claims() for p in t.parts if parts(few[t.id])[p.id].verdict == "undecided"})
    assert (part.verdict, part.p, part.n) == ("undecided", None, 5)
    assert part.needed_n is not None
    assert part.needed_n >= least_n(0.05 / asked)
    fewest, most = part.needed_range
    assert fewest is not None
    assert most is None or fewest <= part.needed_n <= most
    assert few["S06"].comparisons == 0
    assert parts(judged(gates(seeds=16, lstm=90).finish())["S06"])["score-lstm"].points_to == "supported"
    assert part.points_to == "undecided"
    assert str(part.needed_n) in wording.reason(part, ENGLISH)
    assert part.effect == pytest.approx(0.45, abs=0.02)
    again = judged(gates(seeds=part.needed_n + 2).finish())
    assert parts(again["S06"])["score-lstm"].verdict in ("supported", "weakly supported")


def test_what_was_not_run_is_said_to_be(found: dict[str, ClaimVerdict]) -> None:
    assert found["S13"].verdict == "not run"
    part = parts(found["S13"])["relu"]
    assert wording.reason(part, ENGLISH) == "ReLU was not run here. The preset quick includes it."
    assert math.isnan(part.effect)
    assert (part.p, part.n, part.runs, part.data.empty) == (None, 0, (), True)
    assert wording.reason(found["S01"].parts[0], ENGLISH) == "Not run here. The preset quick includes it."
    assert wording.reason(found["S22"], ENGLISH).endswith("The preset standard includes them.")


def test_stale_results_count_for_nothing() -> None:
    store = gates(gru=20).finish()
    old = [{**row, "technique_hash": "older"} if row["technique"] == "gru" else row for row in store.rows]
    store.rows = old
    verdict = judged(store)["S06"]
    assert parts(verdict)["score-gru"].verdict == "not run"
    assert "older code" in wording.reason(parts(verdict)["score-gru"], ENGLISH)
    assert verdict.verdict == "undecided"
    assert math.isfinite(verdict.effect)  # told by a part that was run


def test_the_orthogonal_arm_stands_beside_the_verdict(found: dict[str, ClaimVerdict]) -> None:
    assert parts(found["S06"])["score-lstm"].orthogonal == "does not hold"
    assert parts(found["S06"])["score-gru"].orthogonal == "holds"
    assert parts(found["S01"])["radius-0.5"].orthogonal == "not run"
    without = judged(gates().finish())
    assert parts(without["S06"])["score-gru"].orthogonal == "not run"


def test_robustness_counts_the_analyses_that_read_the_same(found: dict[str, ClaimVerdict]) -> None:
    robustness = parts(found["S06"])["score-lstm"].robustness
    by_name = {name: agrees for name, *_, agrees in robustness.details}
    assert set(by_name) == {
        "without:adding", "without:copy", "median", "solve rate", "as run",
    }  # fmt: skip
    assert not by_name["solve rate"]  # all of them solve
    assert (robustness.agree, robustness.analyses) == (4, 5)


def test_robustness_is_agreement_with_the_final_verdict() -> None:
    """An undecided part is not robust because other analyses decide."""
    few = parts(judged(gates(seeds=16, lstm=85).finish())["S06"])["score-lstm"]
    assert few.verdict == "undecided"
    by_name = {name: (low, agrees) for name, _, low, _, agrees in few.robustness.details}
    assert by_name["median"][0] > 0.1
    assert not by_name["median"][1]


def test_a_task_that_decides_alone_is_seen() -> None:
    made = World()
    for name in ("tanh", "lstm"):
        for task, gain in (("adding", 60), ("copy", 0)):
            updates = [97 - 1.5 * gain * (name == "lstm") + (seed * len(name)) % 3 for seed in range(40)]
            made.train(name, 40, task=task, updates=updates)
    part = parts(judged(made.finish())["S06"])["score-lstm"]
    by_name = {name: agrees for name, *_, agrees in part.robustness.details}
    assert (by_name["without:copy"], by_name["without:adding"]) == (True, False)


def test_equal_results_give_equal_verdicts(found: dict[str, ClaimVerdict]) -> None:
    again = judged(gates(orthogonal=20).finish())
    assert to_json([as_record(v) for v in again.values()]) == to_json([as_record(v) for v in found.values()])
    shuffled = gates(orthogonal=20).finish()
    shuffled.rows = shuffled.rows[::-1]
    shuffled.probe_rows = shuffled.probe_rows[::-1]
    assert judged(shuffled)["S06"].p == found["S06"].p


def test_comparisons_are_those_that_could_be_tested(found: dict[str, ClaimVerdict]) -> None:
    tested = {part.question for test in source_claims() for part in test.parts if parts(found[test.id])[part.id].p}
    assert found["S01"].comparisons == found["S30"].comparisons == len(tested)
    assert len(tested) > 5


def test_an_empty_store_is_a_sentence() -> None:
    with pytest.raises(BenchError, match="holds no complete result"):
        judge(SmallStore([]))


# Parts make a claim


def light(mgu: int, mingru: int) -> ClaimVerdict:
    """S30 for two cells of these scores, MGU twice as large as the GRU and minGRU half as large."""
    world = World()
    for name, score, parameters in (("gru", 50, 100), ("mgu", mgu, 200), ("mingru", mingru, 50)):
        for task in ("adding", "temporal-order", "parity", "flip-flop"):
            updates = [100 - score + (seed * len(name)) % 3 for seed in range(70)]
            world.train(name, 70, "light", task=task, updates=updates, parameters=parameters)
    return judged(world.finish())["S30"]


def test_within_a_group_all_and_over_groups_any() -> None:
    claim = light(mgu=95, mingru=50)
    by_part = parts(claim)
    assert by_part["score-mgu"].verdict == by_part["score-mingru"].verdict == "supported"
    assert by_part["parameters-mgu"].verdict == "contradicted"
    assert by_part["parameters-mingru"].verdict == "supported"
    assert claim.verdict == "undecided"  # no costs were measured, and one cell may yet be what is claimed
    assert claim.made_of == ("in part", "not run", "undecided")


def test_counted_parts_have_no_p_and_no_interval() -> None:
    part = parts(light(mgu=50, mingru=50))["parameters-mingru"]
    assert (part.effect, part.low, part.high) == pytest.approx((0.5, 0.5, 0.5))
    assert (part.p, part.n) == (None, 1)
    assert (part.unit, part.null) == ("×", 1)
    assert part.band == pytest.approx((1 / 1.1, 1.1))


def test_a_part_beside_has_no_say() -> None:
    world = World()
    for name in ("tbptt", "tanh"):
        for row in world.train(name, SEEDS, lag=20, updates=[10 if name == "tbptt" else 60] * SEEDS):
            cosine, faint = 0.3 + 0.01 * (row["seed"] % 3), {"tbptt": 0, "tanh": 8}[name]
            world.store.probe_rows += [probe(row, moment, cosine=cosine) for moment in ("start", "end")]
            for moment in ("start", "end"):
                world.store.gradient_rows += profile(row, [-9.0] * faint + [0.0] * (10 - faint), moment)
    claim = judged(world.finish())["S24"]
    assert parts(claim)["cosine"].verdict == "contradicted"
    assert parts(claim)["cosine"].beside
    assert claim.verdict == "supported"
    assert "left of the gradient" not in wording.reason(claim, ENGLISH)


# Words


def test_a_cost_is_told_with_its_size() -> None:
    made = World()
    for name, flops in (("tanh", 100), ("lstm", 400), ("gru", 300)):
        made.train(name, 2)
        made.store.cost_rows.append(cost(name, LAG, steps=LAG, flops=flops))
    known = judged(made.finish())
    part = parts(known["S10"])["flops-lstm"]
    assert part.size == Size("adding", LAG, LAG, (RULES.hidden_size,))
    said = f"Costs are those at {RULES.hidden_size} hidden units, lag {LAG} and sequences of {LAG} steps."
    assert wording.reason(part, ENGLISH) == f"As claimed: 4×, counted. {said}"
    assert wording.reason(known["S10"], ENGLISH).endswith(said)
    assert wording.reason(known["S10"], ENGLISH).count(said) == 1
    assert as_record(part)["size"] == {"task": "adding", "lag": LAG, "steps": LAG, "units": (RULES.hidden_size,)}
    older = replace(part, size=replace(part.size, steps=0))
    assert "and lag 20." in wording.reason(older, ENGLISH)
    assert as_record(known["S04"].parts[0])["size"] is None


def test_what_nobody_learnt_cannot_be_told_and_the_reason_says_why() -> None:
    made = World()
    for name in ("tanh", "lstm", "gru"):
        for task, lag in CELLS:
            made.train(name, 5, "main", lag, task, outcome="unsolved")
    claim = judged(made.finish())["S09"]
    assert {part.verdict for part in claim.parts if part.asked.tasks[0] in dict(CELLS)} == {"cannot tell"}
    assert claim.verdict == "cannot tell"
    assert "No run of what is compared solved even the shortest lag" in wording.reason(claim, ENGLISH)
    assert "最短" in wording.reason(claim, CHINESE)


def test_reasons_say_what_holds_and_what_does_not() -> None:
    blank = dict.fromkeys(PartVerdict.__dataclass_fields__)
    parts = [
        PartVerdict(**{**blank, "asked": source_claims()[3].parts[0].model_copy(update={"label": label}), "verdict": v})
        for label, v in zip("ABC", ("supported", "contradicted", "supported"), strict=True)
    ]
    own = {**vars(parts[0]), "reason": Reason(OF_PARTS), "verdict": "in part"}
    whole = ClaimVerdict(**own, parts=tuple(parts), made_of=tuple(part.verdict for part in parts))
    assert wording.verdict(whole, ENGLISH) == "in part: 2 of 3"
    assert wording.verdict(parts[1], ENGLISH) == "contradicted"
    assert wording.reason(whole, ENGLISH) == "Holds: A and C; does not hold: B."
    assert wording.reason(whole, CHINESE) == "成立：A 和 C；不成立：B。"


@pytest.mark.parametrize(
    ("few", "needed", "key"),
    [
        (False, 30, "undecided"),
        (True, 30, "undecided for few"),
        (False, None, "undecided for good"),
        (True, None, "undecided for few and for good"),
    ],
)
def test_what_would_decide_is_said_only_where_something_would(
    found: dict[str, ClaimVerdict], few: bool, needed: int | None, key: str
) -> None:
    part, reason = parts(found["S06"])["score-lstm"], Reason(key, {"comparisons": 9})
    asked = replace(part, verdict="undecided", needed_n=needed, needed_range=(20, None), reason=reason)
    said = wording.reason(asked, ENGLISH)
    assert ("30 seeds would be needed (20 or more)" in said) == (needed is not None)
    assert ("no practical number of seeds" in said) == (needed is None)
    assert ("for significance after correcting" in said) == few


def test_every_reason_is_whole_in_both_languages(found: dict[str, ClaimVerdict]) -> None:
    for verdict in found.values():
        for said in (verdict, *verdict.parts):
            assert re.fullmatch(r"[^{}]+\.", wording.reason(said, ENGLISH)), said.part
            assert re.fullmatch(r"[^{}]+。", wording.reason(said, CHINESE)), said.part
            assert "nan" not in wording.reason(said, ENGLISH)
            assert not re.search(r"[\u4e00-\u9fff][,;:()A-Za-z0-9]", wording.reason(said, CHINESE)), wording.reason(
                said, CHINESE
            )


def test_a_reason_has_its_numbers(found: dict[str, ClaimVerdict]) -> None:
    part = parts(found["S06"])["score-lstm"]
    for number in (f"{part.effect:.3g}", f"{part.low:.3g}", f"{part.high:.3g}", f"{SEEDS} seeds"):
        assert number in wording.reason(part, ENGLISH)
    assert str(found["S06"].comparisons) in wording.reason(part, CHINESE)


def test_analyses_have_names(found: dict[str, ClaimVerdict]) -> None:
    score, gradient = (parts(found["S06"])[name] for name in ("score-lstm", "gradient-gru"))
    assert wording.analysis(score, "without:copy", ENGLISH) == "without copy"
    assert wording.analysis(score, "without:copy", ENGLISH, {"copy": "Copy"}.get) == "without Copy"
    assert wording.analysis(gradient, "moment:start", CHINESE) == "训练之前"
    assert wording.analysis(score, "median", ENGLISH) == "median over seeds"
    assert wording.analysis(gradient, "mean", ENGLISH) == "mean over seeds"
    every = [(p, name) for claim in found.values() for p in claim.parts for name, *_ in p.robustness.details]
    assert all(wording.analysis(p, name, say) for p, name in every for say in (ENGLISH, CHINESE))
    time = parts(found["S12"])["time"]
    assert wording.analysis(time, "mean", ENGLISH) == "mean over rounds"


def test_a_line_of_what_was_not_run_is_short(found: dict[str, ClaimVerdict]) -> None:
    line = wording.as_line(found["S13"], ENGLISH)
    assert (line["effect"], line["n"], line["robust"]) == ("-", "-", "-")
