"""The wire, row by row: what each call looks like on the other side of a real socket, header and body exact.

From the file in the inbox to the request in the simulator's ledger, and from its queue to the file in the outbox.
"""

from __future__ import annotations

import base64
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from lxml import etree

from gateway.mapping.mapping import shipped_folder
from gateway.simulator import VARIANTS, Fault, LineAnswer, OAuthClient, RequestRecord, Simulator
from tests.clocks import ManualClock
from tests.erp_xml import ubl_order
from tests.judges import oasis, profile
from tests.orders import export, row, status
from tests.site import Site, eventually

USER, PASSWORD = "käyttäjä", "sala:sänä €"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
ORDER, ENCODED = "PO 10/7ä", "PO%2010%2F7%C3%A4"
CLIENT = OAuthClient(client_id="11111111-2222", client_secret="söcret/+&=")
SAMPLES = shipped_folder("xslt")
JAKAMO_SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "ubl" / "jakamo"


@pytest.fixture
def site(tmp_path: Path, simulator: Simulator) -> Site:
    """A site on whose account every Finnish letter and sign is in use."""
    simulator.access.set_basic(USER, PASSWORD)
    return Site(tmp_path, simulator, account={"username": USER, "password": PASSWORD})


def headers(simulator: Simulator, *, length: int | None, authorization: str = BASIC) -> dict[str, str]:
    """Return all headers of a request as they must be; `length` of its body, None when it has none."""
    written = {"Content-Type": "application/xml", "Content-Length": str(length)} if length is not None else {}
    return {
        "Host": simulator.base_url.removeprefix("http://"),
        "User-Agent": "jakamo-file-gateway",
        "Accept-Encoding": "identity",
        "Accept": "application/xml",
        "Authorization": authorization,
        **written,
    }


def the_only(records: tuple[RequestRecord, ...]) -> RequestRecord:
    """Return a request that must have been the only one of its kind."""
    (record,) = records
    return record


def sent(simulator: Simulator) -> list[tuple[str, str, bytes]]:
    """Return method, target and body of every request that carried a document."""
    return [(one.method, one.target, one.body) for one in simulator.ledger.requests if "order" in one.endpoint]


# Authentication


def test_basic_is_base64_of_user_and_password_in_utf8_on_every_call(site: Site, simulator: Simulator) -> None:
    """Send, revise, status, read the queue, acknowledge: the same header each time, and no other credential."""
    site.drop("a.csv", export(row(ORDER)))
    site.run()
    site.drop("b.csv", export(row(ORDER, kind="M", quantity="6")))
    site.drop("c.sta", status((ORDER, "received")))
    simulator.enqueue(b"<StatusMessage><OrderID>PO-1</OrderID></StatusMessage>")
    site.run()

    requests = simulator.ledger.requests
    assert {one.endpoint for one in requests} == {"order", "order-update", "queue", "acknowledge"}
    assert {tuple(v for k, v in one.headers if k.lower() == "authorization") for one in requests} == {(BASIC,)}
    assert {one.status for one in requests} == {200}


def test_a_ready_token_is_used_as_it_is(tmp_path: Path, simulator: Simulator) -> None:
    """A site that was given the token alone puts it behind the word Basic, unchanged."""
    simulator.access.set_basic(USER, PASSWORD)
    site = Site(tmp_path, simulator)
    del site.account["username"], site.account["password"]
    site.account["token"] = BASIC.removeprefix("Basic ")
    site.run()

    assert {one.header("Authorization") for one in simulator.ledger.requests} == {BASIC}


def oauth(site: Site, simulator: Simulator) -> Site:
    """Let the account sign in by OAuth2 client credentials."""
    del site.account["username"], site.account["password"]
    site.account.update(
        auth="oauth2", token_url=simulator.token_url, client_id=CLIENT.client_id,
        client_secret=CLIENT.client_secret, scope=CLIENT.scope,
    )
    return site


