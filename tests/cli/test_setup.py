"""`init` and `check`: a site is made once, whole, and everything wrong with it is told at once."""

from __future__ import annotations

import json
import os
import select
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from gateway.cli.first_settings import parse_route
from gateway.errors import UsageError
from gateway.settings import load_settings
from tests.cli.cli_help import gateway, told
from tests.site import Site


def init(folder: Path, *more: str) -> list[str]:
    """Return the usual first command, for scripts."""
    return ["init", str(folder), "--environment", "demo", "--username", "example-user", *more]


@pytest.fixture
def password(tmp_path: Path) -> str:
    """A file that holds a password."""
    path = tmp_path / "password"
    path.write_text("correct horse\n", encoding="utf-8")
    return str(path)


def test_init_makes_a_site_that_checks(tmp_path: Path, password: str) -> None:
    """Commented settings, the folders people use, no secret in the settings; `check` finds nothing wrong."""
    site = tmp_path / "site"
    routes = ["--route", "*.csv=csv-order", "--route", "st:*.sta=csv-status"]
    data = told(*init(site, "--password-file", password, *routes))

    assert data["config"] == str(site / "gateway.toml")
    assert [(r["name"], r["match"], r["mapping"]) for r in data["routes"]] == [
        ("csv-order", "*.csv", "csv-order"), ("st", "*.sta", "csv-status"),
    ]  # fmt: skip
    assert {"inbox", "outbox"} <= {path.name for path in site.iterdir()}
    assert (site / "inbox" / "error" / "unknown" / "arrived").is_dir()
    text = (site / "gateway.toml").read_text(encoding="utf-8")
    assert "# Seconds between two looks at the inbox." in text
    assert "correct horse" not in text
    account = load_settings(site / "gateway.toml", {}).accounts["main"]
    assert (account.base_url, account.secret("password")) == ("https://demo.thejakamo.com", "correct horse")
    assert told("check", site=site)["ok"]


def test_init_places_no_markers(tmp_path: Path, password: str) -> None:
    """Markers come with the first run: until then the folders may still be moved in the settings."""
    site = tmp_path / "site"
    told(*init(site, "--password-file", password))
    assert list(site.rglob(".gateway-folder")) == []
    assert not (site / "state").exists()


def test_init_never_overwrites(tmp_path: Path, password: str) -> None:
    """A second init refuses, and what was there stays as it was."""
    site = tmp_path / "site"
    told(*init(site, "--password-file", password))
    (site / "gateway.toml").write_text("# mine\n", encoding="utf-8")
    result = gateway(*init(site, "--password-file", password))
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert (site / "gateway.toml").read_text(encoding="utf-8") == "# mine\n"


def test_init_without_a_password_says_what_is_missing(tmp_path: Path) -> None:
    """Scripts may give the secret later; the site is made and `check` names what it lacks."""
    site = tmp_path / "site"
    words = gateway(*init(site)).stdout
    assert "Still missing: the password." in words
    problems = told("check", site=site, code=2)["problems"]
    assert [problem["place"].rpartition(": ")[2] for problem in problems] == ["accounts.main.password"]


