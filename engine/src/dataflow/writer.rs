//! The writer's thread: turns ordered flows into rows, off the workers' threads.

use super::checkpoint::Part;
use super::run::Shared;
use super::sink::{Answer, OrderedFlows};
use crate::features::Needs;
use crate::flows::Flow;
use crate::output::RowWriter;
use crate::prefetch::prefetch;
use crate::profiles::Row;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

/// Flows between asking for a flow's memory, which another processor wrote, and reading it.
const FETCH_AHEAD: usize = 4;

/// What the writer's thread did.
#[derive(Default)]
pub struct Written {
    pub rows: u64,
    pub busy_ns: u64,
}

/// Writes until the sink is gone, then finishes. When the run was stopped, it finishes nothing.
pub fn write_all(
    flows: &Receiver<OrderedFlows>,
    writer: &mut dyn RowWriter,
    needs: Needs,
    classes: &[Option<String>],
    shared: &Arc<Shared>,
) -> io::Result<Written> {
    let mut written = Written { rows: shared.rows_before, busy_ns: 0 };
    // Those beside others are not told of.
    let is_row = |flow: &Flow| !flow.is_beside() || !shared.rows.has_flows();
    let class_of = |flow: &Flow| classes.get(flow.file as usize).and_then(|class| class.as_deref());
    for OrderedFlows { batches, order, answers, clock, saves } in flows {
        let began = Instant::now();
        let flow_at = |(batch, row): (u32, u32)| &batches[batch as usize][row as usize];
        for (place, &at) in order.iter().enumerate() {
            if let Some(&ahead) = order.get(place + FETCH_AHEAD) {
                prefetch(flow_at(ahead), size_of::<Flow>());
            }
            let flow = flow_at(at);
            writer.write(&Row::new(flow, class_of(flow), &shared.plugins, needs))?;
            written.rows += u64::from(is_row(flow));
        }
        batches.into_iter().for_each(|batch| shared.flows.give(batch));
        if let Some(clock) = clock {
            writer.pass(clock)?;
        }
        if shared.feed.is_some() {
            writer.flush()?;
        }
        if let Some(step) = saves {
            let (shared, rows) = (Arc::clone(shared), written.rows);
            writer.save(Box::new(move |place: &[u8]| {
                let bytes = [&rows.to_le_bytes(), place].concat();
                shared.gathering.put(step, Part::Rows, bytes);
            }))?;
        }
        for Answer { question, open, left_out } in answers {
            let row = |flow| Row::without_statistics(flow, class_of(flow), &shared.plugins);
            writer.answer(&question, &mut open.iter().map(row), left_out)?;
        }
        written.busy_ns += began.elapsed().as_nanos() as u64;
    }
    if !shared.is_stopped() {
        writer.finish()?;
    }
    Ok(written)
}
