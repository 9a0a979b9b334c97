//! The `select!` macro.

/// Waits until one of several channel operations is ready and performs it. If
/// several are ready, chooses one at random, as Go's `select` does.
///
/// The syntax is that of crossbeam-channel:
///
/// ```
/// use labrt::channel::{after, bounded, unbounded};
/// use labrt::{select, time::Duration};
///
/// let (numbers, take_number) = unbounded();
/// let (_stop, stopped) = bounded::<()>(0);
/// numbers.send(7).unwrap();
/// let got = select! {
///     recv(take_number) -> number => number.unwrap(),
///     recv(stopped) -> _ => unreachable!(),
///     recv(after(Duration::from_secs(1))) -> _ => 0,
/// };
/// assert_eq!(got, 7);
///
/// let (full, _receiver) = bounded(0);
/// select! {
///     send(full, 1) -> _ => unreachable!("no thread receives"),
///     default => {}
/// }
/// ```
///
/// An arm is one of these:
///
/// * `recv(receiver) -> pattern => body`: the pattern matches a
///   `Result<T, RecvError>`;
/// * `send(sender, message) -> pattern => body`: the pattern matches a
///   `Result<(), SendError<T>>`. The message is evaluated only if its arm is
///   chosen;
/// * `default => body`: runs if no arm is ready;
/// * `default(timeout) => body`: runs if no arm becomes ready before the timeout.
#[macro_export]
macro_rules! select {
    ($($arms:tt)+) => { $crate::__select!(@parse [] [Forever] $($arms)+) };
}

/// The implementation of [`select!`]: first sorts the arms into `{recv ..}`,
/// `{send ..}` and the default, then builds the choice.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    (@parse [$($arm:tt)*] [$($default:tt)*]
        recv($channel:expr) -> $result:pat => $body:block, $($rest:tt)*) => {
        $crate::__select!(
            @parse [$($arm)* {recv ($channel) ($result) ($body)}] [$($default)*] $($rest)*
        )
    };
    (@parse [$($arm:tt)*] [$($default:tt)*]
        recv($channel:expr) -> $result:pat => $body:block $($rest:tt)*) => {
        $crate::__select!(
            @parse [$($arm)* {recv ($channel) ($result) ($body)}] [$($default)*] $($rest)*
        )
    };
    (@parse [$($arm:tt)*] [$($default:tt)*]
        recv($channel:expr) -> $result:pat => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__select!(
            @parse [$($arm)* {recv ($channel) ($result) ($body)}] [$($default)*] $($($rest)*)?
        )
    };
    (@parse [$($arm:tt)*] [$($default:tt)*]
        send($channel:expr, $message:expr) -> $result:pat => $body:block, $($rest:tt)*) => {
        $crate::__select!(
            @parse [$($arm)* {send ($channel) ($message) ($result) ($body)}]
            [$($default)*] $($rest)*
        )
    };
    (@parse [$($arm:tt)*] [$($default:tt)*]
        send($channel:expr, $message:expr) -> $result:pat => $body:block $($rest:tt)*) => {
        $crate::__select!(
            @parse [$($arm)* {send ($channel) ($message) ($result) ($body)}]
            [$($default)*] $($rest)*
        )
    };
    (@parse [$($arm:tt)*] [$($default:tt)*]
        send($channel:expr, $message:expr) -> $result:pat => $body:expr $(, $($rest:tt)*)?) => {
        $crate::__select!(
            @parse [$($arm)* {send ($channel) ($message) ($result) ($body)}]
            [$($default)*] $($($rest)*)?
        )
    };
    (@parse [$($arm:tt)*] [Forever] default => $body:expr $(,)?) => {
        $crate::__select!(@build [$($arm)*] (None) ($body))
    };
    (@parse [$($arm:tt)*] [Forever] default($timeout:expr) => $body:expr $(,)?) => {
        $crate::__select!(@build [$($arm)*] (For($timeout)) ($body))
    };
    (@parse [$($arm:tt)*] [Forever]) => {
        $crate::__select!(
            @build [$($arm)*] (Forever)
            (unreachable!("select! without a default waits forever"))
        )
    };
    // `match` keeps temporary channels, such as `after(..)`, alive.
    (@build [$($arm:tt)*] ($($limit:tt)*) ($default:expr)) => {
        match $crate::__select!(@channels $($arm)*) {
            channels => {
                let mut arms = ::std::vec::Vec::new();
                $crate::channel::select::Arms::list(&channels, &mut arms);
                let limit = $crate::channel::select::WaitLimit::$($limit)*;
                match $crate::channel::select::select(&arms, limit) {
                    ::std::option::Option::None => $default,
                    ::std::option::Option::Some(operation) => {
                        $crate::__select!(@complete operation (channels) (0) $($arm)*)
                    }
                }
            }
        }
    };
    (@channels) => { () };
    (@channels {$kind:ident ($channel:expr) $($parts:tt)*} $($rest:tt)*) => {
        (&$channel, $crate::__select!(@channels $($rest)*))
    };
    (@complete $operation:ident ($channels:expr) ($index:expr)) => {
        unreachable!("the select! has no arm {}", $operation.index())
    };
    (@complete $operation:ident ($channels:expr) ($index:expr)
        {recv ($channel:expr) ($result:pat) ($body:expr)} $($rest:tt)*) => {
        if $operation.index() == $index {
            let $result = $operation.recv($channels.0);
            $body
        } else {
            $crate::__select!(@complete $operation ($channels.1) ($index + 1) $($rest)*)
        }
    };
    (@complete $operation:ident ($channels:expr) ($index:expr)
        {send ($channel:expr) ($message:expr) ($result:pat) ($body:expr)} $($rest:tt)*) => {
        if $operation.index() == $index {
            let $result = $operation.send($channels.0, $message);
            $body
        } else {
            $crate::__select!(@complete $operation ($channels.1) ($index + 1) $($rest)*)
        }
    };
}
