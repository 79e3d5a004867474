"""What must hold between several settings, and with the machine."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from settings_help import ACCOUNT, OAUTH2, ROUTE, Load, Problems, account, route

from gateway.settings import overlap_warnings
from gateway.settings.overlap import common_name


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "https://proxy.example.com/jakamo/"],
)
def test_plain_http_is_for_this_machine(load: Load, address: str) -> None:
    """Loopback may be plain; everything else is https, under any path."""
    text = (ACCOUNT + ROUTE).replace("https://demo.thejakamo.com", address)
    assert load(text).accounts["main"].base_url == address.rstrip("/")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://demo.thejakamo.com", "must start with https://; plain http"),
        ("http://127.0.0.1.example.com", "must start with https://; plain http"),
        ("http://10.0.0.1", "must start with https://; plain http"),
        ("demo.thejakamo.com", "must start with https://"),
        ("ftp://demo.thejakamo.com", "must start with https://"),
        ("https://", "is not a web address"),
        ("https://demo.thejakamo.com:port", "is not a web address"),
        ("https://demo .thejakamo.com", "is not a web address"),
        ("https://user:pass@demo.thejakamo.com", "must not hold a user name or password"),
        ("https://demo.thejakamo.com/api", "must end before /api"),
        ("https://demo.thejakamo.com/api/order", "must end before /api"),
        ("https://demo.thejakamo.com/?a=b", "must end before ? and #"),
    ],
)
def test_addresses_that_cannot_be_meant(problems: Problems, address: str, expected: str) -> None:
    """An address is refused with the reason, and never repeated: it may hold a password."""
    (problem,) = problems((ACCOUNT + ROUTE).replace("https://demo.thejakamo.com", address))
    assert problem.startswith(f"gateway.toml: accounts.main.base_url: {expected}")
    assert "pass@" not in problem


def test_token_url_and_proxy_are_addresses_too(problems: Problems) -> None:
    """The token address is https; a proxy is an address without a path."""
    text = OAUTH2.replace("https://login", "http://login") + 'proxy = "proxy.example.com:3128"\n' + ROUTE
    first, second = problems(text)
    assert "accounts.main.token_url: must start with https://" in first
    assert "accounts.main.proxy: must start with http" in second
    (third,) = problems(ACCOUNT + 'proxy = "http://u:secret@proxy.example.com:3128/x"\n' + ROUTE)
    assert "must end after the port" in third
    assert "secret" not in third


@pytest.mark.parametrize(
    ("lines", "keys"),
    [
        ("", ["username", "password"]),
        ('username = "u"', ["password"]),
        ('password = "p"', ["username"]),
        ('username = "u"\npassword = "p"\ntoken = "eDp5"', ["token"]),
        ('username = "u:v"\npassword = "p"', ["username"]),
        ('username = "u"\npassword = "p"\nscope = "s"\nclient_id = "c"', ["client_id", "scope"]),
        ('username = "u"\npassword = ""', ["password"]),
        ('username = "u"\npassword = "a\\nb"', ["password"]),
        ('token = "Basic eDp5"', ["token"]),
        ('token = "eDp 5"', ["token"]),
        ('auth = "oauth2"', ["token_url", "client_id", "client_secret", "scope"]),
        (
            (
                'auth = "oauth2"\ntoken_url = "https://login.example.com/t"\nclient_id = "c"\nclient_secret = "x"\n'
                'scope = "s"\nusername = "u"\ntoken = "t"'
            ),
            ["username", "token"],
        ),
    ],
)
def test_sign_in_is_complete_and_of_one_kind(problems: Problems, lines: str, keys: list[str]) -> None:
    """Each missing, doubled or foreign key of the sign-in is told at its key."""
    places = [problem.split(": ")[1] for problem in problems(account("main", lines) + ROUTE)]
    assert places == [f"accounts.main.{key}" for key in keys]


def test_token_alone_is_a_sign_in(load: Load) -> None:
    """A ready token stands for user name and password."""
    assert load(account("main", 'token = "dXNlcjpwdw=="') + ROUTE).accounts["main"].secret("token") == "dXNlcjpwdw=="


def test_ca_file_must_hold_a_certificate(problems: Problems, tmp_path: Path) -> None:
    """A CA file that is missing or holds no certificate is told before the first connection."""
    (missing,) = problems(ACCOUNT + 'ca_file = "ca.pem"\n' + ROUTE)
    assert missing == "gateway.toml: accounts.main.ca_file: ca.pem cannot be read: No such file or directory"
    (tmp_path / "ca.pem").write_text("no certificate")
    (empty,) = problems(ACCOUNT + 'ca_file = "ca.pem"\n' + ROUTE)
    assert empty == "gateway.toml: accounts.main.ca_file: ca.pem holds no CA certificate in PEM form"


def test_several_accounts_need_outboxes_of_their_own(problems: Problems) -> None:
    """With several accounts each names its own outbox, and no two the same or one inside the other."""
    a, b = (account(name, f'username = "{name}"\npassword = "p"') for name in ("a", "b"))
    routes = ROUTE.replace('"main"', '"a"')
    assert [problem.split(": ")[1] for problem in problems(a + b + routes)] == [
        "accounts.a.outbox",
        "accounts.b.outbox",
    ]
    (same,) = problems(a + 'outbox = "out"\n' + b + 'outbox = "./x/../out"\n' + routes)
    assert same == "gateway.toml: accounts.b.outbox: is the same folder as accounts.a.outbox; each needs its own"
    (inside,) = problems(a + 'outbox = "out"\n' + b + 'outbox = "out/b"\n' + routes)
    assert inside.startswith("gateway.toml: accounts.b.outbox: must not lie inside accounts.a.outbox")


def test_account_outboxes_may_stand_in_the_common_one(load: Load, tmp_path: Path) -> None:
    """The common outbox counts only when an account uses it."""
    a, b = (account(name, f'username = "{name}"\npassword = "p"\noutbox = "outbox/{name}"') for name in ("a", "b"))
    assert load(a + b + ROUTE.replace('"main"', '"a"')).outbox_for("b") == tmp_path / "outbox" / "b"


def test_accounts_are_different_ones(problems: Problems) -> None:
    """Two accounts with one identity would take each other's messages; two of one name cannot be told apart."""
    lines = 'username = "u"\npassword = "p"\n'
    text = account("a", lines + 'outbox = "a"') + account("b", lines + 'outbox = "b"')
    (same,) = problems(text + ROUTE.replace('"main"', '"a"'))
    assert 'accounts.b: is the same user at the same address as account "a"' in same
    text = account("a", 'token_file = "gone"\noutbox = "a"') + account("b", 'token_file = "gone"\noutbox = "b"')
    unreadable = problems(text + ROUTE.replace('"main"', '"a"'))
    assert [problem.split(": ")[1] for problem in unreadable] == ["accounts.a.token_file", "accounts.b.token_file"]
    text = account("a-x", lines + 'outbox = "a"') + account("A_x", 'username = "v"\npassword = "p"\noutbox = "b"')
    (alike,) = problems(text + ROUTE.replace('"main"', '"a-x"'))
    assert 'accounts.A_x: cannot be told from account "a-x"' in alike


