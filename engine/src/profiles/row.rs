//! A closed flow with its statistics worked out, ready for columns.

use crate::classify::Plugins;
use crate::decode::Layers;
use crate::features::{Lengths, Moments, Needs};
use crate::flows::{Choice, Flow};

/// Whole flow, client to server, or server to client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Flow,
    Forward,
    Backward,
}

impl Direction {
    pub const ALL: [Self; 3] = [Self::Flow, Self::Forward, Self::Backward];

    /// What follows a column's name.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Flow => "",
            Self::Forward => "_fwd",
            Self::Backward => "_bwd",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Flow => "whole flow",
            Self::Forward => "client to server",
            Self::Backward => "server to client",
        }
    }
}

/// A series of values that statistics are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    Gaps,
    IpLengths,
    PayloadLengths,
}

/// Statistics of one series; nanoseconds or bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stat {
    pub count: u64,
    pub min: i64,
    pub max: i64,
    pub sum: i128,
    /// By [`Statistic`].
    floats: [f64; 5],
}

/// What gaps cut a flow into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Active,
    Idle,
}

impl Period {
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Idle => "idle",
        }
    }
}

/// Which statistic of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    Min,
    Mean,
    Max,
    /// Sample standard deviation.
    Std,
    Sum,
}

impl Stat {
    pub(super) fn of(moments: Moments) -> Self {
        let Moments { count, min, max, sum, sum_float, .. } = moments;
        // Most series of most flows have one value.
        let (mean, std) =
            if count == 1 { (sum_float, 0.0) } else { (moments.mean(), moments.std()) };
        let floats = [min as f64, mean, max as f64, std, sum_float];
        Self { count, min, max, sum, floats }
    }

    /// One of the statistics, as a float.
    #[inline]
    pub fn get(&self, statistic: Statistic) -> f64 {
        self.floats[statistic as usize]
    }
}

/// What columns read.
pub struct Row<'a> {
    pub flow: &'a Flow,
    /// The user's class of the flow's capture.
    pub class: Option<&'a str>,
    /// Who labelled it.
    pub plugins: &'a Plugins,
    /// VLANs and tunnels, if there are any.
    pub layers: Option<Layers>,
    active: Option<Stat>,
    idle: Option<Stat>,
    /// By [`Series`], then by [`Direction`].
    series: [[Option<Stat>; 3]; 3],
}

impl<'a> Row<'a> {
    /// Works out the statistics that `needs` says someone reads.
    pub fn new(flow: &'a Flow, class: Option<&'a str>, plugins: &'a Plugins, needs: Needs) -> Self {
        let (ip, payload) = match needs {
            Needs::Times => ([None; 3], [None; 3]),
            Needs::Meter => ([None; 3], payload_lengths(flow)),
            Needs::Frames => (ip_lengths(flow), [None; 3]),
            Needs::All => (ip_lengths(flow), payload_lengths(flow)),
        };
        Self {
            active: flow.trackers.activity.active().map(Stat::of),
            idle: flow.trackers.activity.idle().map(Stat::of),
            series: [gaps(flow), ip, payload],
            ..Self::without_statistics(flow, class, plugins)
        }
    }

    /// Of a flow of which nothing is gathered: no statistics are worked out.
    pub fn without_statistics(
        flow: &'a Flow,
        class: Option<&'a str>,
        plugins: &'a Plugins,
    ) -> Self {
        let (layers, series) = (flow.layers(), [[None; 3]; 3]);
        Self { flow, class, plugins, layers, active: None, idle: None, series }
    }

    /// The user's class of the capture, else the label that was found.
    pub fn class_or_label(&self) -> Option<&'a str> {
        let found = || Some(&*self.plugins.labels().get(self.label()?.label).name);
        self.class.or_else(found)
    }

    /// The label that was decided.
    pub fn label(&self) -> Option<&'a Choice> {
        self.flow.labelled.as_ref()?.label.as_ref()
    }

    /// `None` when the flow has no such period.
    #[inline]
    pub fn periods(&self, kind: Period) -> Option<&Stat> {
        match kind {
            Period::Active => self.active.as_ref(),
            Period::Idle => self.idle.as_ref(),
        }
    }

    /// The statistics of a series: of the flow, forward and backward.
    #[inline]
    pub fn stats(&self, series: Series) -> &[Option<Stat>; 3] {
        &self.series[series as usize]
    }

    /// `None` when the series has no value in that direction.
    #[inline]
    pub fn stat(&self, series: Series, direction: Direction) -> Option<&Stat> {
        self.series[series as usize][direction as usize].as_ref()
    }
}

fn gaps(flow: &Flow) -> [Option<Stat>; 3] {
    let timing = &flow.trackers.timing;
    let side = |side: usize| timing.side(side, flow.packets[side]);
    let all = timing.flow.moments(flow.packet_count().saturating_sub(1), flow.duration_ns());
    [all, side(flow.forward()), side(flow.backward())].map(|moments| moments.map(Stat::of))
}

fn ip_lengths(flow: &Flow) -> [Option<Stat>; 3] {
    lengths(flow, flow.trackers.sizes.sides.each_ref().map(|side| &side.ip), flow.ip_bytes)
}

fn payload_lengths(flow: &Flow) -> [Option<Stat>; 3] {
    let sides = flow.trackers.sizes.sides.each_ref().map(|side| &side.payload);
    lengths(flow, sides, flow.payload_bytes)
}

fn lengths(flow: &Flow, sides: [&Lengths; 2], sums: [u64; 2]) -> [Option<Stat>; 3] {
    let side = |side: usize| sides[side].moments(flow.packets[side], sums[side]);
    let all = sides[0].merged(sides[1]).moments(flow.packet_count(), sums[0] + sums[1]);
    [all, side(flow.forward()), side(flow.backward())].map(|moments| moments.map(Stat::of))
}
