//! What a run over a folder that goes on for ever and whoever watches the folder tell each other.

use super::failure::lock;
use crate::capture::{Follower, Problem};
use crate::limits::WARNINGS_MAX;
use crate::time::Timestamp;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use timely::scheduling::SyncActivator;

/// A folder that is followed. The run reads what is there when it is told to look, and nothing in
/// between; it goes on until it is told to end.
pub struct Feed {
    /// Until the source of the run takes it.
    follower: Mutex<Option<Box<Follower>>>,
    orders: Mutex<Orders>,
    source: Mutex<Option<SyncActivator>>,
    problems: Mutex<Problems>,
    standing: Mutex<Standing>,
    saved: Mutex<Saved>,
}

/// How saving the state goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    pub under_way: bool,
    pub times: u64,
    /// Why it was not done the last time.
    pub failure: Option<String>,
}

/// What the source is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    /// It is to look whether there is more, so much time after the last look.
    pub(super) look: Option<Duration>,
    pub(super) end: bool,
    /// The state is to be saved.
    pub(super) save: bool,
}

#[derive(Default)]
struct Problems {
    kept: Vec<Problem>,
    not_kept: u64,
}

/// How far a folder has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The stream clock.
    pub newest: Option<Timestamp>,
    /// Bytes that were seen in the folder and are not read yet.
    pub left_bytes: u64,
    /// Files whose first packet was older than what had been read before.
    pub late_files: u64,
    /// Files that were seen.
    pub files: u64,
    /// Nothing that is whole was left at the last look.
    pub is_dry: bool,
}

impl Feed {
    pub fn new(follower: Follower) -> Arc<Self> {
        Arc::new(Self {
            follower: Mutex::new(Some(Box::new(follower))),
            orders: Mutex::default(),
            source: Mutex::default(),
            problems: Mutex::default(),
            standing: Mutex::default(),
            saved: Mutex::default(),
        })
    }

    /// Tells the run to look for more: so much time has passed since it was told the last time.
    pub fn look(&self, passed: Duration) {
        let mut orders = lock(&self.orders);
        orders.look = Some(orders.look.unwrap_or_default().saturating_add(passed));
        drop(orders);
        self.wake();
    }

    /// Tells the run to end with what it has read.
    pub fn end(&self) {
        lock(&self.orders).end = true;
        self.wake();
    }

    /// Has the run save its state, if there is anything new: [`Feed::saved`] tells when that is done.
    pub fn save(&self) {
        lock(&self.saved).under_way = true;
        lock(&self.orders).save = true;
        self.wake();
    }

    /// How saving goes.
    pub fn saved(&self) -> Saved {
        lock(&self.saved).clone()
    }

    pub(super) fn tell_saved(&self, result: Option<Result<(), String>>) {
        let mut saved = lock(&self.saved);
        saved.under_way = false;
        match result {
            None => {}
            Some(Ok(())) => (saved.times, saved.failure) = (saved.times + 1, None),
            Some(Err(why)) => saved.failure = Some(why),
        }
    }

    /// Has the run answer what it was asked, though there is nothing new.
    pub fn wake(&self) {
        if let Some(source) = &*lock(&self.source) {
            // An error means that the run is over.
            let _ = source.activate();
        }
    }

    /// What went wrong with files since the last call, and how much more than is kept.
    pub fn take_problems(&self) -> (Vec<Problem>, u64) {
        let Problems { kept, not_kept } = std::mem::take(&mut *lock(&self.problems));
        (kept, not_kept)
    }

    /// How far the run is.
    pub fn standing(&self) -> Standing {
        *lock(&self.standing)
    }

    pub(super) fn take_follower(&self) -> Option<Box<Follower>> {
        lock(&self.follower).take()
    }

    pub(super) fn take_orders(&self) -> Orders {
        std::mem::take(&mut *lock(&self.orders))
    }

    pub(super) fn register(&self, source: SyncActivator) {
        *lock(&self.source) = Some(source);
    }

    pub(super) fn report(&self, problems: impl IntoIterator<Item = Problem>) {
        let mut all = lock(&self.problems);
        for problem in problems {
            match all.kept.len() < WARNINGS_MAX {
                true => all.kept.push(problem),
                false => all.not_kept += 1,
            }
        }
    }

    pub(super) fn tell(&self, standing: Standing) {
        *lock(&self.standing) = standing;
    }
}
