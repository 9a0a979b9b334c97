//! Kinds of events: the name of an event, and the names and forms of its
//! fields.

use std::fmt;

/// The maximum number of fields of an event.
pub const FIELDS: usize = 5;

/// A kind of event: its name and the meaning of its numbers, from its
/// declaration.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    name: &'static str,
    fields: &'static [Field],
    /// The hash of the name.
    hash: u64,
}

/// A field of a kind of event.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the field.
    pub name: &'static str,
    /// How to read the number of the field.
    pub form: Form,
}

/// How to read the number of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The number itself.
    Number,
    /// 0 is none; any other number is the value plus 1.
    Optional,
    /// 0 is false, 1 is true.
    Flag,
    /// An index into this list of words.
    Word(&'static [&'static str]),
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// An optional field without a value.
    None,
    /// True or false.
    Flag(bool),
    /// One of the words of the field's form.
    Word(&'static str),
}

impl Kind {
    /// Creates a kind with a name, and its fields in the order of their
    /// numbers.
    #[doc(hidden)]
    pub const fn new(name: &'static str, fields: &'static [Field]) -> Self {
        assert!(fields.len() <= FIELDS, "an event has at most 5 fields");
        Kind { name, fields, hash: hash_of(name) }
    }

    /// Returns the name in reports and bundles.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns a hash of the name, which is the same in every run.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// Returns the fields, in the order of their numbers.
    pub fn fields(&self) -> &'static [Field] {
        self.fields
    }
}

/// Returns the FNV-1a hash of a name.
const fn hash_of(name: &str) -> u64 {
    let (bytes, mut hash, mut at) = (name.as_bytes(), 0xcbf2_9ce4_8422_2325, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x100_0000_01b3);
        at += 1;
    }
    hash
}

impl Form {
    /// Converts a number of this form into its value.
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

/// A type that the field of an event may have.
pub trait Traced {
    /// How to read the number of the field.
    const FORM: Form;

    /// Converts the value into a number.
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
    /// The kind of the event.
    const KIND: &'static Kind;

    /// Returns the numbers of the fields, padded with zeros.
    fn numbers(self) -> [u64; FIELDS];
}

/// Pads the numbers with zeros.
#[doc(hidden)]
#[inline]
pub fn pad<const N: usize>(numbers: [u64; N]) -> [u64; FIELDS] {
    let mut all = [0; FIELDS];
    all[..N].copy_from_slice(&numbers);
    all
}
