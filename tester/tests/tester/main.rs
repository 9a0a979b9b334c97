//! Tests of the tester: clusters of a small server, and what is told about tests
//! that pass and fail, seen from outside.

// Some tests carry names of the course, with a tag in capitals.
#![allow(non_snake_case)]

mod bundles;
mod cluster;
mod counter;
mod kv;
mod outside;
