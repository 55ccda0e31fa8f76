"""Doctor: each thing that can be missing is found, and its remedy works."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bench import doctor
from bench.cli import main
from bench.doctor import Finding
from bench.errors import BenchError
from bench.tracking import Store


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Other programs are not run but noted down; they succeed and say nothing."""
    ran: list[list[str]] = []

    def note(command: list[str], **_: object) -> subprocess.CompletedProcess:
        ran.append(command)
        return subprocess.CompletedProcess(command, 0, stdout="", stderr="")

    monkeypatch.setattr(doctor.subprocess, "run", note)
    return ran


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other programs fail."""
    said = "Traceback\nOSError: cannot load library 'libpango'"
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr=said)
    monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: failed)


def test_this_machine(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it lacks, there is a finding on everything, and the exit code follows from them."""
    status = main(["doctor", "--store", store.uri, "--json"])
    findings = {f["subject"]: f for f in json.loads(capsys.readouterr().out)}
    assert {"Pango", "Chinese font", "store", "disk", "processor"} <= set(findings)
    assert all(f["remedy"] for f in findings.values() if f["state"] == "problem")
    assert status == any(f["state"] == "problem" for f in findings.values())
    assert store.shown in findings["store"]["detail"]


@pytest.mark.parametrize(("found", "status"), [("ok", 0), ("note", 0), ("problem", 1)])
def test_exit_code(
    found: doctor.State, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda store: [Finding("thing", found, "as it is", "do this")])
    assert main(["doctor"]) == status
    assert capsys.readouterr().out.splitlines()[1].split() == ["thing", found, "as", "it", "is", "do", "this"]


# Python and libraries


def test_python() -> None:
    assert doctor.check_python(">=3.11").state == "ok"
    finding = doctor.check_python(">=4")
    assert (finding.state, finding.remedy) == ("problem", "install Python >=4")


def test_library() -> None:
    installed = metadata.version("numpy")
    assert doctor.check_library(Requirement("numpy>=1")) == Finding("numpy", "ok", installed)
    finding = doctor.check_library(Requirement("numpy>=99"))
    assert (finding.state, finding.detail) == ("problem", f"{installed}, not >=99")
    assert finding.remedy == "python -m pip install 'numpy>=99'"
    assert doctor.check_library(Requirement("no-such-library>=1")).detail == "not installed"


def test_package_lists_what_it_requires_but_no_extras(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "bptt_bench-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: bptt-bench\nVersion: 0\nRequires-Python: >=3.11\n"
        "Requires-Dist: numpy>=2\nRequires-Dist: no-such-library; extra == 'dev'\n"
    )
    monkeypatch.setattr(doctor.metadata, "distribution", lambda name: metadata.PathDistribution(folder))
    assert [f.subject for f in doctor.check_package()] == ["Python", "numpy"]


def test_an_extra_that_is_not_installed_is_a_note_with_the_line_that_installs_it() -> None:
    needed = [Requirement("numpy>=1"), Requirement("no-such-library>=1")]
    finding = doctor.check_extra("data", "tasks on real data", needed)
    assert (finding.state, finding.detail) == ("note", "no tasks on real data: no-such-library missing or too old")
    assert finding.remedy == "python -m pip install 'bptt-bench[data]'"
    assert doctor.check_extra("data", "tasks on real data", needed[:1]).state == "ok"


def test_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "distribution", absent)
    (finding,) = doctor.check_package()
    assert finding.state == "problem"
    assert "pip install" in finding.remedy


# Pango and fonts


@pytest.mark.usefixtures("failing")
def test_pango_is_missing() -> None:
    finding = doctor.check_pango()
    assert (finding.state, finding.packages) == ("problem", doctor.PANGO_PACKAGES)
    assert finding.detail == "no PDF: OSError: cannot load library 'libpango'"
    assert finding.remedy.startswith("sudo apt-get install")


@pytest.mark.usefixtures("commands")
def test_pango_without_subsetting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_loads", lambda library: False)
    monkeypatch.setattr(sys, "platform", "linux")
    finding = doctor.check_pango()
    assert (finding.state, finding.packages) == ("note", ("libharfbuzz-subset0",))