@pytest.mark.parametrize("name", ["'a.b'", "'a b'", "''", "a__b", "'-a'", "'../x'"])
def test_account_names_are_safe(problems: Problems, name: str) -> None:
    """An account's name becomes part of keys, variables and lists."""
    text = f'[accounts.{name}]\nbase_url = "https://demo.thejakamo.com"\ntoken = "eDp5"\n'
    assert "must be named by letters and digits" in problems(text + ROUTE)[0]


def test_route_names_an_account_that_exists(problems: Problems) -> None:
    """A route to nowhere is told with what there is."""
    assert problems(ACCOUNT + ROUTE.replace('account = "main"', 'account = "Main"')) == [
        'gateway.toml: routes[1].account (route "orders"): there is no account "Main"; there is "main"'
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("content = {}", 'content (route "r"): must have exactly one of root, path and header; it has none of them'),
        ('content = { root = "A", header = "b" }', "it has root and header"),
        ('content = { path = "A/b" }', "content.value"),
        ('content = { root = "A", value = "b" }', "content.value"),
        ('content = { roots = "A" }', 'did you mean "root"?'),
        ('content = "A"', 'content (route "r"): must be a table, not text'),
        ('folder = "../x"', 'must stay inside the inbox, without ".."'),
        ('folder = "/srv/x"', "must be a folder inside the inbox"),
        ("folder = 'C:\\x'", "must be a folder inside the inbox"),
        ('folder = ".work"', "must not start with a dot"),
        ('folder = "done/2026"', "must not be or lie inside folders.done"),
        ('folder = "retry"', "must not be or lie inside folders.retry"),
        ('complete = "marker:"', "must name the ending of the marker file"),
        ('complete = "marker:ok"', "must name the ending of the marker file"),
        ('complete = "marker:../x"', "must name the ending of the marker file"),
        ('complete = "Quiet"', 'must be "quiet", "trailer", or "marker:"'),
        ("settle_seconds = -1", "must be at least 0"),
        ('content = { header = "" }', 'content.header (route "r"): must not be empty'),
    ],
)
def test_routes_are_checked(problems: Problems, lines: str, expected: str) -> None:
    """Each wrong key of a route is told at that route."""
    found = problems(ACCOUNT + route("r", "*", lines))
    assert expected in found[0]
    assert all("routes[1]" in problem for problem in found)


