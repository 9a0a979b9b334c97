//! The cost of checking an operation: in nearly sequential histories, as in the
//! labs, and in highly concurrent ones.

#[path = "../porcupine/tests/support/mod.rs"]
mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use porcupine::kv::KvModel;
use porcupine::{Limits, Verdict, check_operations};
use support::{Plan, Service, history};

fn check(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check");
    for (name, clients, operations, keys, pause) in [
        ("one client, one key", 1, 30_000, 1, 50),
        ("five clients, five keys, rarely concurrent", 5, 6_000, 5, 1_000),
        ("five clients, one key, often concurrent", 5, 6_000, 1, 100),
        ("fifty clients, ten keys, always concurrent", 50, 20, 10, 50),
    ] {
        let plan = Plan { seed: 1, clients, operations, keys, pause, service: Service::Correct };
        let history = history(plan);
        group.throughput(Throughput::Elements(history.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let report = check_operations(&KvModel, &history, Limits::NONE);
                assert_eq!(report.verdict, Verdict::Ok);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
