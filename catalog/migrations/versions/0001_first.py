"""The schema of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "commits",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("batch_id", sa.String(64), nullable=False, unique=True),
        sa.Column("committed_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "segments",
        sa.Column("seq", sa.Integer, sa.ForeignKey("commits.seq"), primary_key=True),
        sa.Column("table_name", sa.String, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("recipe", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("finished_at", sa.DateTime),
    )
    op.create_table(
        "stages",
        sa.Column("run_id", sa.String(64), sa.ForeignKey("runs.run_id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("stage_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("rows_in", "rows_out", "rejected", "failed", "created")),
        sa.Column("seconds", sa.Double),
    )
    op.create_table(
        "stage_results",
        sa.Column("stage_id", sa.String(64), primary_key=True),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("rows_in", "rows_out", "rejected", "failed", "created")
        ),
        sa.Column("seconds", sa.Double, nullable=False),
    )
    op.create_table(
        "releases",
        sa.Column("release_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "checkpoints",
        sa.Column("checkpoint_id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
