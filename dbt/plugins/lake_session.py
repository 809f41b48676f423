"""Makes a dbt-duckdb connection able to attach the lake without any network but the catalogue's."""

from pathlib import Path

from dbt.adapters.duckdb.plugins import BasePlugin

# httpfs speaks HTTP for the catalogue, avro reads Iceberg's manifests; both before iceberg, which needs them.
EXTENSIONS = ("httpfs", "avro", "iceberg")


class Plugin(BasePlugin):
    def initialize(self, config):
        self._folder = Path(config["extensions"])

    def configure_connection(self, conn):
        # Runs before the profile's ATTACH. Only files of the engine's own patch version load.
        for name in EXTENSIONS:
            file = self._folder / f"{name}.duckdb_extension"
            if not file.is_file():
                raise RuntimeError(
                    f"Misconfigured: the DuckDB extension {file} is missing; "
                    "set MILLRACE_DUCKDB_EXTENSIONS to the folder that holds it."
                )
            conn.execute(f"LOAD '{str(file).replace(chr(39), chr(39) * 2)}'")
