//! Numbers on their way into a column: their bits, and which are missing.

use crate::profiles::Value;
use arrow_array::types::TimestampNanosecondType;
use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::{Buffer, NullBufferBuilder, ScalarBuffer};
use std::sync::Arc;

/// The zone of all times.
pub(super) const UTC: &str = "UTC";

/// A value that is a number or a time, or none.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub form: Form,
    /// Of 64 bits, whatever the form.
    pub bits: u64,
}

/// What the bits are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Missing,
    Unsigned,
    Integer,
    Float,
    Time,
    MicrosecondTime,
}

impl Number {
    #[inline]
    pub fn of(value: &Value<'_>) -> Self {
        let (form, bits) = match *value {
            Value::Unsigned(value) => (Form::Unsigned, value),
            Value::Integer(value) => (Form::Integer, value as u64),
            Value::Float(value) => (Form::Float, value.to_bits()),
            Value::Time(time) => (Form::Time, time.0 as u64),
            Value::MicrosecondTime(time) => (Form::MicrosecondTime, time.0 as u64),
            _ => (Form::Missing, 0),
        };
        Self { form, bits }
    }

    /// `None` when it is no whole number.
    pub fn whole(self) -> Option<i128> {
        match self.form {
            Form::Unsigned => Some(i128::from(self.bits)),
            Form::Integer => Some(i128::from(self.bits as i64)),
            _ => None,
        }
    }
}

/// A column of numbers of 64 bits.
pub(super) struct Numbers {
    pub bits: Vec<u64>,
    is_there: NullBufferBuilder,
}

impl Numbers {
    /// With room for so many.
    pub fn new(rows: usize) -> Self {
        Self { bits: Vec::with_capacity(rows), is_there: NullBufferBuilder::new(rows) }
    }

    /// Appends numbers of the column's own form as they are. Of others `otherwise` makes one, by their
    /// row; where it does not, the value is missing.
    #[inline]
    pub fn append(
        &mut self,
        own: Form,
        numbers: impl Iterator<Item = Number> + Clone,
        mut otherwise: impl FnMut(usize, Number) -> Option<u64>,
    ) {
        let before = self.bits.len();
        // Mostly all are alike.
        if numbers.clone().all(|number| number.form == own) {
            self.bits.extend(numbers.map(|number| number.bits));
            return self.is_there.append_n_non_nulls(self.bits.len() - before);
        }
        for number in numbers {
            let bits = match number.form == own {
                true => Some(number.bits),
                false => otherwise(self.bits.len(), number),
            };
            self.bits.push(bits.unwrap_or(0));
            self.is_there.append(bits.is_some());
        }
    }

    pub fn copy(&self) -> Self {
        let mut is_there = NullBufferBuilder::new(self.bits.len());
        match self.is_there.finish_cloned() {
            Some(nulls) => is_there.append_buffer(&nulls),
            None => is_there.append_n_non_nulls(self.bits.len()),
        }
        Self { bits: self.bits.clone(), is_there }
    }

    pub fn array<T: ArrowPrimitiveType>(self) -> ArrayRef {
        Arc::new(self.primitive::<T>())
    }

    pub fn times(self) -> ArrayRef {
        Arc::new(self.primitive::<TimestampNanosecondType>().with_timezone(UTC))
    }

    /// `T` has 64 bits.
    fn primitive<T: ArrowPrimitiveType>(mut self) -> PrimitiveArray<T> {
        let rows = self.bits.len();
        let values = ScalarBuffer::<T::Native>::new(Buffer::from_vec(self.bits), 0, rows);
        PrimitiveArray::new(values, self.is_there.finish())
    }
}
