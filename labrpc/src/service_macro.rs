//! The macro that turns a list of methods into typed code for both sides.

/// Declares a service: the messages of a protocol, once for both sides.
///
/// ```
/// use std::sync::Arc;
///
/// labrpc::service! {
///     /// Adds numbers.
///     pub service Adder {
///         /// Returns the sum of both numbers.
///         fn add_up((u64, u64)) -> u64;
///     }
/// }
///
/// /// The server's side of the protocol.
/// struct Calculator;
///
/// impl AdderService for Calculator {
///     fn add_up(&self, (a, b): (u64, u64)) -> u64 {
///         a + b
///     }
/// }
///
/// # let run = labrt::run(&labrt::Config::default(), || {
/// let network = labrpc::Network::new();
/// let server = labrpc::Server::new().with_service(adder_service(Arc::new(Calculator)));
/// network.add_server("calculator", server);
///
/// let end = network.make_end("client");
/// network.connect("client", "calculator");
/// network.enable("client", true);
/// assert_eq!(AdderClient::new(end).add_up(&(2, 3)), Some(5));
/// # });
/// # assert_eq!(run.result, Ok(()));
/// ```
///
/// For `service Adder` the macro generates these items, and none called
/// `Adder`:
///
/// * the trait `AdderService`, which a server implements: one method per
///   message, `fn add_up(&self, args: (u64, u64)) -> u64`;
/// * the function `adder_service(Arc<impl AdderService>) -> Service`, which
///   makes it a service for a [`Server`](crate::Server);
/// * the struct `AdderClient`, created from a [`ClientEnd`](crate::ClientEnd):
///   `fn add_up(&self, args: &(u64, u64)) -> Option<u64>`. `None` means that
///   no reply arrived; the handler may or may not have run.
///
/// On the wire the method above is called `"Adder.AddUp"`. To choose another
/// service name, write `service KvServer = "KVServer" { ... }`.
///
/// A method takes one value and returns one. The macro copies doc comments and
/// attributes of a method to the trait and to the client.
#[macro_export]
macro_rules! service {
    (
        $(#[$attribute:meta])*
        $visibility:vis service $name:ident { $($methods:tt)* }
    ) => {
        $crate::__service! {
            $(#[$attribute])*
            $visibility service $name = stringify!($name) => { $($methods)* }
        }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis service $name:ident = $wire:literal { $($methods:tt)* }
    ) => {
        $crate::__service! {
            $(#[$attribute])*
            $visibility service $name = $wire => { $($methods)* }
        }
    };
}

/// Generates the code of a service with a given name on the wire.
#[doc(hidden)]
#[macro_export]
macro_rules! __service {
    (
        $(#[$attribute:meta])*
        $visibility:vis service $name:ident = $wire:expr => {
            $(
                $(#[$method_attribute:meta])*
                fn $method:ident($args:ty) -> $reply:ty;
            )*
        }
    ) => {
        $crate::__private::paste! {
            $(#[$attribute])*
            $visibility trait [<$name Service>]: Send + Sync + 'static {
                $(
                    $(#[$method_attribute])*
                    fn $method(&self, args: $args) -> $reply;
                )*
            }

            #[doc = concat!("Returns a service for a [`", stringify!([<$name Service>]), "`].")]
            #[allow(dead_code, reason = "a crate may need the client's side only")]
            $visibility fn [<$name:snake _service>](
                service: ::std::sync::Arc<impl [<$name Service>]>,
            ) -> $crate::Service {
                $crate::Service::new($wire)
                    $(
                        .method(stringify!([<$method:camel>]), {
                            let service = ::std::sync::Arc::clone(&service);
                            move |args: $args| [<$name Service>]::$method(&*service, args)
                        })
                    )*
            }

            #[doc = concat!("The client's side of [`", stringify!([<$name Service>]), "`].")]
            #[allow(dead_code, reason = "a crate may need the server's side only")]
            #[derive(Clone, Debug)]
            $visibility struct [<$name Client>] {
                end: $crate::ClientEnd,
            }

            #[allow(dead_code, reason = "a crate may need the server's side only")]
            impl [<$name Client>] {
                /// Creates a client whose calls go through this end.
                $visibility fn new(end: $crate::ClientEnd) -> Self {
                    Self { end }
                }

                $(
                    $(#[$method_attribute])*
                    ///
                    /// Returns `None` if no reply arrives: the handler may or
                    /// may not have run.
                    #[track_caller]
                    $visibility fn $method(&self, args: &$args) -> ::std::option::Option<$reply> {
                        self.end.call(
                            concat!($wire, ".", stringify!([<$method:camel>])),
                            args,
                        )
                    }
                )*
            }
        }
    };
}
