"""From a file to Settings, or to every problem at once, in plain words and with its place."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from settings_help import ACCOUNT, OAUTH2, ROUTE, Load, Problems, route

from gateway.errors import SettingsError
from gateway.settings import Settings, load_settings, settings_table
from gateway.settings.loading import settings_of


def test_defaults_are_those_of_the_contract(load: Load, tmp_path: Path) -> None:
    """A file with one account and one route is enough; folders stand beside it, the others in the inbox."""
    settings = load()
    assert settings.path == tmp_path / "gateway.toml"
    folders = settings.folders
    assert (folders.inbox, folders.outbox, folders.state) == (
        tmp_path / "inbox",
        tmp_path / "outbox",
        tmp_path / "state",
    )
    assert (folders.error, folders.retry, folders.done) == tuple(
        tmp_path / "inbox" / name for name in ("error", "retry", "done")
    )
    assert (folders.mappings, folders.schemas, folders.group) == (tmp_path / "xslt", None, None)
    assert (folders.file_mode_bits, folders.dir_mode_bits) == (0o664, 0o2775)
    intake = settings.intake
    assert (intake.settle_seconds, intake.scan_seconds, intake.watch, intake.max_file_mb) == (5.0, 10.0, True, 50)
    assert (intake.stuck_minutes, intake.unrouted_minutes, intake.duplicate_file) == (30.0, 60.0, "hold")
    assert intake.max_file_bytes == 50 * 1024 * 1024
    account = settings.accounts["main"]
    assert (account.name, account.auth, account.send, account.workers) == ("main", "basic", True, 8)
    assert account.unsure_statuses == (408, 500, 502, 504)
    assert settings.outbox_for("main") == tmp_path / "outbox"
    assert [(item.name, item.folder, item.complete, item.profile) for item in settings.routes] == [
        ("orders", "", "quiet", "refuse")
    ]
    assert settings.journal.url == ""


def test_folders_follow_the_inbox(load: Load, tmp_path: Path) -> None:
    """A moved inbox takes error, retry and done with it; a path of its own stays where it says."""
    folders = load('[folders]\ninbox = "drop"\ndone = "archive/done"\n' + ACCOUNT + ROUTE).folders
    assert (folders.error, folders.done) == (tmp_path / "drop" / "error", tmp_path / "archive" / "done")


def test_oauth2_account_loads(load: Load) -> None:
    """OAuth2 needs its four keys and no others."""
    assert load(OAUTH2 + ROUTE).accounts["main"].auth == "oauth2"


def test_settings_are_frozen(load: Load) -> None:
    """Nothing changes once loaded."""
    loaded = load()
    with pytest.raises(ValidationError, match="frozen"):
        loaded.accounts["main"].workers = 2


def test_all_problems_are_told_at_once(problems: Problems) -> None:
    """Wrong values, unknown keys and what concerns several keys come in one list, each with its place."""
    text = (
        "[intake]\nscan_seconds = 0\nwatch = 1\nsettle_secs = 3\n"
        '[accounts.main]\nbase_url = "http://jakamo.example.com"\nusername = "u"\nworkers = "8"\n'
        + route("a", "*.csv", 'complete = "marker"')
        + route("A", "*.xml", 'profile = "no"')
        + '[responses]\non_problem = "ignore"\n'
    )
    assert problems(text) == [
        "gateway.toml: intake.scan_seconds: must be more than 0",
        "gateway.toml: intake.watch: must be true or false, not a number",
        'gateway.toml: intake.settle_secs: there is no setting "settle_secs"; did you mean "settle_seconds"?',
        "gateway.toml: accounts.main.workers: must be a whole number, not text",
        (
            'gateway.toml: routes[1].complete (route "a"): must be "quiet", "trailer", or "marker:" '
            'and a name ending such as "marker:.ok"'
        ),
        'gateway.toml: routes[2].profile (route "A"): must be "refuse" or "warn"',
        'gateway.toml: responses.on_problem: must be "acknowledge" or "stop"',
        (
            "gateway.toml: accounts.main.base_url: must start with https://; plain http is accepted for this machine "
            "alone (localhost, 127.0.0.1)"
        ),
        (
            'gateway.toml: accounts.main.password: is missing (or password_file): auth = "basic" needs username and '
            "password, or a ready token"
        ),
        'gateway.toml: routes[2].name (route "A"): "A" is the name of route 1 already',
    ]


def test_the_error_itself_lists_every_problem(load: Load) -> None:
    """Printing the error is enough to mend the file."""
    with pytest.raises(SettingsError) as caught:
        load("[intake]\nscan_seconds = -1\nworkers = 2\n")
    text = str(caught.value)
    assert len(caught.value.problems) == 4
    assert all(str(problem) in text for problem in caught.value.problems)
    assert "gateway check" in text


def test_empty_file_says_what_is_needed(problems: Problems) -> None:
    """No account and no route are problems; what to add is said."""
    assert problems("") == [
        "gateway.toml: accounts: there is no account; add a table [accounts.main] with base_url, username and password",
        "gateway.toml: routes: there is no route; add a table [[routes]] with name, match, mapping and account",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[account.main]\n", '"account"; did you mean "accounts"?'),
        ("[[route]]\n", '"route"; did you mean "routes"?'),
        ("scan_seconds = 3\n", '"scan_seconds" here; it belongs into [intake]'),
        ("[folders]\npoll_seconds = 3\n", '"poll_seconds" here; it belongs into [accounts.NAME]'),
        ("[journal]\nqqqq = 3\n", '"qqqq"; there are url'),
        ('path = "x"\n', '"path"'),
        ('[accounts.main]\nname = "x"\n', '"name"'),
    ],
)
def test_unknown_keys_are_refused_with_a_suggestion(problems: Problems, text: str, expected: str) -> None:
    """A misspelt key is never ignored; the likely one, or its home, is named."""
    assert f"there is no setting {expected}" in "\n".join(problems(text))


def test_misspelt_key_is_told_once(problems: Problems) -> None:
    """What is missing because it is misspelt is not told as missing too."""
    text = '[accounts.main]\nbase_ulr = "https://demo.thejakamo.com"\nusername = "u"\npasword = "x"\n' + ROUTE
    assert problems(text) == [
        'gateway.toml: accounts.main.base_ulr: there is no setting "base_ulr"; did you mean "base_url"?',
        'gateway.toml: accounts.main.pasword: there is no setting "pasword"; did you mean "password"?',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('accounts = "main"\n' + ROUTE, "accounts: must be a table, not text"),
        ('[accounts]\nbase_url = "x"\n' + ROUTE, "accounts.base_url: must be a table such as [accounts.main]"),
        (ACCOUNT + '[routes]\nname = "x"\n', "routes: must be written as [[routes]] in double brackets"),
        ("[accounts]\nmain = 3\n" + ROUTE, "accounts.main: must be a table such as [accounts.main]"),
        ("routes = [3]\n" + ACCOUNT, "routes[1]: must be a table, not a number"),
        ("folders = 3\n" + ACCOUNT + ROUTE, "folders: must be a table, not a number"),
        (ACCOUNT + ROUTE + "[folders]\ninbox = 3\n", "folders.inbox: must be text in quotes, not a number"),
        (ACCOUNT + ROUTE + '[folders]\ninbox = " "\n', "folders.inbox: must not be empty"),
        (ACCOUNT + ROUTE + "[folders]\nfile_mode = 0o664\n", "folders.file_mode: must be text in quotes"),
        (ACCOUNT + ROUTE + '[folders]\nfile_mode = "0888"\n', "folders.file_mode: must be octal digits"),
        (ACCOUNT + ROUTE + '[folders]\ndir_mode = "0577"\n', "folders.dir_mode: must leave the owner"),
        (ACCOUNT + ROUTE + "[intake]\nmax_file_mb = 1.5\n", "intake.max_file_mb: must be a whole number"),
        (ACCOUNT + ROUTE + "[intake]\nscan_seconds = inf\n", "intake.scan_seconds: must be a number that is not inf"),
        (ACCOUNT + ROUTE + "[intake]\nscan_seconds = 2026-01-01\n", "must be a number, not a date or time"),
        (ACCOUNT + ROUTE + "[intake]\nmapping_workers = 0\n", "intake.mapping_workers: must be at least 1"),
        (ACCOUNT + ROUTE + "[intake]\nmapping_workers = 65\n", "intake.mapping_workers: must be at most 64"),
        (ACCOUNT + ROUTE + '[intake]\nnode = "../x"\n', "intake.node: must be letters, digits"),
        (ACCOUNT + "unsure_statuses = [404]\n" + ROUTE, "unsure_statuses: must be a list of none or more of 408"),
        (ACCOUNT + "unsure_statuses = 500\n" + ROUTE, "unsure_statuses: must be a list in square brackets"),
        (ACCOUNT + 'status_method = "put"\n' + ROUTE, 'accounts.main.status_method: must be "PUT" or "POST"'),
        (ACCOUNT + 'order_change_method = "GET"\n' + ROUTE, 'order_change_method: must be "PUT" or "POST"'),
    ],
)
def test_wrong_values_are_told_in_plain_words(problems: Problems, text: str, expected: str) -> None:
    """Each kind of wrong value has its own sentence; nothing is converted in silence."""
    (problem,) = problems(text)
    assert expected in problem


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{order}.xml", "must contain {sequence}"),
        ("{order}-{sequence", "has a brace without its partner"),
        ("{number}-{sequence}.xml", "has {number}, which is not one of {hash8}, {kind}"),
        ("{order.x}-{sequence}.xml", "has {order.x}"),
        ("{order:>9}-{sequence}.xml", "has {order}"),
        ("../{sequence}.xml", "must be made of letters"),
        (".{sequence}.xml", "must not start with a dot"),
    ],
)
def test_outbox_template_is_a_plain_name(problems: Problems, template: str, expected: str) -> None:
    """A template names known parts only, stays in its folder, and keeps names apart."""
    assert expected in problems(ACCOUNT + ROUTE + f'[responses]\noutbox_name = "{template}"\n')[0]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("[intake]\nscan_seconds 3\n", "gateway.toml: line 2, column 14", "is not valid TOML"),
        ('[folders]\ninbox = "C:\\edi\\inbox"\n', "gateway.toml: line 2", "in single quotes"),
        ("[intake]\nwatch = true\nwatch = false\n", "gateway.toml: line 3", "is not valid TOML"),
        ("[intake", "gateway.toml: line 1", "is not valid TOML"),
    ],
)
def test_syntax_errors_name_the_line(problems: Problems, text: str, place: str, words: str) -> None:
    """A file that is no TOML is told with line and column, and what it likely was."""
    (problem,) = problems(text)
    assert problem.startswith(place)
    assert words in problem


def test_files_of_windows_editors_are_read(load: Load) -> None:
    """A byte order mark and CRLF do not matter."""
    text = "\ufeff" + (ACCOUNT + ROUTE).replace("\n", "\r\n")
    assert load(text).routes[0].name == "orders"


def test_other_encodings_are_told_with_the_line(tmp_path: Path) -> None:
    """A file that is not UTF-8 is told, not guessed."""
    path = tmp_path / "gateway.toml"
    path.write_bytes("[folders]\ninbox = 'ä'\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"line 2: is not UTF-8"):
        load_settings(path, {})


def test_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """A file that is not there, or is a folder, is a settings problem with a way on."""
    with pytest.raises(SettingsError, match=r"there is no such file.*gateway init"):
        load_settings(tmp_path / "other.toml", {})
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path, {})


def test_without_a_path_the_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GATEWAY_CONFIG names the file; else gateway.toml here; else the environment must hold settings."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="no settings file in the present folder"):
        load_settings(None, {"GATEWAY_HOME": "x"})
    (tmp_path / "gateway.toml").write_text(ACCOUNT + ROUTE)
    assert load_settings(None, {}).path == tmp_path / "gateway.toml"
    other = tmp_path / "sub" / "other.toml"
    other.parent.mkdir()
    other.write_text(ACCOUNT + ROUTE)
    settings = load_settings(None, {"GATEWAY_CONFIG": "sub/other.toml"})
    assert (settings.path, settings.folders.inbox) == (other, tmp_path / "sub" / "inbox")


VALUES = st.one_of(
    st.none().map(lambda _: "x"),
    st.booleans(),
    st.integers(-2, 10**20),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)
PLACES = st.sampled_from(
    [(row.key.replace("NAME", "main").replace("routes[]", "routes.0")).split(".") for row in settings_table()]
    + [["folders"], ["accounts"], ["accounts", "main"], ["accounts", ""], ["routes"], ["routes", "0"], ["path"]]
    + [["routes", "0", "content"], ["accounts", "main", "name"], ["web", "listen"], ["intake", "scan"]]
)


@settings(deadline=None)
@given(changes=st.lists(st.tuples(PLACES, VALUES), min_size=1, max_size=4))
def test_nothing_in_a_file_breaks_the_telling(changes: list[tuple[list[str], Any]]) -> None:
    """Whatever stands wherever: Settings come back, or SettingsError with places, never another error."""
    data: Any = tomllib.loads(ACCOUNT + ROUTE)
    for place, value in changes:
        where: Any = data
        for step in place[:-1]:
            key: Any = 0 if isinstance(where, list) else step
            if not isinstance(where[key] if isinstance(where, list) else where.get(key), (dict, list)):
                where[key] = {}
            where = where[key] or {}
        where[0 if isinstance(where, list) else place[-1]] = value
    try:
        settings_of(data, {}, base="/srv/edi", source="gateway.toml")
    except SettingsError as error:
        told = error.problems
    else:
        return
    assert told
    assert all(problem.place.startswith("gateway.toml: ") and problem.message for problem in told)


def test_settings_can_be_built_in_python() -> None:
    """Tests and the demo build Settings from plain values; accounts take their names from their keys."""
    settings = Settings.model_validate({"accounts": {"main": {"base_url": "http://127.0.0.1:8000/"}}})
    assert settings.accounts["main"].name == "main"
    assert settings.accounts["main"].base_url == "http://127.0.0.1:8000"