def test_a_token_is_fetched_once_and_used_for_every_call(tmp_path: Path) -> None:
    """Client id, secret and scope go as form fields to the token address; then Bearer, for all that follows."""
    with Simulator(username=None, oauth=CLIENT) as simulator:
        site = oauth(Site(tmp_path, simulator), simulator)
        site.drop("a.csv", export(*(row(f"PO-{number}") for number in range(5))))
        simulator.enqueue(b"<StatusMessage><OrderID>PO-1</OrderID></StatusMessage>")
        site.run()

        asked = the_only(simulator.ledger.requests_to("token"))
        assert (asked.method, asked.header("Content-Type"), asked.header("Authorization")) == (
            "POST", "application/x-www-form-urlencoded;charset=UTF-8", None,
        )
        assert parse_qs(asked.body.decode(), strict_parsing=True) == {
            "grant_type": ["client_credentials"], "client_id": [CLIENT.client_id],
            "client_secret": [CLIENT.client_secret], "scope": [CLIENT.scope],
        }
        calls = [one for one in simulator.ledger.requests if one.endpoint != "token"]
        (bearer,) = {one.header("Authorization") for one in calls}
        assert bearer is not None
        assert bearer.startswith("Bearer ")
        assert (len(site.sent()), len(simulator.queue)) == (5, 0)


def test_a_token_is_renewed_before_it_ends(tmp_path: Path) -> None:
    """After an hour less two minutes the next call goes with a new token; no call was ever refused."""
    with Simulator(username=None, oauth=CLIENT) as simulator:
        site = oauth(Site(tmp_path, simulator), simulator)
        clock = site.clock = ManualClock(waiting_moves_time=False)
        site.account["poll_seconds"] = 580
        with site.living() as gateway:
            receiver = gateway.parts.receivers["main"]
            tokens: list[int] = []
            for polls in range(1, 8):
                eventually(lambda polls=polls: len(simulator.ledger.requests_to("queue")) == polls)  # type: ignore[misc]
                eventually(lambda: receiver.said_empty, "at rest")
                tokens.append(simulator.access.tokens_issued)
                clock.advance(580)
        assert tokens == [1, 1, 1, 1, 1, 1, 2]  # the seventh poll comes after 58 minutes
        assert {one.status for one in simulator.ledger.requests} == {200}


def test_a_refused_token_is_renewed_once_and_the_call_repeated(tmp_path: Path) -> None:
    """401 on a token that should hold: another one, the same call again, and nobody notices."""
    with Simulator(username=None, oauth=CLIENT) as simulator:
        site = oauth(Site(tmp_path, simulator), simulator)
        site.account["poll_seconds"] = 600
        with site.living():
            eventually(lambda: len(simulator.ledger.requests_to("queue")) >= 1, "the first poll")
            simulator.access.expire_tokens()
            site.drop("a.csv", export(row("PO-1")))
            eventually(lambda: len(site.sent()) == 1, "sent")
        assert simulator.access.tokens_issued == 2
        assert [one.status for one in simulator.ledger.requests if one.status != 200] == [401]
        assert site.states() == [("PO-1", "sent")]


def test_a_second_refusal_pauses_the_account_and_fails_no_order(tmp_path: Path) -> None:
    """401 with a fresh token as well: a matter of settings. Two tokens, not two hundred; the order waits."""
    with Simulator(username=None, oauth=CLIENT) as simulator:
        site = oauth(Site(tmp_path, simulator), simulator)
        simulator.faults.add(Fault(endpoint="queue", status=401, times=None))
        simulator.faults.add(Fault(endpoint="order", status=401, times=None))
        site.drop("a.csv", export(row("PO-1")))
        site.run()

        assert 2 <= simulator.access.tokens_issued <= 3
        assert (site.errors(), [key for key, _ in site.incidents()]) == ([], ["paused:main"])
        assert site.states()[0][1] in ("ready", "retrying")