def test_init_knows_oauth2(tmp_path: Path, password: str) -> None:
    """The scope of demo and production is known; id, secret and token address are asked."""
    site = tmp_path / "site"
    arguments = ["init", str(site), "--environment", "production", "--auth", "oauth2", "--client-secret-file", password]
    assert "--token-url" in gateway(*arguments).stderr
    told(*arguments, "--token-url", "https://login.example.com/token", "--client-id", "app-1", "--account", "prod")
    account = load_settings(site / "gateway.toml", {}).accounts["prod"]
    assert (account.auth, account.scope) == ("oauth2", "https://api.jakamoapp.com/.default")
    assert [route.account for route in load_settings(site / "gateway.toml", {}).routes] == ["prod"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--username", "x"], "--environment demo"),
        (["--environment", "demo"], "--username"),
        (["--environment", "demo", "--base-url", "https://other.example", "--username", "x"], "different addresses"),
        (["--environment", "demo", "--username", "x", "--route", "*.csv=no-such"], 'no mapping "no-such"'),
        (["--environment", "demo", "--username", "x", "--route", "nonsense"], "not understood"),
        (["--base-url", "http://elsewhere.example", "--username", "x"], "base_url"),
        (["--environment", "demo", "--username", "a:b"], "colon"),
        (["--environment", "demo", "--username", "x", "--password-file", "/nowhere"], "cannot be read"),
    ],
)
def test_init_refuses_answers_that_cannot_be_and_writes_nothing(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    """A wrong answer is told before anything is there, so that init can be run again."""
    result = gateway("init", str(tmp_path / "site"), *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "site").exists()


def test_init_takes_folders_and_another_address(tmp_path: Path, password: str) -> None:
    """Folders elsewhere are written as they are; one inside the site stays relative, so that a site can be moved."""
    site, share = tmp_path / "site", tmp_path / "share"
    told(
        "init", str(site), "--base-url", "http://127.0.0.1:8399", "--username", "x", "--password-file", password,
        "--inbox", str(share), "--outbox", str(site / "out"),
    )  # fmt: skip
    folders = tomllib.loads((site / "gateway.toml").read_text(encoding="utf-8"))["folders"]
    assert folders == {"inbox": str(share), "outbox": "out"}
    assert (share / "retry").is_dir()


def test_routes_are_named_apart() -> None:
    """Two routes of one mapping get two names; a name given is kept."""
    taken: list[str] = []
    for text in ("*.csv=csv-order", "*.txt=csv-order", "mine:a=b.csv=csv-order"):
        taken.append(parse_route(text, taken).name)
    assert taken == ["csv-order", "csv-order-2", "mine"]
    with pytest.raises(UsageError):
        parse_route("=x", [])


@pytest.mark.skipif(sys.platform == "win32", reason="asks on a pseudo terminal")
def test_init_asks_who_is_there_to_answer(tmp_path: Path) -> None:
    """On a terminal what is missing is asked; the password is not shown and lies in a file for this user alone."""
    import pty

    site = tmp_path / "site"
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the child becomes the command
        os.execv(sys.executable, [sys.executable, "-m", "gateway", "init", str(site)])
    answers = ["demo", "*.csv", "csv-order", "example-user", "correct horse"]
    shown = _talk(terminal, answers)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0, shown
    assert "correct horse" not in shown
    secret = site / "secrets" / "main.password"
    assert secret.read_text(encoding="utf-8") == "correct horse\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert load_settings(site / "gateway.toml", {}).accounts["main"].secret("password") == "correct horse"


def _talk(terminal: int, answers: list[str]) -> str:
    """Answer one question after the other, each once it is shown; return everything that was shown."""
    shown, answered = "", 0
    while select.select([terminal], [], [], 30.0)[0]:
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the other end is gone
            break
        shown += data.decode("utf-8", "replace")
        if shown.endswith(": ") and answered < len(answers):
            os.write(terminal, answers[answered].encode() + b"\n")
            answered += 1
    os.close(terminal)
    return shown


def test_check_tells_every_problem_at_once_with_its_place(fresh: Site) -> None:
    """A wrong key, a route without mapping, one without its trailer: all in one go, exit code 2."""
    fresh.routes += [
        {"name": "gone", "match": "*.a", "mapping": "no-such", "account": "main"},
        {"name": "end", "match": "*.b", "mapping": "csv-order", "account": "main", "complete": "trailer"},
    ]
    fresh.settings()
    result = gateway("check", "--json", site=fresh.root)
    problems = {one["place"]: one["message"] for one in json.loads(result.stdout)["problems"]}
    assert result.exit_code == 2
    assert "no mapping 'no-such'" in problems['route "gone", mapping']
    assert "declares none" in problems['route "end", complete']


def test_check_finds_mappings_even_when_the_settings_are_wrong(fresh: Site) -> None:
    """Who misspelt a key and a mapping mends both after one look."""
    fresh.routes = [{"name": "gone", "match": "*.a", "mapping": "no-such", "account": "main"}]
    fresh.intake["scan_secnds"] = 3
    with pytest.raises(Exception, match="scan_secnds"):
        fresh.settings()
    result = gateway("check", site=fresh.root)
    assert result.exit_code == 2
    assert "2 problems" in result.stderr
    assert "scan_secnds" in result.stderr
    assert "no mapping 'no-such'" in result.stderr


def test_check_looks_into_mappings_schemas_and_names(fresh: Site) -> None:
    """A stylesheet that does not compile, a schema that is none, an outbox name that ends like a temporary file."""
    broken = fresh.root / "xslt" / "mine"
    broken.mkdir(parents=True)
    (broken / "mapping.toml").write_text('format = "csv"\nstylesheet = "order.xsl"\n', encoding="utf-8")
    (fresh.root / "schemas").mkdir()
    (fresh.root / "schemas" / "Order.xsd").write_text("<no/>", encoding="utf-8")
    fresh.routes = [{"name": "mine", "match": "*.a", "mapping": "mine", "account": "main"}]
    fresh.responses = {"outbox_name": "{sequence}.part"}
    settings = fresh.root / "gateway.toml"
    fresh.settings()
    settings.write_text(settings.read_text(encoding="utf-8") + '[folders]\nschemas = "schemas"\n', encoding="utf-8")

    places = [one["place"] for one in told("check", site=fresh.root, code=2)["problems"]]
    assert any("mapping.toml" in place for place in places)
    assert any("Order.xsd" in place for place in places)
    assert "responses.outbox_name" in places


def test_check_warns_of_what_works_but_is_strange(fresh: Site) -> None:
    """Overlapping routes and an account without routes are no faults, but worth a line; exit code 0."""
    fresh.routes = [
        {"name": "all", "match": "*", "mapping": "csv-order", "account": "main"},
        {"name": "csv", "match": "*.csv", "mapping": "csv-order", "account": "main"},
    ]
    fresh.settings()
    assert len(told("check", site=fresh.root)["warnings"]) == 1
    words = gateway("check", site=fresh.root).output
    assert 'Routes "all" and "csv"' in words
    assert "All is well: 1 account, 2 routes" in words
    fresh.routes = []


def test_check_tells_a_damaged_journal(fresh: Site) -> None:
    """A journal that is none is told before a run meets it; looking at it changes nothing."""
    (fresh.root / "state").mkdir()
    (fresh.root / "state" / "journal.sqlite3").write_bytes(b"this is no database" * 100)
    problems = told("check", site=fresh.root, code=2)["problems"]
    assert [one["place"] for one in problems] == ["journal"]


def test_check_marks_folders_that_were_replaced(fresh: Site) -> None:
    """After a share was replaced on purpose, the operator says so; the next run goes on."""
    fresh.run()
    (fresh.inbox / ".gateway-folder").unlink()
    words = gateway("run", "--until-idle", site=fresh.root)
    assert words.exit_code == 1
    assert "--mark-folders" in words.stderr

    data = told("check", "--mark-folders", site=fresh.root)
    assert str(fresh.inbox) in data["marked"]
    fresh.run()


def test_settings_come_from_the_environment_too(fresh: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GATEWAY_CONFIG names the file; --config goes before it; without either it is gateway.toml here."""
    assert gateway("check", environ={"GATEWAY_CONFIG": str(fresh.root / "gateway.toml")}).exit_code == 0
    assert gateway("check", "--config", str(fresh.root / "gateway.toml")).exit_code == 0
    monkeypatch.chdir(tmp_path)
    missing = gateway("check", "--config", str(tmp_path / "none.toml"))
    assert missing.exit_code == 2
    assert "gateway init" in gateway("status").stderr
    monkeypatch.chdir(fresh.root)
    assert gateway("check").exit_code == 0
