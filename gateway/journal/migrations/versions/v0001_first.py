"""The first journal."""

from __future__ import annotations

from alembic import op
from gateway.journal.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables."""
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    """The journal never goes back: restore the state folder of before the upgrade."""
    raise NotImplementedError
