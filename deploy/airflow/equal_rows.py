"""Let PostgreSQL leave rows as they are that are sent again with the same values.

    meltano invoke target-postgres:spare-equal-rows

target-postgres updates every row that it is sent, and PostgreSQL stores a new version of it even
when nothing differs. PostgreSQL's own trigger function drops such an update. Run by the Python of
target-postgres, with its settings; tables that have the trigger are left alone.
"""

from __future__ import annotations

import os

import sqlalchemy

# Triggers fire in the order of their names: this one compares what all others leave.
TRIGGER = "zz_spare_equal_rows"
TABLES = sqlalchemy.text("""
SELECT format('%I.%I', nspname, relname)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
WHERE nspname = :schema AND relkind = 'r' AND has_table_privilege(c.oid, 'TRIGGER')
AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = :trigger)
ORDER BY relname
""")


def main() -> None:
    """Give every table of the target's schema the trigger; say which had none."""
    engine = sqlalchemy.create_engine(os.environ["TARGET_POSTGRES_SQLALCHEMY_URL"])
    names = {"schema": os.environ["TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA"], "trigger": TRIGGER}
    with engine.begin() as connection:
        for table in connection.scalars(TABLES, names).all():
            connection.exec_driver_sql(
                f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            )
            print(f"{table}: equal rows stay as they are")
    engine.dispose()


if __name__ == "__main__":
    main()