# Send, revise, cancel, receive


def test_an_order_is_posted_with_exact_headers_and_body(site: Site, simulator: Simulator) -> None:
    """POST /api/order; the body is what the mapping's own samples say, byte for byte."""
    folder = SAMPLES / "csv-order" / "samples"
    site.drop("basic.csv", (folder / "basic.csv").read_bytes())
    site.run()

    posts = {str(one.order_number): one for one in simulator.ledger.requests_to("order")}
    assert sorted(posts) == ["PO-1001", "PO-1002"]
    for number, ordinal in (("PO-1001", 1), ("PO-1002", 2)):
        expected = (folder / "basic.expected" / f"{ordinal}.xml").read_bytes()
        one = posts[number]
        assert (one.method, one.target, one.status) == ("POST", "/api/order", 200)
        assert dict(one.headers) == headers(simulator, length=len(expected))
        assert len(one.headers) == len(dict(one.headers))
        assert one.body == expected


def test_six_columns_give_the_least_that_ubl_and_the_profile_allow(site: Site, simulator: Simulator) -> None:
    """One line, two parties, nothing that could be left out; valid for OASIS UBL 2.1 and for our profile."""
    site.routes = [{"name": "six", "match": "*.csv", "mapping": "csv-six-columns", "account": "main"}]
    folder = SAMPLES / "csv-six-columns" / "samples"
    site.drop("minimum.csv", (folder / "basic.csv").read_bytes())
    site.run()

    one = the_only(simulator.ledger.requests_to("order"))
    assert (one.method, one.target, one.status) == ("POST", "/api/order", 200)
    assert one.body == (folder / "basic.expected" / "1.xml").read_bytes()
    assert dict(one.headers) == headers(simulator, length=len(one.body))
    document = etree.fromstring(one.body)
    assert oasis("Order").validate(document)
    assert profile("Order").validate(document)
    names = [etree.QName(child).localname for child in document]
    assert names == [
        "UBLVersionID", "CustomizationID", "ID", "IssueDate", "DocumentCurrencyCode", "BuyerCustomerParty",
        "SellerSupplierParty", "OrderLine",
    ]
    for required in ("ID", "IssueDate", "BuyerCustomerParty", "SellerSupplierParty", "OrderLine"):
        fewer = etree.fromstring(one.body)
        fewer.remove(next(child for child in fewer if etree.QName(child).localname == required))
        assert not oasis("Order").validate(fewer)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_change_goes_to_the_address_of_its_order(site: Site, simulator: Simulator, method: str) -> None:
    """The order number percent-encoded, blank, slash and letter; root OrderChange; the method a setting."""
    site.account["order_change_method"] = method
    site.drop("new.csv", export(row(ORDER)))
    site.run()
    site.drop("changed.csv", export(row(ORDER, kind="M", quantity="6")))
    site.run()

    one = the_only(simulator.ledger.requests_to("order-update"))
    assert (one.method, one.target, one.order_number) == (method, f"/api/order/{ENCODED}", ORDER)
    assert dict(one.headers) == headers(simulator, length=len(one.body))
    assert site.sent() == [("Order", ORDER), ("OrderChange", ORDER)]
    change = etree.fromstring(one.body)
    assert oasis("OrderChange").validate(change)
    assert profile("OrderChange").validate(change)
    first = etree.fromstring(simulator.ledger.documents[0].body)
    texts = {name: change.findtext(f"{{*}}{name}") for name in ("ID", "SequenceNumberID", "OrderReference/{*}ID")}
    assert texts == {"ID": ORDER, "SequenceNumberID": "1", "OrderReference/{*}ID": ORDER}
    assert next(e.text for e in first.iter("{*}Quantity")) == "5"
    assert next(e.text for e in change.iter("{*}Quantity")) == "6"


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_status_goes_to_the_address_of_its_order(site: Site, simulator: Simulator, method: str) -> None:
    """Cancelled and received are StatusMessages to /api/order/{order}; the method a setting."""
    words = {ORDER: ("cancelled", "Cancelled", ENCODED), "PO-2": ("received", "Received", "PO-2")}
    site.account["status_method"] = method
    site.drop("new.csv", export(*map(row, words)))
    site.run()
    site.drop("status.sta", status(*((order, word) for order, (word, _, _) in words.items())))
    site.run()

    updates = {one.order_number: one for one in simulator.ledger.requests_to("order-update")}
    assert updates.keys() == words.keys()
    for order, (word, written, encoded) in words.items():
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<StatusMessage>\n  <OrderID>{order}</OrderID>\n'
            f"  <Status>{written}</Status>\n  <StatusDate>2026-11-24</StatusDate>\n</StatusMessage>\n"
        ).encode()
        one = updates[order]
        assert (one.method, one.target, one.body, one.status) == (method, f"/api/order/{encoded}", body, 200)
        assert dict(one.headers) == headers(simulator, length=len(body))
        assert simulator.orders.get(order).state == word


