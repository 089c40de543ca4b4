"""Prints the rows of a file as another program reads them.

    rows.py READER FILE

The first line has `name:kind` of each column, tabs between; then a line a row, nothing for a
missing value. Times are RFC 3339 with nanoseconds. Exit code 77: this reader is not there.
"""

import datetime
import importlib
import importlib.util
import pathlib
import shutil
import subprocess
import sys


def needed(name):
    try:
        return importlib.import_module(name)
    except ImportError as cause:
        missing(cause)


def missing(why):
    print(why, file=sys.stderr)
    sys.exit(77)


def moment(ns):
    seconds, ns = divmod(ns, 1_000_000_000)
    epoch = datetime.datetime(1970, 1, 1)
    return f"{(epoch + datetime.timedelta(seconds=seconds)).isoformat()}.{ns:09}Z"


def is_missing(value):
    return value is None or value != value


def text(value):
    return "" if value is None else value if isinstance(value, str) else repr(value)


def show(header, rows):
    print("\t".join(f"{name}:{kind}" for name, kind in header))
    for row in rows:
        print("\t".join(row))


def pandas(path):
    pandas, parquet = needed("pandas"), needed("pyarrow.parquet")
    for key, value in sorted(parquet.read_metadata(path).metadata.items()):
        if key.startswith(b"tractor."):
            print(f"{key.decode()}={value.decode()}", file=sys.stderr)
    kinds = {"uint64": "unsigned", "int64": "integer", "double": "float", "string": "text",
             "timestamp[ns, tz=UTC]": "time"}
    schema = parquet.read_schema(path)
    header = [(field.name, kinds[str(field.type)]) for field in schema]
    frame = pandas.read_parquet(path)
    columns = []
    for name, kind in header:
        column = frame[name]
        if kind == "time":
            assert str(column.dtype) == "datetime64[ns, UTC]", column.dtype
            columns.append([moment(value.value) for value in column])
        else:
            columns.append(["" if is_missing(value) else text(value) for value in column.tolist()])
    show(header, zip(*columns))


def polars(path):
    polars = needed("polars")
    kinds = {polars.UInt64: "unsigned", polars.Int64: "integer", polars.Float64: "float",
             polars.String: "text", polars.Datetime("ns", "UTC"): "time"}
    frame = polars.read_parquet(path)
    header = [(name, kinds[kind]) for name, kind in frame.schema.items()]
    # Python's own times have no nanoseconds.
    frame = frame.with_columns(polars.col(polars.Datetime("ns", "UTC")).cast(polars.Int64))
    is_time = [kind == "time" for _, kind in header]
    show(header, ([moment(value) if time else text(value) for time, value in zip(is_time, row)]
                  for row in frame.rows()))


def duckdb(path):
    duckdb = needed("duckdb")
    kinds = {"UBIGINT": "unsigned", "BIGINT": "integer", "DOUBLE": "float", "VARCHAR": "text"}
    described = duckdb.sql(f"describe select * from read_parquet('{path}')").fetchall()
    header = [(name, kinds.get(kind) or ("time" if kind.startswith("TIMESTAMP") else kind))
              for name, kind, *_ in described]
    columns = ", ".join(f'epoch_ns("{name}")' if kind == "time" else f'"{name}"'
                        for name, kind in header)
    rows = duckdb.sql(f"select {columns} from read_parquet('{path}')").fetchall()
    is_time = [kind == "time" for _, kind in header]
    show(header, ([moment(value) if time else text(value) for time, value in zip(is_time, row)]
                  for row in rows))


def scipy(path):
    arff = needed("scipy.io.arff")
    data, about = arff.loadarff(path)
    kinds = {"numeric": "numeric", "nominal": "nominal"}
    header = [(name, kinds[about[name][0]]) for name in about.names()]
    cell = lambda value: ("" if value == b"?" else value.decode()) if isinstance(value, bytes) \
        else "" if is_missing(value) else text(float(value))
    show(header, ([cell(value) for value in row] for row in data))


def liac(path):
    arff = needed("arff")
    with open(path) as file:
        held = arff.load(file)
    kind = lambda kind: "nominal" if isinstance(kind, list) else kind.lower()
    header = [(name, kind(values)) for name, values in held["attributes"]]
    show(header, ([text(value) for value in row] for row in held["data"]))


def weka(path):
    wrapper = importlib.util.find_spec("weka")
    places = wrapper.submodule_search_locations if wrapper else []
    jars = [jar for place in places for jar in pathlib.Path(place).glob("lib/weka.jar")]
    if not jars or not shutil.which("javac"):
        missing("no weka.jar, or no Java to compile with")
    program = pathlib.Path(__file__).with_name("WekaRows.java")
    subprocess.run(["java", "-cp", str(jars[0]), str(program), path], check=True)


if __name__ == "__main__":
    {"pandas": pandas, "polars": polars, "duckdb": duckdb,
     "scipy": scipy, "liac": liac, "weka": weka}[sys.argv[1]](sys.argv[2])
