//! One cell of a row, before any format.

use super::CommunityId;
use crate::decode::{Tunnels, Vlans};
use crate::time::Timestamp;
use std::net::IpAddr;

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Missing: an empty CSV cell.
    Null,
    Integer(i64),
    Unsigned(u64),
    /// Never NaN or infinite.
    Float(f64),
    Time(Timestamp),
    Address(IpAddr),
    Text(&'a str),
    CommunityId(CommunityId),
    Vlans(Vlans<'a>),
    Tunnels(Tunnels<'a>),
}

impl Value<'_> {
    /// Nanoseconds as microseconds, the nanoseconds as decimals.
    pub fn microseconds(ns: i64) -> Self {
        Self::Float(ns as f64 / 1_000.0)
    }
}

impl From<u64> for Value<'_> {
    fn from(value: u64) -> Self {
        Self::Unsigned(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        match value.is_finite() {
            true => Self::Float(value),
            false => Self::Null,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<T> From<Option<T>> for Value<'_>
where
    Self: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}
