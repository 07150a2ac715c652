"""Releases and checkpoints know the commit that brought them; the rows of a stage add up by constraint."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, fill it from the times, and only then ask for it."""
    for name in ("releases", "checkpoints"):
        op.add_column(name, sa.Column("added_seq", sa.Integer))
        # A row was made just before its commit: that is the first one from its time on.
        op.execute(
            f"update {name} set added_seq = coalesce("
            f"(select min(seq) from commits where committed_at >= {name}.created_at), (select max(seq) from commits))"
        )
        with op.batch_alter_table(name) as table:
            table.alter_column("added_seq", existing_type=sa.Integer, nullable=False)
            table.create_foreign_key(f"{name}_added_seq_fkey", "commits", ["added_seq"], ["seq"])
    with op.batch_alter_table("stage_results") as table:
        table.create_check_constraint("rows_add_up", "rows_in = rows_out + rejected + failed")
