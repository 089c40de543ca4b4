//! Rows of `iscx`, `iscx-a2` and `iscx-fixed` (FLOWS.md).

use super::features::{Of, Oriented};
use super::life::Closed;
use super::native::microseconds;
use super::table::Cell;
use super::values::{Summary, ratio, summary, summary_of_gaps};
use super::{Options, Profile, SECOND};

const COLUMNS: &str = "duration total_fiat total_biat min_fiat min_biat max_fiat max_biat mean_fiat mean_biat \
    flowPktsPerSecond flowBytesPerSecond min_flowiat max_flowiat mean_flowiat std_flowiat min_active mean_active \
    max_active std_active min_idle mean_idle max_idle std_idle";
const DIRECTIONS: [Of; 2] = [Of::Forward, Of::Backward];

pub fn columns(profile: Profile) -> Vec<String> {
    let class = if profile == Profile::IscxA2 { "class1" } else { "label" };
    COLUMNS.split_whitespace().chain([class]).map(String::from).collect()
}

/// A list of nanoseconds as whole microseconds in one cell each: −1 and 0 where there is nothing.
struct Integers(Option<Summary>);

impl Integers {
    fn of(nanoseconds: &[i128]) -> Self {
        Self(summary(nanoseconds))
    }

    fn minimum(&self) -> Cell {
        Cell::Integer(self.0.map_or(-1, |values| values.minimum / 1_000))
    }

    fn maximum(&self) -> Cell {
        Cell::Integer(self.0.map_or(-1, |values| values.maximum / 1_000))
    }

    fn sum(&self) -> Cell {
        Cell::Integer(self.0.map_or(0, |values| values.sum / 1_000))
    }

    fn mean(&self) -> Cell {
        Cell::Float(self.0.map_or(0.0, |values| values.mean / 1e3))
    }

    fn deviation(&self) -> Cell {
        Cell::Float(self.0.map_or(0.0, |values| values.deviation / 1e3))
    }
}

/// The names of the eight directional columns are shifted in `iscx`, as in the published files; not in `iscx-a2`.
pub fn row(closed: &Closed, options: &Options) -> Vec<Cell> {
    let flow = Oriented::new(&closed.flow, false);
    // From the first packet to the last as they stand, so less than 0 when time went back in between.
    let duration = flow.duration();
    let mut row = vec![Cell::Integer(duration / 1_000)];
    let gaps = DIRECTIONS.map(|of| Integers(summary_of_gaps(&flow.times(of))));
    let columns: [fn(&Integers) -> Cell; 4] = if options.profile == Profile::IscxA2 {
        [Integers::sum, Integers::minimum, Integers::maximum, Integers::mean]
    } else {
        [Integers::minimum, Integers::maximum, Integers::mean, Integers::deviation]
    };
    row.extend(columns.iter().flat_map(|column| gaps.iter().map(column)));
    for amount in amounts(&flow) {
        let rate = if duration == 0 { 0.0 } else { ratio(amount * SECOND, duration) };
        row.push(Cell::Float(rate));
    }
    let gaps = Integers(summary_of_gaps(&flow.times(Of::Flow)));
    row.extend([gaps.minimum(), gaps.maximum(), gaps.mean(), gaps.deviation()]);
    let active = Integers::of(&flow.active_periods_with_gaps(options.activity_gap));
    row.extend([active.minimum(), active.mean(), active.maximum(), active.deviation()]);
    let idle = Integers::of(&flow.idle_periods(options.activity_gap));
    row.extend([idle.minimum(), idle.mean(), idle.maximum(), idle.deviation()]);
    row.push(options.label.clone().map_or(Cell::Null, Cell::Text));
    row
}

/// Packets and IP bytes.
fn amounts(flow: &Oriented) -> [i128; 2] {
    [flow.packets(Of::Flow).len() as i128, flow.ip_bytes(Of::Flow).iter().sum()]
}

/// The same names, each holding what it says, with decimals, and nothing where there is nothing.
pub fn fixed_row(closed: &Closed, options: &Options) -> Vec<Cell> {
    let flow = Oriented::new(&closed.flow, true);
    let duration = flow.duration();
    let mut row = vec![microseconds(duration)];
    let gaps = DIRECTIONS.map(|of| summary_of_gaps(&flow.times(of)));
    row.extend(gaps.map(|gaps| gaps.map_or(Cell::Null, |gaps| microseconds(gaps.sum))));
    row.extend(gaps.map(|gaps| gaps.map_or(Cell::Null, |gaps| microseconds(gaps.minimum))));
    row.extend(gaps.map(|gaps| gaps.map_or(Cell::Null, |gaps| microseconds(gaps.maximum))));
    row.extend(gaps.map(|gaps| Cell::float(gaps.map(|gaps| gaps.mean / 1e3))));
    for amount in amounts(&flow) {
        let rate = || ratio(amount * SECOND, duration);
        row.push(Cell::float((duration != 0).then(rate)));
    }
    let gaps = summary_of_gaps(&flow.times(Of::Flow));
    row.extend([
        gaps.map_or(Cell::Null, |gaps| microseconds(gaps.minimum)),
        gaps.map_or(Cell::Null, |gaps| microseconds(gaps.maximum)),
        Cell::float(gaps.map(|gaps| gaps.mean / 1e3)),
        Cell::float(gaps.map(|gaps| gaps.deviation / 1e3)),
    ]);
    for periods in
        [flow.active_periods(options.activity_gap), flow.idle_periods(options.activity_gap)]
    {
        let periods = summary(&periods);
        row.extend([
            periods.map_or(Cell::Null, |periods| microseconds(periods.minimum)),
            Cell::float(periods.map(|periods| periods.mean / 1e3)),
            periods.map_or(Cell::Null, |periods| microseconds(periods.maximum)),
            Cell::float(periods.map(|periods| periods.deviation / 1e3)),
        ]);
    }
    row.push(options.label.clone().map_or(Cell::Null, Cell::Text));
    row
}
