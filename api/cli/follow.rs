//! Arguments of how a folder is followed.

use crate::duration;
use clap::Args;
use std::ffi::OsString;
use std::time::Duration;
use tractor_engine::capture::FollowOptions;

/// How a folder is followed: for `tractor flows --follow`, and for jobs of a folder.
#[derive(Args, Clone)]
pub struct FollowArguments {
    /// End after so long without a packet [default: go on for ever]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub end_after: Option<i64>,

    /// Let a new file wait so long for older ones that may still appear [default: none does; files
    /// that come late are read at once, and counted]
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub lateness: Option<i64>,

    /// Let time pass when no packet came for so long, so that flows of a quiet link end; never: only
    /// packets tell the time
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse_or_never)]
    pub quiet_after: duration::OrNever,

    /// Time between two checkpoints, at least; for tests
    #[arg(long, hide = true, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    pub checkpoint_pause: i64,
}

fn duration(ns: i64) -> Duration {
    Duration::from_nanos(u64::try_from(ns).unwrap_or(0))
}

impl FollowArguments {
    /// The same as one would type it.
    pub fn words(&self) -> Vec<OsString> {
        let ns = |flag: &str, ns: Option<i64>| ns.map(|ns| format!("--{flag}={ns}ns"));
        let quiet = match self.quiet_after.0 {
            Some(_) => ns("quiet-after", self.quiet_after.0),
            None => Some("--quiet-after=never".to_owned()),
        };
        let words = [
            ns("end-after", self.end_after),
            ns("lateness", self.lateness),
            quiet,
            ns("checkpoint-pause", Some(self.checkpoint_pause)),
        ];
        words.into_iter().flatten().map(OsString::from).collect()
    }

    /// Time between two checkpoints, at least.
    pub fn checkpoint_pause(&self) -> Duration {
        duration(self.checkpoint_pause)
    }

    /// The silence that ends the stream.
    pub fn end_after(&self) -> Option<Duration> {
        self.end_after.map(duration)
    }

    /// For flows that end by silence after `idle_ns`.
    pub fn options(&self, idle_ns: i64) -> FollowOptions {
        FollowOptions {
            lateness: self.lateness.map(duration).unwrap_or_default(),
            quiet_after: self.quiet_after.0.map(duration),
            silence_max: duration(idle_ns),
            end_after: self.end_after(),
        }
    }
}
