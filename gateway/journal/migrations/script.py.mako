"""${message}"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the journal to this version."""
    ${upgrades if upgrades else "raise NotImplementedError"}


def downgrade() -> None:
    """The journal never goes back: restore the state folder of before the upgrade."""
    raise NotImplementedError
