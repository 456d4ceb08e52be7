"""The store: SQLAlchemy Core over embedded SQLite or a PostgreSQL that several nodes share."""
