//! Tests of the tester: clusters of a small server, and the output of tests
//! that pass and fail, run in child processes.

// Names of the course's tests end with a tag in capitals.
#![allow(non_snake_case)]

mod bundles;
mod cluster;
mod counter;
mod kv;
mod outside;
