# Sourced by the launchers, which set root to the top of the clone.

# launch PROGRAM ARGUMENTS...: builds the program if needed, and replaces the shell with it.
launch() {
    program=$1
    shift
    binary=${CARGO_TARGET_DIR:-$root/target}/release/$program
    if [ ! -x "$binary" ]; then
        echo "building $program (first use) ..." >&2
    fi
    cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p scripts --bin "$program" >&2 || exit 2
    exec "$binary" "$@"
}