def test_what_an_erp_writes_as_ubl_is_sent_byte_for_byte(site: Site, simulator: Simulator) -> None:
    """Order, then the same with its root renamed, then a StatusMessage of the ERP's own making."""
    new = ubl_order("PO-1")
    reference = "<a:OrderReference><b:ID>PO-1</b:ID></a:OrderReference>\n<a:BuyerCustomerParty>"
    changed = (
        new.replace("o:Order ", "o:OrderChange ").replace("o:Order>", "o:OrderChange>")
        .replace(":Order-2", ":OrderChange-2")
        .replace("</b:IssueDate>", "</b:IssueDate>\n<b:SequenceNumberID>1</b:SequenceNumberID>")
        .replace("<a:BuyerCustomerParty>", reference)
        .replace("<b:ID>PO-1</b:ID>\n<b:IssueDate>", "<b:ID>CH-77</b:ID>\n<b:IssueDate>")
    )
    cancelled = "<StatusMessage><OrderID>PO-1</OrderID><Status>Cancelled</Status></StatusMessage>"
    for name, text in (("1.ubl", new), ("2.ubl", changed), ("3.ubl", cancelled)):
        site.drop(name, text)
        site.run()

    assert sent(simulator) == [
        ("POST", "/api/order", new.encode()),
        ("PUT", "/api/order/PO-1", changed.encode()),
        ("PUT", "/api/order/PO-1", cancelled.encode()),
    ]


# The queue


def test_the_queue_is_read_until_its_root_says_that_it_is_empty(site: Site, simulator: Simulator) -> None:
    """GET /api/order/response, one at a time; the words inside a message do not end it."""
    words = "<status>No more messages available.</status>"
    tricky = [
        f"<OrderResponse><ID>1</ID><Note><![CDATA[{words}]]></Note>"
        "<OrderReference><ID>PO-1</ID></OrderReference></OrderResponse>".encode(),
        f"<OrderResponse><ID>2</ID><Note>{words}</Note>"
        "<OrderReference><ID>PO-2</ID></OrderReference></OrderResponse>".encode(),
        f"<StatusMessage>{words}<OrderID>PO-3</OrderID></StatusMessage>".encode(),
    ]
    for body in tricky:
        simulator.enqueue(body)
    site.run()

    assert sorted(path.read_bytes() for path in site.outbox_files()) == sorted(tricky)
    reads = simulator.ledger.requests_to("queue")
    assert {(one.method, one.target, one.body) for one in reads} == {("GET", "/api/order/response", b"")}
    assert all(dict(one.headers) == headers(simulator, length=None) for one in reads)
    assert len(simulator.queue) == 0