@pytest.mark.parametrize("lister", [None, "/usr/bin/fc-list"])
@pytest.mark.usefixtures("commands")
def test_no_chinese_font(lister: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: lister)
    finding = doctor.check_fonts()
    assert finding.state == "problem"
    assert "fonts-noto-cjk" in finding.packages


# Store and disk


def test_a_store_to_be_made_is_not_made_yet(tmp_path: Path) -> None:
    assert doctor.check_store(str(tmp_path / "new" / "store")).state == "ok"
    assert not (tmp_path / "new").exists()


def test_stores_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "file.txt"
    file.write_text("no folder")
    assert "cannot be created" in doctor.check_store(str(file / "store")).detail
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"nothing like a database" * 100)
    finding = doctor.check_store(str(broken))
    assert finding.state == "problem"
    assert "damaged" in finding.detail


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK", 1)
    assert doctor.check_disk(tmp_path).state == "ok"
    monkeypatch.setattr(doctor, "LEAST_DISK", 1 << 60)
    assert doctor.check_disk(tmp_path).state == "problem"


# Installing


def test_install_as_root(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 0)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    doctor.install_packages(["libpango-1.0-0"])
    assert [command[-1] for command in commands] == ["update", "libpango-1.0-0"]
    assert all(command[:3] == ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"] for command in commands)


def test_install_by_sudo_that_asks_nothing(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    doctor.install_packages(["libpango-1.0-0"])
    assert all(command[:2] == ["sudo", "-n"] for command in commands)


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("apt", [None, "/usr/bin/apt-get"])
def test_install_that_is_not_allowed_says_the_line(apt: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: apt)
    with pytest.raises(BenchError, match=r"sudo apt-get install -y --no-install-recommends one two$"):
        doctor.install_packages(["one", "two"])


def test_install_looks_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    installed: list[str] = []

    def examine(store: str | None) -> list[Finding]:
        lacking = Finding("Pango", "problem", "none", "install it", ("libpango-1.0-0", "libpangoft2-1.0-0"))
        return [Finding("Pango", "ok", "there")] if installed else [lacking]

    monkeypatch.setattr(doctor, "examine", examine)
    monkeypatch.setattr(doctor, "install_packages", installed.extend)
    assert main(["doctor"]) == 1
    assert main(["doctor", "--install"]) == 0
    assert installed == ["libpango-1.0-0", "libpangoft2-1.0-0"]
    assert "there" in capsys.readouterr().out


@pytest.mark.parametrize(("state", "asked"), [("note", [["gcc"]]), ("problem", [["pango", "gcc"], ["pango"]])])
def test_what_is_merely_wished_for_may_fail(
    state: doctor.State, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[list[str]] = []

    def install(packages: list[str]) -> None:
        tried.append(packages)
        if "gcc" in packages:
            raise BenchError("not allowed")

    monkeypatch.setattr(doctor, "install_packages", install)
    kernels = Finding("native kernels", "note", "none", "install it", ("gcc",))
    pango = Finding("Pango", "problem", "none", "install it", ("pango",))
    doctor.install_missing([pango, kernels] if state == "problem" else [kernels])
    assert tried == asked


def test_what_is_needed_and_cannot_be_installed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def install(packages: list[str]) -> None:
        raise BenchError("not allowed")

    monkeypatch.setattr(doctor, "install_packages", install)
    with pytest.raises(BenchError, match="not allowed"):
        doctor.install_missing([Finding("Pango", "problem", "none", "install it", ("pango",))])


def test_kernels_without_a_compiler_are_a_note_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr("bench.engine.native.why_not", lambda: "no C compiler")
    finding = doctor.check_kernels()
    assert (finding.state, finding.packages) == ("note", ("gcc", "libc6-dev"))
    assert "no C compiler" in finding.detail
    monkeypatch.setattr("bench.engine.native.why_not", lambda: None)
    assert doctor.check_kernels().state == "ok"
    monkeypatch.setattr("bench.engine.native.why_not", lambda: "cannot be built or loaded: the disk is full")
    monkeypatch.setattr(doctor.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert doctor.check_kernels().remedy == doctor.KERNELS_REMEDY
