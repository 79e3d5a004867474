"""The tables of the journal. What may change from which state to which stands in `gateway.model`.

Instants are stored as microseconds since 1970 in UTC (`Instant`), so that SQLite and PostgreSQL compare
them alike and an index serves them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant, kept as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Refuse naive datetimes: they would silently mean another hour."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be timezone-aware")
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give back the aware UTC instant."""
        return None if value is None else _EPOCH + timedelta(microseconds=int(value))


_key = BigInteger().with_variant(Integer, "sqlite")  # SQLite autoincrements INTEGER only
metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("identity", Text, nullable=False),  # base URL and user: what the numbers below belong to
    Column("generation", Integer, nullable=False),  # rises with `account accept --fresh`
    Column("outbox_sequence", BigInteger, nullable=False),
    Column("outbox_time", Instant),  # the time in an outbox name never goes back
    Column("paused_at", Instant),
    Column("pause_reason", Text),
    Column("pause_digest", String(64)),  # settings and secrets at the pause: another digest ends it
    Column("pause_by", String(16)),  # "answer" or "person"
    Column("outage_seconds", Integer, nullable=False),  # breaker-open time, all in all
)

route_pause = Table(
    "route_pause",
    metadata,
    Column("route", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
)

interchange = Table(
    "interchange",
    metadata,
    Column("sequence", _key, primary_key=True, autoincrement=True),  # claim order
    Column("claim", String(36), nullable=False, unique=True),  # the uuid in the work name
    Column("node", String(64), nullable=False),
    Column("origin", String(8), nullable=False),  # inbox, retry
    Column("folder", Text, nullable=False),  # route's subfolder of the inbox
    Column("name", Text, nullable=False),  # as dropped
    Column("path", Text, nullable=False),  # where the original lies now
    Column("route", String(64)),
    Column("account", String(64)),
    Column("mapping", String(128)),
    Column("state", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", String(64)),
    Column("size", BigInteger),
    Column("signature", Text),  # size, time and file id as read: another one means "written after pickup"
    Column("order_count", Integer, nullable=False, server_default="0"),
    Column("claimed_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("reason_code", String(64)),
    Column("reason", Text),
    Column("findings", JSON, nullable=False),
    Column("duplicate_of", BigInteger),
    Column("retry_of", BigInteger),
    Column("error_form", String(8)),  # whole, extract: decided once
    Column("target", Text),  # chosen before the original is moved
    Index("interchange_state", "state", "sequence"),
    Index("interchange_sha256", "sha256"),
    Index("interchange_name", "name"),
)

message = Table(
    "message",
    metadata,
    Column("id", _key, primary_key=True, autoincrement=True),
    Column("interchange", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("account", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("order_number", Text, nullable=False),
    Column("lane_major", BigInteger, nullable=False),  # place in the lane: sequence of the interchange
    Column("lane_minor", Integer, nullable=False),  # ... and ordinal; a hand-back takes over both
    Column("kind", String(16)),  # root element, known once mapped
    Column("kind_hint", String(16)),  # what the source itself says
    Column("revision", Text),
    Column("origin", String(8), nullable=False),
    Column("mapping", String(128), nullable=False),
    Column("mapping_hash", String(64)),
    Column("route", String(64)),
    Column("state", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("turn", Boolean, nullable=False),  # head of its lane and free to go
    Column("state_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("reason_code", String(64)),
    Column("reason", Text),
    Column("findings", JSON, nullable=False),
    Column("due_at", Instant),
    Column("waits_for", BigInteger),
    Column("attempts", Integer, nullable=False),  # booked: those whose outcome was not "surely not sent"
    Column("tries", Integer, nullable=False),  # all of them, for the back-off
    Column("first_try_at", Instant),
    Column("outage_at_first_try", Integer, nullable=False),
    Column("unsure", Boolean, nullable=False),  # some attempt may have been received
    Column("source_hash", String(64), nullable=False),
    Column("content_hash", String(64)),
    Column("assumed_known", Boolean),
    Column("assumed_change", Integer),
    Column("release_as", String(16)),
    Column("approved", Boolean, nullable=False),  # a person said: go
    Column("duplicate_of", BigInteger),
    Column("supplier", Text),
    Column("buyer", Text),
    Column("line_ids", JSON),
    Column("status_word", Text),
    Column("repeat_rule", String(8), nullable=False),
    Column("lost_lines_rule", String(8), nullable=False),
    Column("complete_order", Boolean, nullable=False),
    Column("replaced_by", BigInteger),
    UniqueConstraint("interchange", "ordinal"),
    Index("message_lane", "account", "order_number", "state"),  # the few open ones among years of a lane
    Index("message_state", "state", "account", "lane_major", "lane_minor"),
    Index("message_turn", "account", "turn", "lane_major", "lane_minor"),  # who may go, without a sort
)

content = Table(
    "content",
    metadata,
    Column("message", BigInteger, primary_key=True, autoincrement=False),
    Column("canonical", LargeBinary, nullable=False),
    Column("body", LargeBinary),  # exact bytes, stored before the first attempt
    Column("body_hash", String(64)),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", _key, primary_key=True, autoincrement=True),
    Column("message", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body_hash", String(64)),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("answer_class", String(16)),
    Column("status", Integer),
    Column("words", Text),
    Column("detail", Text),
    Index("attempt_message", "message", "number"),
)

order_memory = Table(
    "order_memory",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("order_number", Text, primary_key=True),
    Column("content_hash", String(64)),  # None: number imported without content
    Column("change_count", Integer, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    Column("supplier", Text),
    Column("buyer", Text),
    Column("line_ids", JSON),
    Column("last_message", BigInteger),
    Column("last_sent_at", Instant, nullable=False),
    Column("imported", Boolean, nullable=False),
)

queue_message = Table(
    "queue_message",
    metadata,
    Column("id", _key, primary_key=True, autoincrement=True),
    Column("account", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("uri", Text),
    Column("body", LargeBinary, nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("headers", JSON, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("order_number", Text),
    Column("state", String(12), nullable=False),
    Column("version", Integer, nullable=False),
    Column("acknowledged", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("place", String(12), nullable=False),  # outbox, problems, none
    Column("problem", Text),
    Column("findings", JSON, nullable=False),
    Column("fetched_at", Instant, nullable=False),
    Column("delivered_at", Instant),
    Column("acknowledged_at", Instant),
    UniqueConstraint("account", "sequence"),
    Index("queue_hash", "account", "body_hash"),
    Index("queue_order", "account", "order_number"),
    Index("queue_state", "state", "account"),
)

placement = Table(
    "placement",
    metadata,
    Column("id", _key, primary_key=True, autoincrement=True),
    Column("interchange", BigInteger, nullable=False),
    Column("message", BigInteger),  # None: the file as a whole
    Column("folder", String(8), nullable=False),  # error, unknown
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("bytes", LargeBinary),
    Column("reason_hashes", JSON, nullable=False),
    Column("state", String(10), nullable=False),  # placing, placed, removed, leaving, gone
    Column("placed_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("placement_state", "state"),
    Index("placement_message", "message"),
    Index("placement_interchange", "interchange"),
    Index("placement_sha256", "sha256"),
)

action = Table(
    "action",
    metadata,
    Column("id", _key, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("state", String(8), nullable=False),  # waiting, done, refused
    Column("result", Text),
    Column("done_at", Instant),
    Index("action_state", "state", "id"),
)

incident = Table(
    "incident",
    metadata,
    Column("id", _key, primary_key=True, autoincrement=True),
    Column("key", String(200), nullable=False),  # class and place: one open incident each
    Column("text", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("cleared_at", Instant),
    Index("incident_key", "key", "cleared_at"),
)

history = Table(
    "history",
    metadata,
    Column("id", _key, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("subject", String(12), nullable=False),  # interchange, message, queue, account, action
    Column("key", BigInteger, nullable=False),
    Column("event", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Index("history_subject", "subject", "key"),
)
