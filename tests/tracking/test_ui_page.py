"""MLflow's interface as a person opens it: what the prepared page says, and what a real browser makes of it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from made_up.cohorts import cohort, result, study
from mlflow.exceptions import MlflowException
from served import answering

from bench.report.in_mlflow import show_in_mlflow
from bench.testing.made_up import RULES
from bench.tracking import ui_command, ui_environment
from bench.tracking.ui_page import EXPERIMENT, Page, prepared

MLFLOWS = b"<!doctype html><html><head><title>MLflow</title><script src='main.js'></script></head><body></body></html>"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def choices_of(page: bytes) -> dict[str, Any]:
    """What a page puts into the browser's storage."""
    return json.loads(re.search(rb"\}\)\((\{.*\}), \".*\"\);", page)[1])


def test_the_script_runs_before_mlflows_own():
    page = prepared(MLFLOWS, ["3"], "a store")
    assert page.index(b"localStorage") < page.index(b"main.js")
    assert choices_of(page)["mlflow.workflowType_v1"] == "machine_learning"
    assert "params.budget != '0'" in choices_of(page)[EXPERIMENT.format("3")]["searchFilter"]


def test_no_name_ends_the_script():
    page = prepared(MLFLOWS, ["</script><script>alert(1)"], "</script>")
    assert page.count(b"</script>") == 2, "its own, and MLflow's"


def answered(
    path: str, method: str = "GET", experiments=lambda: ["3"]
) -> tuple[dict[bytes, bytes], bytes, list[bytes]]:
    """The headers and the body that a page answers with, and the names of headers that MLflow was asked with."""
    asked, said = [], []

    async def app(scope, receive, send) -> None:
        asked.extend(name for name, _ in scope["headers"])
        headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(MLFLOWS)), (b"etag", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": MLFLOWS[:9], "more_body": True})
        await send({"type": "http.response.body", "body": MLFLOWS[9:]})

    async def send(message) -> None:
        said.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": [(b"if-none-match", b"1"), (b"host", b"x")]}
    asyncio.run(Page(app, experiments, "a store")(scope, None, send))
    return dict(said[0]["headers"]), b"".join(message.get("body", b"") for message in said), asked


def test_the_bare_address_is_prepared_whole_and_anew_each_time():
    headers, body, asked = answered("/")
    assert headers[b"content-length"] == str(len(body)).encode()
    assert headers[b"cache-control"] == b"no-store"
    assert b"etag" not in headers
    assert asked == [b"host"], "else MLflow might answer that nothing has changed"
    assert EXPERIMENT.format("3") in choices_of(body)


@pytest.mark.parametrize(("path", "method"), [("/static-files/main.js", "GET"), ("/health", "GET"), ("/", "HEAD")])
def test_everything_else_is_mlflows(path, method):
    headers, body, asked = answered(path, method)
    assert body == MLFLOWS
    assert headers[b"etag"] == b"1"
    assert b"if-none-match" in asked


def test_a_store_that_does_not_answer_does_not_take_the_page_away():
    def fails() -> list[str]:
        raise MlflowException("locked")

    _, body, _ = answered("/", experiments=fails)
    assert "mlflow.workflowType_v1" in choices_of(body)


@pytest.fixture
def page(make_store, free_port, tmp_path) -> Iterator[Any]:
    """A browser's page at the bare address of the interface, on a store with results and a report."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    store = make_store()
    store.write_studies([study()])
    store.write_cohort(result(cohort("lstm")))
    hostile = result(cohort("gru"))
    store.write_cohort(replace(hostile, members=hostile.members.assign(title="<img src=x onerror=alert(1)>")))
    untrained = RULES.model_copy(update={"updates": 0})
    store.write_cohort(result(cohort("linear", lag=30, rules=untrained), ["untrained"] * 3))
    report = tmp_path / "report.en.html"
    report.write_text("<h1>What helps</h1>")
    show_in_mlflow(store, pages=[report])
    command = ui_command(store, port=free_port)
    with (
        subprocess.Popen(command, env=ui_environment(store), cwd=tmp_path, stdin=subprocess.PIPE) as server,
        sync_api.sync_playwright() as playwright,
    ):
        address = answering(f"http://127.0.0.1:{free_port}", server)
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root has none
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        opened = browser.new_page(viewport={"width": 1440, "height": 900})
        opened.set_default_timeout(120_000)
        opened.goto(address)
        yield opened
        browser.close()
        server.stdin.close()


def runs(page) -> None:
    """Go from the bare address to the list of runs, as a person does."""
    page.goto(re.sub(r"#.*", "", page.url))
    page.get_by_text("bptt-bench/adding").first.click()
    page.get_by_text("#1 lstm, lag 50").wait_for()


def test_a_person_clicks_from_the_bare_address_to_runs_pictures_charts_and_the_report(page):
    runs(page)
    heads = page.get_by_role("columnheader").all_inner_texts()
    assert {"technique", "lag", "seed", "outcome", "final/updates"} <= {head.strip() for head in heads}
    assert page.get_by_text("#1 linear, lag 30").count() == 0, "which was not trained"
    assert page.get_by_text("Welcome to MLflow Assistant").count() == 0
    report = page.get_by_role("link", name="en.html").get_attribute("href")

    page.get_by_text("#1 lstm, lag 50").click()
    page.get_by_text("solved after").wait_for()
    page.get_by_text("Show more").click()
    drawn = "[...document.images].some(i => i.src.includes('setting.png') && i.naturalWidth > 900)"
    page.wait_for_function(drawn)

    runs(page)
    page.get_by_text("#1 gru, lag 50").click()
    page.get_by_text("onerror").first.wait_for()
    assert page.locator("img[src='x']").count() == 0, "a name is text"

    runs(page)
    page.get_by_role("button", name="Views").click()
    page.get_by_text("adding lag 50").click()
    page.get_by_text("Group: lstm").wait_for()

    page.evaluate("where => { location.hash = where }", report)
    page.frame_locator("iframe").get_by_role("heading", name="What helps").wait_for()
