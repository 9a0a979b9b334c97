//! The macro that declares events.

/// Declares trace events. Each declaration defines a type with the fields of
/// the event, which [`trace::event`](crate::trace::event) records, and the name
/// of the event in reports and bundles.
///
/// A field may have any type that is [`Traced`](crate::trace::Traced). The
/// comment says what has happened. A test compares names, fields and comments
/// with the table in `docs/bundle.md`.
///
/// ```
/// labrt::trace_events! {
///     /// A server puts entries on stable storage.
///     Save = "save" { first: u64, last: u64 }
///
///     /// A server votes; `candidate` is null if it votes for none.
///     Vote = "vote" { candidate: Option<usize>, granted: bool }
/// }
///
/// labrt::trace::event(Save { first: 5, last: 7 });
/// labrt::trace::event(Vote { candidate: Some(2), granted: true });
/// ```
#[macro_export]
macro_rules! trace_events {
    ($(
        $(#[$doc:meta])+
        $event:ident = $name:literal { $($field:ident: $type:ty),* $(,)? }
    )+) => { $(
        $(#[$doc])+
        #[derive(Clone, Copy)]
        pub(crate) struct $event {
            $(pub(crate) $field: $type),*
        }

        impl $crate::trace::Declared for $event {
            const KIND: &'static $crate::trace::Kind = &$crate::trace::Kind::new(
                $name,
                &[$($crate::trace::Field {
                    name: ::core::stringify!($field),
                    form: <$type as $crate::trace::Traced>::FORM,
                }),*],
            );

            #[inline]
            fn numbers(self) -> [u64; $crate::trace::FIELDS] {
                $crate::trace::pad([$($crate::trace::Traced::number(self.$field)),*])
            }
        }
    )+ };
}
