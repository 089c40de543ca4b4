"""Prints how many rows another program reads from each file, a line a file.

    row_counts.py READER FILE...

Exit code 77: this reader is not there.
"""

import sys


def counter(reader):
    if reader == "csv":
        import csv
        return lambda path: sum(1 for _ in csv.reader(open(path, newline=""))) - 1
    if reader == "json":
        import json
        return lambda path: sum(isinstance(json.loads(line), dict) for line in open(path))
    if reader == "pandas":
        import pandas
        return lambda path: len(pandas.read_parquet(path))
    if reader == "polars":
        import polars
        return lambda path: len(polars.read_parquet(path))
    if reader == "duckdb":
        import duckdb
        # Every column is read, not just the footer's count.
        return lambda path: len(duckdb.sql(f"from read_parquet('{path}')").fetchall())
    if reader == "scipy":
        import scipy.io.arff
        return lambda path: len(scipy.io.arff.loadarff(path)[0])
    if reader == "liac":
        import arff
        return lambda path: len(arff.load(open(path))["data"])
    raise ValueError(reader)


if __name__ == "__main__":
    try:
        count = counter(sys.argv[1])
    except ImportError as cause:
        print(cause, file=sys.stderr)
        sys.exit(77)
    for path in sys.argv[2:]:
        print(count(path))
