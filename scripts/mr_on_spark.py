"""The Spark side of mr-on-spark, which see.

Every input is one partition, as it is one map task in mapreduce: `mrapp map`
gets its lines, Spark sorts the pairs by key into partitions, and `mrapp reduce`
gets each of those. The lines of the results are written as mapreduce writes
them, `KEY RESULT`.
"""

import os
import shlex
import shutil
import sys

from pyspark import SparkConf, SparkContext

# As many as mrcoordinator has.
REDUCES = 10


def configuration():
    """A Spark of this machine alone, quiet, that never cuts an input."""
    return SparkConf().setAll([
        ("spark.master", os.environ.get("SPARK_MASTER", "local[*]")),
        ("spark.app.name", "mr-on-spark"),
        ("spark.ui.enabled", "false"),
        ("spark.ui.showConsoleProgress", "false"),
        ("spark.hadoop.mapreduce.input.fileinputformat.split.minsize", str(2**62)),
    ])


def command(half, app):
    """The command line of half an application."""
    return shlex.join([os.environ["MRAPP"], half, app])


def pair(line):
    """Key and value of a line of Hadoop Streaming."""
    key, _, value = line.partition("\t")
    return key, value


def run(spark, app, inputs, out):
    """The whole job."""
    def mapped(file):
        # pipe() gives the program this environment and no other.
        env = {**os.environ, "mapreduce_map_input_file": file}
        lines = spark.textFile("file://" + os.path.abspath(file), 1)
        return lines.pipe(command("map", app), env=env, checkCode=True)

    pairs = spark.union([mapped(file) for file in inputs]).map(pair)
    groups = pairs.repartitionAndSortWithinPartitions(REDUCES)
    lines = groups.map("\t".join)
    results = lines.pipe(command("reduce", app), env=dict(os.environ), checkCode=True)
    results.map(lambda line: " ".join(pair(line))).saveAsTextFile("file://" + os.path.abspath(out))


def main():
    """Reads the command line; the status tells whether OUT is whole."""
    app, *inputs, out = sys.argv[1:]
    for file in inputs:
        if not os.path.isfile(file):
            sys.exit(f"mr-on-spark: cannot read input {file}: no such file")
    if os.path.exists(out):
        sys.exit(f"mr-on-spark: {out} is there already: remove it, or write elsewhere")
    with SparkContext(conf=configuration()) as spark:
        try:
            run(spark, app, inputs, out)
        except Exception as error:  # Spark's own are many, and all mean the same.
            # It was not there before, and is not whole.
            shutil.rmtree(out, ignore_errors=True)
            reason = str(error).strip().splitlines() or [type(error).__name__]
            sys.exit(f"mr-on-spark: the job failed: {reason[0]}")


if __name__ == "__main__":
    main()
