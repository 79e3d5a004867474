"""Parts of settings files, and the types of this room's fixtures."""

from __future__ import annotations

from collections.abc import Callable

from gateway.settings import Settings

Load = Callable[..., Settings]
Problems = Callable[..., list[str]]

ACCOUNT = """
[accounts.main]
base_url = "https://demo.thejakamo.com"
username = "example-user"
password = "correct horse"
"""
OAUTH2 = """
[accounts.main]
base_url = "https://demo.thejakamo.com"
auth = "oauth2"
token_url = "https://login.example.com/token"
client_id = "app-1"
client_secret = "correct horse"
scope = "https://demo.jakamoapp.com/.default"
"""
ROUTE = """
[[routes]]
name = "orders"
match = "*.csv"
mapping = "csv-order"
account = "main"
"""


def account(name: str, lines: str) -> str:
    """Return an account of this name with other lines after its address."""
    return f'[accounts.{name}]\nbase_url = "https://demo.thejakamo.com"\n{lines}\n'


def route(name: str, match: str, lines: str = "") -> str:
    """Return a route for the account "main"."""
    return f'[[routes]]\nname = "{name}"\nmatch = "{match}"\nmapping = "m"\naccount = "main"\n{lines}\n'
