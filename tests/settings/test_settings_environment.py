"""The environment over the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from settings_help import ACCOUNT, ROUTE, Load, Problems, account

from gateway.settings import load_settings

WITHOUT_PASSWORD = account("main", 'username = "example-user"') + ROUTE


def test_environment_wins_over_the_file(load: Load) -> None:
    """A variable replaces the file's value, read as the type of its setting."""
    settings = load(
        environ={
            "GATEWAY_INTAKE__SCAN_SECONDS": "2.5",
            "GATEWAY_INTAKE__WATCH": "false",
            "GATEWAY_ACCOUNTS__MAIN__PASSWORD": "12345",
            "GATEWAY_ACCOUNTS__MAIN__WORKERS": "3",
            "GATEWAY_ACCOUNTS__MAIN__UNSURE_STATUSES": "408, 503",
            "GATEWAY_ROUTES__ORDERS__MATCH": "*.txt",
            "GATEWAY_ROUTES__ORDERS__SETTLE_SECONDS": "9",
            "GATEWAY_ROUTES__ORDERS__CONTENT__HEADER": "OrderNo",
            "gateway_journal__url": "postgresql+psycopg://localhost/gateway",
        }
    )
    main, orders = settings.accounts["main"], settings.routes[0]
    assert (settings.intake.scan_seconds, settings.intake.watch) == (2.5, False)
    assert (main.secret("password"), main.workers, main.unsure_statuses) == ("12345", 3, (408, 503))
    assert (orders.match, orders.settle_seconds) == ("*.txt", 9.0)
    assert orders.content is not None
    assert orders.content.header == "OrderNo"
    assert settings.journal.url == "postgresql+psycopg://localhost/gateway"


def test_names_are_met_as_the_file_writes_them(load: Load) -> None:
    """Letter case does not count, and what is no letter or digit is one underscore."""
    text = account("North-Plant", 'username = "u"') + ROUTE.replace('"main"', '"North-Plant"')
    settings = load(text, {"GATEWAY_ACCOUNTS__NORTH_PLANT__PASSWORD": "x"})
    assert settings.accounts["North-Plant"].secret("password") == "x"


def test_relative_paths_start_at_the_file(load: Load, tmp_path: Path) -> None:
    """A path from the environment is no different from one in the file."""
    assert load(environ={"GATEWAY_FOLDERS__INBOX": "drop"}).folders.retry == tmp_path / "drop" / "retry"


def test_environment_alone_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file the environment makes accounts and routes; folders stand in the present folder."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings(
        None,
        {
            "GATEWAY_ACCOUNTS__MAIN__BASE_URL": "https://demo.thejakamo.com",
            "GATEWAY_ACCOUNTS__MAIN__USERNAME": "u",
            "GATEWAY_ACCOUNTS__MAIN__PASSWORD": "p",
            "GATEWAY_ROUTES__ORDERS__MATCH": "*.csv",
            "GATEWAY_ROUTES__ORDERS__MAPPING": "csv-order",
            "GATEWAY_ROUTES__ORDERS__ACCOUNT": "main",
        },
    )
    assert (settings.path, settings.folders.inbox) == (None, tmp_path / "inbox")
    assert [(route.name, route.account) for route in settings.routes] == [("orders", "main")]


def test_route_decides_how_a_new_account_is_written(load: Load) -> None:
    """An account made by the environment has the name that a route uses."""
    environ = {
        "GATEWAY_ACCOUNTS__MAIN__BASE_URL": "https://demo.thejakamo.com",
        "GATEWAY_ACCOUNTS__MAIN__TOKEN": "eDp5",
    }
    assert list(load(ROUTE.replace('"main"', '"Main"'), environ).accounts) == ["Main"]


def test_secret_of_the_environment_replaces_the_file_s_secret_file(load: Load) -> None:
    """A password from the environment is no contradiction to a password_file in the file, nor the other way."""
    text = account("main", 'username = "u"\npassword_file = "gone"') + ROUTE
    assert load(text, {"GATEWAY_ACCOUNTS__MAIN__PASSWORD": "x"}).accounts["main"].secret("password") == "x"


def test_both_from_the_environment_contradict(problems: Problems) -> None:
    """Two variables for one secret are refused like two keys in the file."""
    environ = {"GATEWAY_ACCOUNTS__MAIN__PASSWORD": "x", "GATEWAY_ACCOUNTS__MAIN__PASSWORD_FILE": "y"}
    assert problems(WITHOUT_PASSWORD, environ) == [
        "environment: GATEWAY_ACCOUNTS__MAIN__PASSWORD: and password_file are both given; keep one of the two"
    ]


