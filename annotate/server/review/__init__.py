"""The review server: an untouched argilla-server on SQLite, with no Docker, Redis or Elasticsearch beside it."""