def test_an_acknowledgement_is_an_empty_post_to_the_address_that_came_along(site: Site, simulator: Simulator) -> None:
    """Only there, on the account's own host, with its credentials, and with no body."""
    simulator.enqueue(b"<StatusMessage><OrderID>PO-1</OrderID></StatusMessage>")
    site.run()

    one = the_only(simulator.ledger.requests_to("acknowledge"))
    assert (one.method, one.target, one.body) == ("POST", "/api/order/response/acknowledge/1", b"")
    assert dict(one.headers) == headers(simulator, length=0)


def test_an_acknowledgement_is_sent_only_when_the_outbox_file_is_there(tmp_path: Path) -> None:
    """While the other side still holds the acknowledgement unanswered, the whole file lies there and is synced."""
    present: list[list[str]] = []

    def look(record: RequestRecord) -> None:
        if record.endpoint == "acknowledge":
            present.append([path.name.partition("_")[0] for path in lived.outbox_files()])

    with Simulator(on_request=look) as simulator:
        lived = Site(tmp_path, simulator)
        bodies = [f"<StatusMessage><OrderID>PO-{n}</OrderID></StatusMessage>".encode() for n in range(3)]
        for body in bodies:
            simulator.enqueue(body)
        simulator.faults.add(Fault(endpoint="acknowledge", hold="first"))
        with lived.living() as gateway:
            assert simulator.faults.wait_reached("first", 10)
            assert [path.read_bytes() for path in lived.outbox_files()] == bodies[:1]
            assert [p for p in (lived.outbox / ".work").iterdir() if not p.name.startswith(".gateway")] == []
            assert lived.queue_states() == ["delivered"]
            simulator.faults.release("first")
            eventually(lambda: gateway.parts.receivers["main"].said_empty, "drained")
    assert present == [["PO-0"], ["PO-0", "PO-1"], ["PO-0", "PO-1", "PO-2"]]


def test_confirmations_and_delivered_statuses_lie_in_the_outbox_byte_for_byte(
    site: Site, simulator: Simulator
) -> None:
    """As ordered, another quantity, date, price, split deliveries, single lines; delivered as a whole or by rows."""
    orders = [f"PO-{variant}" for variant in VARIANTS]
    site.drop("new.csv", export(*(row(order, line, "4") for order in [*orders, "PO-lines"] for line in (10, 20))))
    site.run()
    answers = {order: simulator.confirm(order, variant) for order, variant in zip(orders, VARIANTS, strict=True)}
    changed = {"20": LineAnswer(quantity=Decimal(6), price=Decimal("3.3"))}
    answers["PO-lines"] = simulator.confirm("PO-lines", lines=changed)
    delivered = {"PO-lines": simulator.delivered("PO-lines", ["20"]), orders[0]: simulator.delivered(orders[0])}
    site.run()

    files = {tuple(path.name.split("_")[:2]): path.read_bytes() for path in site.outbox_files()}
    assert files == {
        **{(order, "OrderResponse"): body for order, body in answers.items()},
        **{(order, "StatusMessage"): body for order, body in delivered.items()},
    }
    assert len(set(answers.values())) == len(VARIANTS) + 1
    assert len(simulator.queue) == 0


@pytest.mark.skipif(not JAKAMO_SAMPLES.is_dir(), reason="the public Jakamo sample is not here")
def test_the_public_jakamo_sample_passes_byte_for_byte_although_it_is_not_valid(
    site: Site, simulator: Simulator
) -> None:
    """What comes from the queue is never refused for a schema error: the one public document proves the need."""
    body = (JAKAMO_SAMPLES / "OrderResponse_mle.xml").read_bytes()
    assert not oasis("OrderResponse").validate(etree.fromstring(body))
    simulator.enqueue(body, {"Jakamo-Order-Number": "header-number"})
    site.run()

    (path,) = site.outbox_files()
    assert (path.read_bytes(), len(simulator.queue), site.queue_states()) == (body, 0, ["acknowledged"])
    number = etree.fromstring(body).findtext("{*}OrderReference/{*}ID")
    assert number
    assert path.name.startswith(f"{number.strip()}_OrderResponse_")