def test_problems_name_the_variable(problems: Problems) -> None:
    """A wrong value, an unknown key and an unknown table are told with the variable they came from."""
    environ = {
        "GATEWAY_INTAKE__SCAN_SECONDS": "often",
        "GATEWAY_INTAKE__WATCH": "maybe",
        "GATEWAY_ACCOUNTS__MAIN__WORKERS": "1.5",
        "GATEWAY_ACCOUNTS__MAIN__UNSURE_STATUSES": "408,teapot",
        "GATEWAY_ACCOUNTS__MAIN__PASWORD": "x",
        "GATEWAY_ACOUNTS__MAIN__PASSWORD": "x",
        "GATEWAY_ACCOUNTS____PASSWORD": "x",
    }
    assert problems(environ=environ) == [
        "environment: GATEWAY_ACCOUNTS____PASSWORD: has a level without a name",
        "environment: GATEWAY_INTAKE__SCAN_SECONDS: must be a number, not text",
        "environment: GATEWAY_INTAKE__WATCH: must be true or false, not text",
        "environment: GATEWAY_ACCOUNTS__MAIN__WORKERS: must be a whole number, not text",
        (
            "environment: GATEWAY_ACCOUNTS__MAIN__UNSURE_STATUSES: must be a list of none or more of "
            "408, 500, 502, 503, 504"
        ),
        'environment: GATEWAY_ACCOUNTS__MAIN__PASWORD: there is no setting "pasword"; did you mean "password"?',
        'environment: GATEWAY_ACOUNTS__MAIN__PASSWORD: there is no setting "acounts"; did you mean "accounts"?',
    ]


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("GATEWAY_JOURNAL_URL", "GATEWAY_JOURNAL__URL"),
        ("GATEWAY_INTAKE_SCAN_SECONDS", "GATEWAY_INTAKE__SCAN_SECONDS"),
        ("GATEWAY_ACCOUNTS_MAIN_PASSWORD", "GATEWAY_ACCOUNTS__MAIN__PASSWORD"),
        ("GATEWAY_ACCOUNTS_MAIN_CLIENT_SECRET_FILE", "GATEWAY_ACCOUNTS__MAIN__CLIENT_SECRET_FILE"),
    ],
)
def test_one_underscore_too_few_is_told(problems: Problems, variable: str, meant: str) -> None:
    """A variable that is surely meant for a setting is not ignored in silence."""
    (problem,) = problems(environ={variable: "1"})
    assert problem.startswith(f"environment: {variable}: ")
    assert problem.endswith(f"did you mean {meant}?")


def test_other_variables_are_left_alone(load: Load) -> None:
    """Variables of other programs, of the command line and of container networks are none of ours."""
    environ = {
        "GATEWAY_CONFIG": "elsewhere.toml",
        "GATEWAY_SERVICE_HOST": "10.0.0.1",
        "GATEWAY_PORT_8321_TCP": "tcp://10.0.0.1:8321",
        "MY_GATEWAY_INTAKE__SCAN_SECONDS": "x",
        "GATEWAY_INTAKE__SCAN_SECONDS": "",
    }
    assert load(environ=environ) == load()


def test_table_in_the_way_is_told_once(problems: Problems) -> None:
    """A variable below something that is no table does not hide what the file did wrong."""
    assert problems("accounts = 3\n" + ROUTE, {"GATEWAY_ACCOUNTS__MAIN__PASSWORD": "x"}) == [
        "gateway.toml: accounts: must be a table, not a number"
    ]
    assert problems(ACCOUNT + ROUTE, {"GATEWAY_INTAKE__WATCH__DEEP": "x"}) == [
        "environment: GATEWAY_INTAKE__WATCH__DEEP: must be true or false, not a table"
    ]
    assert problems(ACCOUNT + ROUTE + "[intake]\nwatch = true\n", {"GATEWAY_INTAKE__WATCH__DEEP": "x"}) == [
        "environment: GATEWAY_INTAKE__WATCH__DEEP: there is no setting below this one"
    ]


def test_value_for_a_whole_table_is_told(problems: Problems) -> None:
    """A variable that names a table and no key in it is not ignored."""
    assert problems(environ={"GATEWAY_ROUTES__ORDERS": "x"}) == [
        "environment: GATEWAY_ROUTES__ORDERS: must be a table, not text"
    ]
    assert problems(environ={"GATEWAY_ACCOUNTS__MAIN": "x"}) == [
        (
            "environment: GATEWAY_ACCOUNTS__MAIN: must be a table such as [accounts.main], "
            "with the keys of the account in it"
        )
    ]
