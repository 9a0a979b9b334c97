//! Kinds of events: a name, and the names and forms of the fields.

use std::fmt;

/// The most fields that an event has.
pub const FIELDS: usize = 5;

/// What an event is and what its numbers mean, as its declaration says.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    name: &'static str,
    fields: &'static [Field],
    /// Of the name.
    hash: u64,
}

/// A field of a kind of events.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// How its number reads.
    pub form: Form,
}

/// How the number of a field reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Number,
    /// 0 is none; everything else is 1 more than the value.
    Optional,
    /// 0 or 1.
    Flag,
    /// The place in this list of words.
    Word(&'static [&'static str]),
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// An optional field without a value.
    None,
    /// Yes or no.
    Flag(bool),
    /// One of the words of the field's form.
    Word(&'static str),
}

impl Kind {
    /// A kind of that name, with these fields in the order of their numbers.
    #[doc(hidden)]
    pub const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        assert!(fields.len() <= FIELDS, "an event has at most 5 fields");
        Kind { name, fields, hash: hash_of(name) }
    }

    /// The name in reports and bundles.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// A hash of the name, the same in every run.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// The fields, in the order of their numbers.
    pub fn fields(&self) -> &'static [Field] {
        self.fields
    }
}

/// FNV-1a.
const fn hash_of(name: &str) -> u64 {
    let (bytes, mut hash, mut at) = (name.as_bytes(), 0xcbf2_9ce4_8422_2325, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x100_0000_01b3);
        at += 1;
    }
    hash
}

impl Form {
    /// The value that a number of this form stands for.
    pub(super) fn read(self, number: u64) -> Value {
        match self {
            Form::Number => Value::Number(number),
            Form::Optional => number.checked_sub(1).map_or(Value::None, Value::Number),
            Form::Flag => Value::Flag(number != 0),
            Form::Word(words) => Value::Word(words[number as usize]),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(number) => number.fmt(f),
            Value::None => f.write_str("none"),
            Value::Flag(flag) => flag.fmt(f),
            Value::Word(word) => f.write_str(word),
        }
    }
}

/// A type that a field of an event may have.
pub trait Traced {
    /// How its number reads.
    const FORM: Form;

    /// The number that stands for it.
    fn number(self) -> u64;
}

impl Traced for u64 {
    const FORM: Form = Form::Number;

    #[inline]
    fn number(self) -> u64 {
        self
    }
}

impl Traced for usize {
    const FORM: Form = Form::Number;

    #[inline]
    fn number(self) -> u64 {
        self as u64
    }
}

impl Traced for bool {
    const FORM: Form = Form::Flag;

    #[inline]
    fn number(self) -> u64 {
        self.into()
    }
}

impl<T: Traced> Traced for Option<T> {
    const FORM: Form = {
        assert!(matches!(T::FORM, Form::Number), "only numbers are optional");
        Form::Optional
    };

    #[inline]
    fn number(self) -> u64 {
        self.map_or(0, |value| value.number() + 1)
    }
}

/// An event that [`trace_events!`](crate::trace_events) declares.
pub trait Declared {
    /// What the event is.
    const KIND: &'static Kind;

    /// The numbers of the fields, and zeros.
    fn numbers(self) -> [u64; FIELDS];
}

/// These numbers, and zeros.
#[doc(hidden)]
#[inline]
pub fn pad<const N: usize>(numbers: [u64; N]) -> [u64; FIELDS] {
    let mut all = [0; FIELDS];
    all[..N].copy_from_slice(&numbers);
    all
}