def test_route_names_a_mapping(problems: Problems) -> None:
    """A route without a mapping, or with one that is no folder name, is told."""
    (missing,) = problems(ACCOUNT + ROUTE.replace('mapping = "csv-order"\n', ""))
    assert missing == 'gateway.toml: routes[1].mapping (route "orders"): is missing'
    (path,) = problems(ACCOUNT + ROUTE.replace('"csv-order"', '"../csv-order"'))
    assert path.startswith('gateway.toml: routes[1].mapping (route "orders"): must be the name of a mapping folder')


@pytest.mark.parametrize("match", ["sub/*.csv", "sub\\\\*.csv", "*.{csv,txt}", ""])
def test_match_is_one_pattern_for_a_name(problems: Problems, match: str) -> None:
    """A pattern that could never fit is refused."""
    assert "routes[1].match" in problems(ACCOUNT + route("r", match))[0]


def test_route_reads_its_own_words(load: Load) -> None:
    """Letter case and the two spellings of accents do not count; the sign of completeness is taken apart."""
    text = ACCOUNT + route("r", "Tilaus_Ä*.CSV", 'complete = "marker:.ok"\nfolder = "a\\\\b/"')
    first = load(text).routes[0]
    assert [first.matches(name) for name in ("tilaus_ä1.csv", "TILAUS_A\u0308.csv", "tilaus.csv")] == [
        True,
        True,
        False,
    ]
    assert (first.complete_kind, first.marker_suffix, first.folder) == ("marker", ".ok", "a/b")
    assert (load().routes[0].complete_kind, load().routes[0].marker_suffix) == ("quiet", None)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('inbox = "in"\noutbox = "in"', "folders.outbox: is the same folder as folders.inbox"),
        ('inbox = "outbox/in"', "folders.inbox: must not lie inside folders.outbox"),
        ('state = "inbox/state"', "folders.state: must not lie inside folders.inbox"),
        ('state = "outbox/state"', "folders.state: must not lie inside folders.outbox"),
        ('error = "outbox/error"', "folders.error: must not lie inside folders.outbox"),
        ('retry = "inbox/error/retry"', "folders.retry: must not lie inside folders.error"),
        ('done = "inbox/.work/done"', "folders.done: must not lie in .work of the inbox"),
        ('mappings = "inbox/xslt"', "folders.mappings: must not lie inside folders.inbox"),
        ('mappings = "."', "folders.inbox: must not lie inside folders.mappings"),
        ('schemas = "xslt"', "folders.schemas: is the same folder as folders.mappings"),
        ('error = "bad"\nretry = "bad"', "folders.retry: is the same folder as folders.error"),
        ('group = "no-such-group-here"', 'folders.group: this machine has no group "no-such-group-here"'),
    ],
)
def test_folders_do_not_get_into_each_other_s_way(problems: Problems, lines: str, expected: str) -> None:
    """Each folder is its own; only error, retry, done and outbox may stand in the inbox."""
    found = problems(f"[folders]\n{lines}\n" + ACCOUNT + ROUTE)
    assert any(expected in problem for problem in found)
    assert not any("routes[1]" in problem for problem in found)


