//! Tests of what has state or reads files.

mod places;
