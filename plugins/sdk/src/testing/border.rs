//! An instance behind the functions that a host calls.
#![allow(unsafe_code)]

use std::ffi::{CString, c_void};
use std::marker::PhantomData;

use super::TestFlow;
use super::fake_host::{FakeHost, Tag, collect};
use crate::abi::{OK, Status, tractor_option};
use crate::border::{shims, to_c_text};
use crate::{Classifier, Declaration};

/// An instance as a host has it, made and called through the C ABI: for tests of what crosses it,
/// such as the text of an error, or a panic.
pub struct Border<C: Classifier> {
    this: *mut c_void,
    host: FakeHost,
    of: PhantomData<C>,
}

/// What a host hears of a call that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub status: Status,
    /// What was told by `fail`.
    pub text: String,
}

impl<C: Classifier> Border<C> {
    /// # Errors
    /// What the host hears where no instance is made.
    pub fn create(options: &[(&str, &str)]) -> Result<Self, Failure> {
        Border::create_with_columns(options, &[])
    }

    /// As [`create`](Self::create), with the columns that the host has.
    ///
    /// # Errors
    /// As there.
    pub fn create_with_columns(
        options: &[(&str, &str)],
        columns: &[&str],
    ) -> Result<Self, Failure> {
        let texts: Vec<(CString, CString)> =
            options.iter().map(|(key, value)| (to_c_text(key), to_c_text(value))).collect();
        let options: Vec<tractor_option> = texts
            .iter()
            .map(|(key, value)| tractor_option { key: key.as_ptr(), value: value.as_ptr() })
            .collect();
        let host = FakeHost::new(columns);
        let mut this = std::ptr::null_mut();
        // SAFETY: the options live as long as this call, the host longer than the instance.
        let status = unsafe {
            let count = options.len() as u32;
            shims::create::<C>(host.pointer(), options.as_ptr(), count, &raw mut this)
        };
        assert_eq!(status == OK, !this.is_null(), "an instance is made or an error returned");
        match status {
            OK => Ok(Border { this, host, of: PhantomData }),
            status => Err(Failure { status, text: host.take_failure() }),
        }
    }

    /// All tags of a batch, in the order they came.
    ///
    /// # Errors
    /// What the host hears.
    pub fn classify(&mut self, flows: &[&TestFlow]) -> Result<Vec<Tag>, Failure> {
        let pointers: Vec<_> = flows.iter().map(|flow| flow.raw()).collect();
        let (status, tags) = collect(flows.len(), |tags| {
            // SAFETY: the instance is there, and flows and tags live as long as this call.
            unsafe {
                shims::classify::<C>(self.this, pointers.as_ptr(), pointers.len() as u32, tags)
            }
        });
        match status {
            OK => Ok(tags),
            status => Err(Failure { status, text: self.host.take_failure() }),
        }
    }

    /// Labels and columns that are not those of the constants.
    pub fn declared(&self) -> Option<Declaration> {
        self.host.declared()
    }

    /// What was logged, each with its level before it: `2: the list is empty`.
    pub fn messages(&self) -> Vec<String> {
        self.host.messages()
    }

    /// What was logged in the end.
    pub fn destroy(mut self) -> Vec<String> {
        self.free();
        self.host.messages()
    }

    fn free(&mut self) {
        let this = std::mem::replace(&mut self.this, std::ptr::null_mut());
        // SAFETY: `create` made it, and it is given back once: destroy takes null for nothing.
        unsafe { shims::destroy::<C>(this) };
    }
}

impl<C: Classifier> Drop for Border<C> {
    fn drop(&mut self) {
        self.free();
    }
}
