"""Attaches the lake to a dbt-duckdb connection as the task's own sessions do, without any network but the lake's."""

import json
import os
import threading
from pathlib import Path

from dbt.adapters.duckdb.plugins import BasePlugin


def leave_with_parent():
    """Ends this process when the one that started it has died: a worker that was killed cannot stop its dbt, and
    the next one must not find it still writing."""

    def watch():
        # Not sys.stdin: its lock, held here, would abort the interpreter's own end.
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def lake_of_the_task():
    """Extensions to load and statements to run, in this order (LakeTarget in core/io/ports.ts)."""
    text = os.environ.get("MILLRACE_LAKE")
    if not text:
        raise RuntimeError(
            "Misconfigured: MILLRACE_LAKE is missing. BuildModels sets it: "
            'JSON {"extensions": [names], "attach": [SQL statements]}.'
        )
    return json.loads(text)


def quoted(text):
    return "'" + str(text).replace("'", "''") + "'"


class Plugin(BasePlugin):
    def initialize(self, config):
        self._folder = Path(config["extensions"])
        if os.environ.get("MILLRACE_DBT_GUARD") == "stdin":
            leave_with_parent()

    def update_connection_config(self, creds, config):
        # What stands in the profile only passes the adapter's check of the profile.
        creds.attach = []

    def configure_connection(self, conn):
        lake = lake_of_the_task()
        # Only files of the engine's own patch version load.
        for name in lake["extensions"]:
            file = self._folder / f"{name}.duckdb_extension"
            if not file.is_file():
                raise RuntimeError(
                    f"Misconfigured: the DuckDB extension {file} is missing; "
                    "set MILLRACE_DUCKDB_EXTENSIONS to the folder that holds it."
                )
            conn.execute(f"LOAD {quoted(file)}")
        # Not in the profile: dbt parses the whole project again when a variable that the profile reads has changed.
        spill = os.environ.get("MILLRACE_DBT_TEMP")
        if spill:
            conn.execute(f"SET temp_directory = {quoted(spill)}")
        for statement in lake["attach"]:
            conn.execute(statement)
