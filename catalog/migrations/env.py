"""Alembic's entry: run the revisions on the connection that `bring_up_to_date` has opened, in its transaction."""

from alembic import context

from catalog.ledger import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
