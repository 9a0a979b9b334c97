//! Random numbers and hash maps depend on the seed alone.

use labrt::collections::{HashMap, HashSet};
use labrt::{Config, Generator, network_rng, rng, run};

use crate::modes::{in_all_modes, simulate};

labrt::trace_events! {
    /// A thread runs its job.
    Job = "job" { n: u64 }
}

#[test]
fn draws_are_in_range() {
    in_all_modes(|| {
        for _ in 0..100 {
            assert!(rng().below(3) < 3);
            assert!((5..=7).contains(&rng().between(5, 7)));
            assert!(rng().chance(1, 1) && !rng().chance(0, 1));
        }
        let mut items: Vec<u32> = (0..50).collect();
        rng().shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
        assert_ne!(network_rng(), network_rng());
        assert_ne!(rng().next_u64(), rng().next_u64());
    });
}

#[test]
fn chance_and_shuffle_are_fair() {
    let mut generator = Generator::from_seed(7);
    let hits = (0..100_000).filter(|_| generator.chance(1, 10)).count();
    assert!((9_600..10_400).contains(&hits), "{hits}");
    let mut counts = [0u32; 6];
    for _ in 0..60_000 {
        let mut order = [0, 1, 2];
        generator.shuffle(&mut order);
        counts[order[0] * 2 + usize::from(order[1] > order[2])] += 1;
    }
    assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
}

#[test]
fn the_seed_decides_all_draws() {
    let draws = |seed| {
        let run = simulate(seed, || {
            let set: HashSet<u32> = (0..20).collect();
            let order: Vec<u32> = set.into_iter().collect();
            (rng().next_u64(), network_rng().next_u64(), order)
        });
        run.result.unwrap()
    };
    assert_eq!(draws(1), draws(1));
    let (one, two) = (draws(1), draws(2));
    assert!(one.0 != two.0 && one.1 != two.1 && one.2 != two.2);
}

/// One more draw in a student's code must not change everything else.
#[test]
fn streams_are_independent() {
    #[derive(Clone, Copy, PartialEq)]
    enum Extra {
        Nothing,
        User,
        Network,
        Map,
    }
    let outcome = |extra: Extra| {
        let run = simulate(3, move || {
            match extra {
                Extra::Nothing => {}
                Extra::User => _ = rng().next_u64(),
                Extra::Network => _ = network_rng(),
                Extra::Map => drop(HashMap::<u32, u32>::default()),
            }
            let jobs: Vec<_> = (0..10)
                .map(|n| labrt::thread::spawn(move || labrt::trace::event(Job { n })))
                .collect();
            jobs.into_iter().for_each(|job| _ = job.join());
            let order: Vec<u32> = (0..20).collect::<HashSet<u32>>().into_iter().collect();
            (rng().next_u64(), network_rng().next_u64(), order)
        });
        (run.stats.hash, run.result.unwrap())
    };
    let (hash, (user, network, order)) = outcome(Extra::Nothing);
    for extra in [Extra::User, Extra::Network, Extra::Map] {
        let (other_hash, (other_user, other_network, other_order)) = outcome(extra);
        assert_eq!(hash, other_hash, "the schedule is the same");
        assert_eq!(user == other_user, extra != Extra::User);
        assert_eq!(network == other_network, extra != Extra::Network);
        assert_eq!(order == other_order, extra != Extra::Map);
    }
}

/// A draw from an empty range must not panic while the simulator is borrowed.
#[test]
fn an_empty_range_fails_the_run() {
    let draws: [fn(); 3] =
        [|| _ = rng().below(0), || _ = rng().between(2, 1), || _ = rng().chance(1, 0)];
    for body in draws {
        let failure = run(&Config::default(), body).result.unwrap_err();
        assert!(failure.message.contains("is empty"), "{failure}");
        assert_eq!(failure.thread, "'main' #0");
    }
}
