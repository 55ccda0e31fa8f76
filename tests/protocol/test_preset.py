import pytest
import yaml

from bench.errors import BenchError
from bench.protocol.preset import Selectors, load_preset, parse_technique, preset_names, resolve, resolve_arms
from bench.tasks import tasks


@pytest.mark.parametrize("name", ["smoke", "quick", "standard", "full"])
def test_presets_that_come_along_resolve(name):
    assert name in preset_names()
    preset = load_preset(name)
    study = resolve(preset)
    assert set(preset.title) == set(preset.description) == {"en", "zh"}
    assert study.techniques[0] == "tanh"
    planned = len(study.techniques) * sum(len(plan.lags) for plan in study.tasks)
    assert len(study.settings) + len(study.skips) == planned


def test_smoke_has_every_task_and_standard_ten_seeds():
    smoke = load_preset("smoke")
    assert {*smoke.tasks, *(task for arm in smoke.arms.values() for task in arm.tasks)} == set(tasks.names())
    assert load_preset("standard").measured_seeds >= 10


def test_selectors_override_the_preset():
    chosen = Selectors(
        techniques=("lstm", "tbptt:window=3", "lstm"), tasks=("copy",), lags=(7, 5, 7), seeds=4, updates=9,
        hidden_size=5, batch_size=3, held_out_size=8, learning_rates=(0.1,), optimizer="sgd", clip_norm=2.0,
        initialisation="orthogonal",
    )  # fmt: skip
    study = resolve(load_preset("smoke"), chosen)
    assert study.techniques == ("lstm", "tbptt:window=3")
    assert [(plan.task, plan.lags) for plan in study.tasks] == [("copy", (5, 7))]
    protocol = study.settings[0].protocol
    assert (protocol.updates, protocol.hidden_size, protocol.batch_size, protocol.held_out_size) == (9, 5, 3, 8)
    assert (protocol.optimizer, protocol.clip_norm, protocol.initialisation) == ("sgd", 2.0, "orthogonal")
    assert not protocol.tunes
    assert study.tuning_cohort(study.settings[0]) is None
    assert len(study.measured_cohort(study.settings[0], 0.1).members) == 4


def test_measured_seeds_begin_where_the_preset_or_the_command_line_says():
    preset = load_preset("smoke").model_copy(update={"first_seed": 21})
    for first, study in ((21, resolve(preset)), (101, resolve(preset, Selectors(first_seed=101, seeds=3)))):
        cohort = study.measured_cohort(study.settings[0], 0.1)
        assert [m.seed for m in cohort.members] == list(range(first, first + study.measured_seeds))
    old, new = resolve(load_preset("smoke")), resolve(load_preset("smoke"), Selectors(first_seed=2))
    assert old.settings == new.settings, "a setting has no seeds"
    assert old.key != new.key
    assert "first_seed" not in old.model_dump(mode="json"), "keys of older studies stay"
    assert type(new).model_validate_json(new.model_dump_json()) == new
    for wrong in (0, -1, 1_000_001):
        with pytest.raises(BenchError, match="--first-seed"):
            resolve(preset, Selectors(first_seed=wrong))


def test_a_study_knows_how_it_differs_from_its_preset():
    quick = load_preset("quick")
    usual = {task: plan.protocol.updates for task, plan in ((p.task, p) for p in resolve(quick).tasks)}
    assert resolve(quick).changed == {}
    same = Selectors(techniques=tuple(quick.techniques), seeds=quick.measured_seeds, optimizer="adam")
    assert resolve(quick, same).key == resolve(quick).key
    chosen = Selectors(techniques=("tanh",), tasks=("copy", "parity"), lags=(5,), seeds=2, updates=100, optimizer="sgd")
    study = resolve(quick, chosen)
    assert study.changed == {
        "techniques": (), "tasks": (), "seeds": (quick.measured_seeds,), "updates": (usual["copy"], 100),
        "optimizer": (),
    }  # fmt: skip
    assert study.cut
    longer = resolve(quick, Selectors(updates=10_000))
    assert set(longer.changed) == {"updates"}
    assert not longer.cut
    assert longer.key != resolve(quick).key


def test_tuning_and_measured_seeds_never_meet():
    study = resolve(load_preset("smoke"))
    setting = study.settings[0]
    tuning = {m.seed for m in study.tuning_cohort(setting).members}
    measured = {m.seed for m in study.measured_cohort(setting, 0.1).members}
    assert tuning
    assert tuning.isdisjoint(measured)


