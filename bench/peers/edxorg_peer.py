"""The replaced way to unpack a weekly archive: table by table, each read whole, hashed row by row in Python.

Usage: edxorg_peer.py ARCHIVE FOLDER polars|csv. Prints {seconds, cpuSeconds, peakRssMb, members}. With polars, as the
replaced way does, or with the standard library's csv, whose reader and writer are C. It does less: no check of UTF-8
lines, no quarantine, no manifest, no fsync, and the hash that joins values without separators.
"""

import csv
import hashlib
import io
import json
import os
import re
import resource
import sys
import tarfile
import time

NAME = re.compile(
    r"^(?P<course>(?P<org>[\w.]+)-(?P<number>[\w.-]+?)-(?P<run>[\w.]+))-(?P<table>[A-Za-z_]+)-(?P<source>prod|edge)(-analytics)?\.sql$"
)
COLUMNS = (
    "extracted_course_key",
    "extracted_course_organization",
    "extracted_course_number",
    "extracted_course_run",
    "extracted_source_platform",
    "row_hash",
)

WITH = sys.argv[3]
if WITH == "polars":
    import polars


def row_hash(values):
    return hashlib.sha256("".join(value or "" for value in values).encode()).hexdigest()


def with_polars(data, extracted):
    frame = polars.read_csv(
        data, separator="\t", infer_schema_length=0, quote_char=None, truncate_ragged_lines=True
    )
    hashes = [row_hash(row) for row in frame.iter_rows()]
    literals = [polars.lit(value).alias(name) for name, value in zip(COLUMNS, extracted)]
    frame = frame.with_columns(*literals, polars.Series("row_hash", hashes))
    return frame.write_csv(separator="\t").encode()


def with_csv(data, extracted):
    csv.field_size_limit(2**31 - 1)
    rows = list(csv.reader(io.StringIO(data.decode(), newline="\n"), delimiter="\t", quoting=csv.QUOTE_NONE))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow([*rows[0], *COLUMNS])
    writer.writerows([*row, *extracted, row_hash(row)] for row in rows[1:])
    return out.getvalue().encode()


REWRITE = {"polars": with_polars, "csv": with_csv}[WITH]


def main(archive, folder):
    started = time.perf_counter()
    members = 0
    spool = os.path.join(folder, "spool")
    with tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            if not member.isfile():
                continue
            members += 1
            name = os.path.basename(member.name)
            # Each member goes to a file first, which is then read again to be hashed and uploaded: as it is done today.
            with open(spool, "wb") as out:
                out.write(tar.extractfile(member).read())
            found = NAME.match(name)
            if found is not None:
                extracted = [found[part] for part in ("course", "org", "number", "run")]
                with open(spool, "rb") as read:
                    data = REWRITE(read.read(), [*extracted, f"edxorg_{found['source']}"])
                with open(spool, "wb") as out:
                    out.write(data)
            with open(spool, "rb") as read:
                digest = hashlib.file_digest(read, "sha256").hexdigest()
            place = os.path.join(folder, found["table"] if found is not None else "other", name)
            os.makedirs(place, exist_ok=True)
            os.replace(spool, os.path.join(place, digest))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "seconds": time.perf_counter() - started,
        "cpuSeconds": usage.ru_utime + usage.ru_stime,
        "peakRssMb": usage.ru_maxrss / 1024,
        "members": members,
    }
    print(json.dumps(measured))


main(sys.argv[1], sys.argv[2])
