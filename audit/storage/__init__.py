"""Where bytes rest: SQLAlchemy Core over SQLite or PostgreSQL.

Every call takes the site, and rows leave as frozen values. No rule of the
pharmacy and no signing lives here.
"""
