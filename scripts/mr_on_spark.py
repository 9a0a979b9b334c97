"""The Spark job that the script mr-on-spark runs.

Each input is one partition, like one map task in mapreduce. `mrapp map` reads
its lines, Spark sorts the pairs by key into partitions, and `mrapp reduce` reads
each of those. Results are written as mapreduce writes them: `KEY RESULT`.
"""

import os
import shlex
import shutil
import sys

from pyspark import SparkConf, SparkContext

# The same number as in mrcoordinator.
REDUCES = 10


def configuration():
    """Returns the settings of a quiet Spark that never splits an input. It runs on
    this machine unless SPARK_MASTER names another."""
    return SparkConf().setAll([
        ("spark.master", os.environ.get("SPARK_MASTER", "local[*]")),
        ("spark.app.name", "mr-on-spark"),
        ("spark.ui.enabled", "false"),
        ("spark.ui.showConsoleProgress", "false"),
        ("spark.hadoop.mapreduce.input.fileinputformat.split.minsize", str(2**62)),
    ])


def command(half, app):
    """Returns the command line for one half of an application: map or reduce."""
    return shlex.join([os.environ["MRAPP"], half, app])


def pair(line):
    """Returns key and value of a line of Hadoop Streaming."""
    key, _, value = line.partition("\t")
    return key, value


def run(spark, app, inputs, out):
    """Runs the whole job."""
    def mapped(file):
        # pipe() passes exactly this environment to the program.
        env = {**os.environ, "mapreduce_map_input_file": file}
        lines = spark.textFile("file://" + os.path.abspath(file), 1)
        return lines.pipe(command("map", app), env=env, checkCode=True)

    pairs = spark.union([mapped(file) for file in inputs]).map(pair)
    groups = pairs.repartitionAndSortWithinPartitions(REDUCES)
    lines = groups.map("\t".join)
    results = lines.pipe(command("reduce", app), env=dict(os.environ), checkCode=True)
    results.map(lambda line: " ".join(pair(line))).saveAsTextFile("file://" + os.path.abspath(out))


def main():
    """Reads the command line and runs the job. Exits with 0 only if OUT is complete."""
    app, *inputs, out = sys.argv[1:]
    for file in inputs:
        if not os.path.isfile(file):
            sys.exit(f"mr-on-spark: cannot read input {file}: no such file")
    if os.path.exists(out):
        sys.exit(f"mr-on-spark: output {out} exists: remove it or choose another path")
    with SparkContext(conf=configuration()) as spark:
        try:
            run(spark, app, inputs, out)
        except Exception as error:  # Spark has many types; all mean that the job failed.
            # This job created OUT, and it is incomplete.
            shutil.rmtree(out, ignore_errors=True)
            reason = str(error).strip().splitlines() or [type(error).__name__]
            sys.exit(f"mr-on-spark: the job failed: {reason[0]}")


if __name__ == "__main__":
    main()