def test_links_do_not_hide_the_same_folder(problems: Problems, tmp_path: Path) -> None:
    """Two names of one folder are one folder."""
    (tmp_path / "inbox").mkdir()
    os.symlink(tmp_path / "inbox", tmp_path / "outbox")
    assert "is the same folder as" in problems()[0]


def test_outbox_in_the_inbox_is_no_place_for_a_route(load: Load, problems: Problems) -> None:
    """One shared folder for both ways is fine, as long as no route reads what the gateway wrote."""
    shared = '[folders]\noutbox = "inbox/out"\n' + ACCOUNT
    assert load(shared + ROUTE).folders.outbox.name == "out"
    (problem,) = problems(shared + route("r", "*", 'folder = "out"'))
    assert 'routes[1].folder (route "r"): must not be or lie inside folders.outbox' in problem


def test_journal_is_a_file_or_postgresql(problems: Problems) -> None:
    """Another database is refused; its address, which may hold a password, is not repeated."""
    assert problems(ACCOUNT + ROUTE + '[journal]\nurl = "mysql://u:secret@db/x"\n') == [
        "gateway.toml: journal.url: must be empty, or start with postgresql+psycopg://"
    ]


def test_overlapping_routes_are_warned_of(load: Load) -> None:
    """Where two routes fit one file the warning gives such a file and says which one takes it."""
    settings = load(ACCOUNT + route("first", "*.CSV") + route("second", "orders*") + route("third", "*.xml"))
    sentence = (
        'Routes "{0}" and "{1}" both fit a file such as "{2}" in the inbox: "{0}" takes it, because it comes first.'
    )
    assert overlap_warnings(settings) == [
        sentence.format("first", "second", "orders.csv"),
        sentence.format("second", "third", "orders.xml"),
    ]


def test_routes_that_tell_files_apart_are_no_overlap(load: Load) -> None:
    """Other folders, other contents, or an earlier route that looks inside leave each its own."""
    root = "content = {{ root = '{}' }}"
    text = (
        ACCOUNT
        + route("a", "*.xml", root.format("A"))
        + route("b", "*.xml", root.format("B"))
        + route("rest", "*.xml")
        + route("other", "*.xml", 'folder = "other"')
    )
    assert overlap_warnings(load(text)) == []


def test_content_behind_a_route_without_is_warned_of(load: Load) -> None:
    """A route that looks inside never sees what an earlier one has taken by name."""
    text = ACCOUNT + route("all", "*", 'folder = "x"') + route("a", "*.xml", "folder = 'x'\ncontent = { root = 'A' }")
    (warning,) = overlap_warnings(load(text))
    assert "in the subfolder x" in warning


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("*", "*", "x"),
        ("a*", "*b", "ab"),
        ("a?c", "[a-c]b*", "abc"),
        ("[!a]*", "a*", None),
        ("*.csv", "*.xml", None),
        ("orders_??.csv", "orders_???.csv", None),
        ("[", "[*", "["),
        ("*ä*", "?", "ä"),
        ("[]]x", "]x", "]x"),
    ],
)
def test_common_name_of_two_patterns(first: str, second: str, expected: str | None) -> None:
    """Two patterns share a name exactly when there is one, whichever comes first."""
    assert common_name(first, second) == common_name(second, first) == expected


PATTERNS = st.text(alphabet="ab*?[]!-", max_size=6)


@given(first=PATTERNS, second=PATTERNS, name=st.text(alphabet="abc-", min_size=1, max_size=6))
def test_common_name_agrees_with_the_matcher(first: str, second: str, name: str) -> None:
    """A name found fits both patterns, and none is missed that a file could have."""
    found = common_name(first, second)
    if found is not None and first and second:
        assert fnmatchcase(found, first)
        assert fnmatchcase(found, second)
    if fnmatchcase(name, first) and fnmatchcase(name, second):
        assert found is not None


def test_group_may_be_a_number(load: Load) -> None:
    """A group can be given by number, known to the machine or not, as in containers."""
    assert load('[folders]\ngroup = "54321"\n' + ACCOUNT + ROUTE).folders.group == "54321"