def test_a_technique_that_cannot_do_a_setting_says_why():
    study = resolve(load_preset("smoke"), Selectors(techniques=("tbptt:window=99",), tasks=("adding",)))
    assert not study.settings
    assert "full BPTT" in study.skips[0].reason


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"techniques": ("lstn",)}, "did you mean lstm"),
        ({"techniques": ("tbptt:windw=3",)}, "has no dial 'windw': its dials are window"),
        ({"techniques": ("tbptt:window=x",)}, "needs a number"),
        ({"techniques": ("tbptt:window=-3",)}, "positive"),
        ({"techniques": ("tbptt:window=nan",)}, "positive"),
        ({"tasks": ("ading",)}, "did you mean adding"),
        ({"tasks": ("temporal-order",), "lags": (3,)}, "its least lag is 10"),
        ({"seeds": 0}, "--seeds 0"),
        ({"updates": -1}, "'updates' is -1"),
        ({"hidden_size": -1}, "'hidden_size' is -1"),
        ({"batch_size": 0}, "'batch_size' is 0"),
        ({"learning_rates": (-0.1,)}, "positive"),
        ({"learning_rates": (float("nan"),)}, "positive"),
        ({"clip_norm": 0.0}, "'clip_norm' is 0"),
        ({"optimizer": "adm"}, "'optimizer' is 'adm'"),
        ({"initialisation": "identity"}, "'initialisation' is 'identity'"),
    ],
)
def test_impossible_choices_get_one_sentence(chosen, words):
    with pytest.raises(BenchError, match=words) as caught:
        resolve(load_preset("smoke"), Selectors(**chosen))
    assert "\n" not in str(caught.value)


@pytest.fixture
def written(tmp_path):
    """Writes a preset file with some keys changed or taken away; returns its path."""
    good = load_preset("smoke").model_dump(mode="json", exclude={"name"})

    def write(change=None, without=None):
        words = {k: v for k, v in good.items() if k != without} | (change or {})
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump(words), encoding="utf-8")
        return str(file)

    return write


def test_a_users_own_preset_file(written):
    assert load_preset(written()).name == "mine"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"without": "tasks"}, "the key 'tasks' is missing"),
        ({"change": {"tecniques": []}}, "unknown key 'tecniques'"),
        ({"change": {"measured_seeds": 0}}, "'measured_seeds' is 0"),
        ({"change": {"tasks": {"adding": {"lag": [3]}}}}, "tasks.adding.lag"),
        ({"change": {"techniques": "tanh"}}, "'techniques' is 'tanh'"),
        (
            {"change": {"tasks": {"digits": {"lags": [3], "protocol": {"held_out_size": 999}}}}},
            "400 held-out",
        ),
        ({"change": {"tasks": {"digits": {"lags": [3], "protocol": {"sise": 9}}}}}, "unknown key 'sise'"),
    ],
)
def test_faults_of_a_preset_file_are_named(written, arguments, words):
    with pytest.raises(BenchError, match=words):
        resolve(load_preset(written(**arguments)))


@pytest.mark.parametrize("text", ["a: [", "- a", "", "\x00", "!!python/object/apply:os.system ['true']"])
def test_a_file_that_is_no_preset(tmp_path, text):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(BenchError, match=r"bad\.yaml"):
        load_preset(str(file))


def test_unknown_preset_and_missing_file():
    with pytest.raises(BenchError, match="did you mean quick"):
        load_preset("quik")
    with pytest.raises(BenchError, match="does not exist"):
        load_preset("nowhere/none.yaml")


def test_canonical_spelling_leaves_out_what_is_at_its_default():
    assert parse_technique("tbptt:window=10")[0] == "tbptt"
    assert parse_technique("tbptt:window=20")[0] == "tbptt:window=20"
    assert parse_technique("residual-time:scale=0.30")[0] == "residual-time:scale=0.3"


def test_a_technique_may_scale_the_rates_that_it_is_tried_at():
    study = resolve(load_preset("smoke"), Selectors(techniques=("tanh", "sgd"), tasks=("adding",)))
    rates = {s.technique: {m.learning_rate for m in study.tuning_cohort(s).members} for s in study.settings}
    assert rates == {"tanh": {0.01, 0.001}, "sgd": {0.1, 0.01}}


def test_arms_take_what_they_do_not_say_from_the_main_matrix(written):
    arm = {"title": {"en": "Other"}, "tasks": {"adding": {}}, "protocol": {"initialisation": "orthogonal"}}
    main, other = resolve_arms(load_preset(written({"arms": {"other": arm}})))
    assert (main.arm, other.arm) == ("main", "other")
    adding = [(s.technique, s.lag) for s in main.settings if s.task == "adding"]
    assert [(s.technique, s.lag) for s in other.settings] == adding
    assert other.tasks[0].protocol == main.tasks[0].protocol.model_copy(update={"initialisation": "orthogonal"})


def test_what_an_arm_says_stands_against_selectors_and_a_matrix_of_ones_own_is_main():
    preset = load_preset("smoke")
    start = next(s for s in resolve_arms(preset, Selectors(updates=9)) if s.arm == "start")
    assert start.tasks[0].protocol.updates == 0
    assert [s.arm for s in resolve_arms(preset, Selectors(techniques=("gru",)))] == ["main"]
    assert [s.arm for s in resolve_arms(preset, Selectors(techniques=("gru",)), ["orthogonal"])] == ["orthogonal"]
    with pytest.raises(BenchError, match="no arm 'start2': its arms are main, start"):
        resolve_arms(preset, None, ["start2"])
