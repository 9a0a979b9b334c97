//! User-defined models: a set, and a register that does not reveal its choices.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use porcupine::{
    Limits, Model, Nondeterministic, NondeterministicModel, Operation, Verdict, check_operations,
};

/// Adds a number, or reads the whole set if there is none.
type Add = Option<u32>;

/// A set. The output of a read is its content, or `None` if the read never
/// returned.
struct SetModel;

impl Model for SetModel {
    type Input = Add;
    type Output = Option<Vec<u32>>;
    type State = BTreeSet<u32>;

    fn init(&self) -> BTreeSet<u32> {
        BTreeSet::new()
    }

    fn step(
        &self,
        state: &BTreeSet<u32>,
        input: &Add,
        output: &Option<Vec<u32>>,
    ) -> Option<BTreeSet<u32>> {
        match (input, output) {
            (Some(number), _) => Some(state.iter().copied().chain([*number]).collect()),
            (None, None) => Some(state.clone()),
            (None, Some(found)) => found.iter().eq(state).then(|| state.clone()),
        }
    }
}

#[test]
fn read_of_a_set_may_see_concurrent_additions() {
    let verdict = |added: [u32; 2], found: Option<&[u32]>| {
        let operation =
            |client, input, output, call, ret| Operation { client, input, call, output, ret };
        let history = [
            operation(0, Some(added[0]), None, 0, 100),
            operation(1, Some(added[1]), None, 10, 200),
            operation(2, None, found.map(<[u32]>::to_vec), 20, 50),
        ];
        check_operations(&SetModel, &history, Limits::NONE).verdict
    };
    assert_eq!(verdict([100, 0], Some(&[100])), Verdict::Ok);
    assert_eq!(verdict([100, 110], Some(&[100, 110])), Verdict::Ok);
    assert_eq!(verdict([100, 110], None), Verdict::Ok);
    assert_eq!(verdict([100, 110], Some(&[100, 100, 110])), Verdict::Illegal);
}

/// The input of a register that holds several numbers.
#[derive(Debug)]
enum SecretiveInput {
    /// Store some of these numbers; the register does not report which.
    PutAny(Vec<u32>),
    /// Return some of the numbers.
    GetAny,
    /// Return all numbers.
    GetAll,
}

/// The numbers in the register. Without `HASHED` all hashes are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held<const HASHED: bool>(BTreeSet<u32>);

impl<const HASHED: bool> Hash for Held<HASHED> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        if HASHED {
            self.0.hash(hasher);
        }
    }
}

struct SecretiveRegister<const HASHED: bool>;

impl<const HASHED: bool> NondeterministicModel for SecretiveRegister<HASHED> {
    type Input = SecretiveInput;
    type Output = Vec<u32>;
    type State = Held<HASHED>;

    fn init(&self) -> Vec<Held<HASHED>> {
        vec![Held(BTreeSet::new())]
    }

    fn step(
        &self,
        state: &Held<HASHED>,
        input: &SecretiveInput,
        output: &Vec<u32>,
    ) -> Vec<Held<HASHED>> {
        let returned: BTreeSet<u32> = output.iter().copied().collect();
        let legal = match input {
            SecretiveInput::PutAny(numbers) => {
                let subset = |bits: u32| {
                    let chosen = numbers.iter().enumerate().filter(|&(at, _)| bits >> at & 1 == 1);
                    Held(chosen.map(|(_, &number)| number).collect())
                };
                return (0..1 << numbers.len()).map(subset).collect();
            }
            SecretiveInput::GetAny => returned.is_subset(&state.0),
            SecretiveInput::GetAll => returned == state.0,
        };
        if legal { vec![state.clone()] } else { Vec::new() }
    }
}

#[test]
fn nondeterministic_model_follows_all_possible_states() {
    fn verdict<const HASHED: bool>(all: &[u32]) -> Verdict {
        let operation = |(client, (input, output))| {
            let (call, ret) =
                if client == 0 { (0, 100) } else { (client as i64 * 10, client as i64 * 10 + 9) };
            Operation { client, input, call, output, ret }
        };
        let history: Vec<_> = [
            (SecretiveInput::PutAny(vec![1, 2, 3, 4]), vec![]),
            (SecretiveInput::GetAny, vec![2]),
            (SecretiveInput::GetAny, vec![1, 4]),
            (SecretiveInput::GetAll, all.to_vec()),
        ]
        .into_iter()
        .enumerate()
        .map(operation)
        .collect();
        check_operations(&Nondeterministic(SecretiveRegister::<HASHED>), &history, Limits::NONE)
            .verdict
    }
    assert_eq!(verdict::<true>(&[1, 2, 3]), Verdict::Illegal);
    assert_eq!(verdict::<false>(&[1, 2, 3]), Verdict::Illegal);
    assert_eq!(verdict::<true>(&[1, 2, 3, 4]), Verdict::Ok);
    assert_eq!(verdict::<false>(&[1, 2, 4]), Verdict::Ok);
}
